#include "store/lineage.h"

#include <functional>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_replace.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace tally::store {
namespace {

using ::testing::HasSubstr;

Lineage Sample() {
  Lineage lineage;
  lineage.cluster_id = "MkU3OEVBNTcwNTJENDM2Qk";
  lineage.topic_prefix = "sample.";
  lineage.partition = 3;
  lineage.partition_count = 12;
  lineage.partitioner = "murmur2_random";
  lineage.log_base = {0, 42, 9'000'000'000};
  lineage.hash_key_fingerprint = "00ff17";
  lineage.input_utc_offset_minutes = 540;
  return lineage;
}

TEST(LineageTest, DecodesWhatItEncoded) {
  Lineage odd = Sample();
  odd.topic_prefix =
      "a b\n\\x한\x01"
      "f";
  odd.cluster_id = "";
  odd.input_utc_offset_minutes = -210;
  for (const Lineage& lineage : {Sample(), odd}) {
    const absl::StatusOr<Lineage> decoded = DecodeLineage(EncodeLineage(lineage));
    ASSERT_TRUE(decoded.ok()) << decoded.status();
    EXPECT_EQ(EncodeLineage(*decoded), EncodeLineage(lineage));
    EXPECT_EQ(decoded->topic_prefix, lineage.topic_prefix);
    EXPECT_EQ(decoded->log_base, lineage.log_base);
    EXPECT_EQ(decoded->input_utc_offset_minutes, lineage.input_utc_offset_minutes);
    EXPECT_TRUE(CheckLineage(*decoded, lineage).ok());
  }
}

// Stores that exist must stay readable: this text may only be added to.
TEST(LineageTest, TheFormatStaysAsItIs) {
  EXPECT_EQ(EncodeLineage(Sample()),
            "tally-lineage 1\n"
            "state-format 1\n"
            "fold 1\n"
            "cluster MkU3OEVBNTcwNTJENDM2Qk\n"
            "topic-prefix sample.\n"
            "partition 3\n"
            "partition-count 12\n"
            "partitioner murmur2_random\n"
            "log-base-event-created 0\n"
            "log-base-participant-registered 42\n"
            "log-base-distribution-completed 9000000000\n"
            "hash-key-fingerprint 00ff17\n"
            "input-utc-offset-minutes 540\n"
            "checksum " +
                EncodeLineage(Sample()).substr(EncodeLineage(Sample()).size() - 17));
}

TEST(LineageTest, RefusesEveryDamagedByte) {
  const std::string good = EncodeLineage(Sample());
  for (size_t i = 0; i < good.size(); ++i) {
    std::string bad = good;
    bad[i] = static_cast<char>(bad[i] ^ 1);
    EXPECT_TRUE(absl::IsDataLoss(DecodeLineage(bad).status())) << "byte " << i;
    EXPECT_TRUE(absl::IsDataLoss(DecodeLineage(good.substr(0, i)).status())) << "cut at " << i;
  }
  EXPECT_TRUE(absl::IsDataLoss(DecodeLineage(good + "x").status()));
}

TEST(LineageTest, NamesNewerVersions) {
  Lineage newer = Sample();
  newer.state_format_version = kStateFormatVersion + 1;
  const absl::StatusOr<Lineage> decoded = DecodeLineage(EncodeLineage(newer));
  ASSERT_TRUE(decoded.ok());
  EXPECT_EQ(decoded->state_format_version, kStateFormatVersion + 1);
}

TEST(LineageTest, ChecksWithWordsThatHelp) {
  struct Case {
    std::function<void(Lineage&)> change;  // of the process, against Sample()
    std::vector<std::string> words;
  };
  const std::vector<Case> cases = {
      {[](Lineage& l) { l.cluster_id = "other"; },
       {"'MkU3OEVBNTcwNTJENDM2Qk'", "'other'", "--brokers", "--data-dir"}},
      {[](Lineage& l) { l.topic_prefix = "prod."; },
       {"'sample.'", "'prod.'", "--topic-prefix sample.", "another --data-dir"}},
      {[](Lineage& l) { l.partition = 5; }, {"partition 3", "partition 5", "shard-00003"}},
      {[](Lineage& l) { l.partition_count = 24; },
       {"12", "24", "never changes under a store", "--data-dir"}},
      {[](Lineage& l) { l.partitioner = "consistent_random"; },
       {"'murmur2_random'", "'consistent_random'", "--partitioner murmur2_random"}},
      {[](Lineage& l) { l.hash_key_fingerprint = "abcd"; },
       {"'00ff17'", "'abcd'", "--hash-key-file"}},
      {[](Lineage& l) { l.input_utc_offset_minutes = -90; },
       {"+09:00", "-01:30", "--input-utc-offset +09:00"}},
      {[](Lineage& l) { l.state_format_version = kStateFormatVersion + 1; },
       {"state format version 1", "older", "tally rebuild"}},
      {[](Lineage& l) { l.state_format_version = 0; },
       {"state format version 1", "newer version of Tally"}},
      {[](Lineage& l) { l.fold_version = kFoldVersion + 1; }, {"fold version 1", "older"}},
      {[](Lineage& l) { l.fold_version = 0; }, {"fold version 1", "newer version of Tally"}},
      {[](Lineage& l) {
         l.topic_prefix = "";
         l.partitioner = "fnv1a_random";
       },
       {"--topic-prefix sample.", "; ", "--partitioner murmur2_random"}},
  };
  for (const Case& c : cases) {
    Lineage wanted = Sample();
    c.change(wanted);
    const absl::Status status = CheckLineage(Sample(), wanted);
    EXPECT_TRUE(absl::IsFailedPrecondition(status)) << status;
    for (const std::string& word : c.words) {
      EXPECT_THAT(std::string(status.message()), HasSubstr(word));
    }
  }
}

TEST(LineageTest, AKeyThatDiffersWithTheLogIsNoDifferenceOfItsOwn) {
  for (const auto& change : {+[](Lineage& l) { l.cluster_id = "other"; },
                             +[](Lineage& l) { l.topic_prefix = "prod."; }}) {
    Lineage wanted = Sample();
    wanted.hash_key_fingerprint = "abcd";
    change(wanted);
    EXPECT_THAT(std::string(CheckLineage(Sample(), wanted).message()),
                testing::Not(HasSubstr("--hash-key-file")));
  }
}

TEST(LineageTest, AnotherVersionsSettingsAreNotJudged) {
  Lineage newer = Sample();
  newer.fold_version = kFoldVersion + 1;
  newer.cluster_id = "";
  EXPECT_FALSE(absl::StrContains(CheckLineage(newer, Sample()).message(), "cluster"));
}

TEST(LineageTest, TheLogBaseIsTheStoresOwn) {
  Lineage wanted = Sample();
  wanted.log_base = {0, 0, 0};
  EXPECT_TRUE(CheckLineage(Sample(), wanted).ok());
}

}  // namespace
}  // namespace tally::store
