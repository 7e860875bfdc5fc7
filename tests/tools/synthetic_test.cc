#include "tools/tally/synthetic.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <set>

#include "processor/domain/decode.h"
#include "tools/tally/jsonl.h"

namespace tally::cli {
namespace {

constexpr domain::Millis kStart = 1'767'193'200'000;  // 2026-01-01 in Seoul

SyntheticOptions Options() {
  SyntheticOptions options;
  options.start = kStart;
  options.topic_prefix = "t.";
  options.events = 20;
  options.participants = 2000;
  return options;
}

std::vector<OutgoingRecord> All(const SyntheticOptions& options) {
  SyntheticLoad load(options);
  std::vector<OutgoingRecord> records;
  OutgoingRecord record;
  while (load.Next(&record)) records.push_back(record);
  EXPECT_EQ(static_cast<int64_t>(records.size()), load.total_records());
  return records;
}

// A record as the decoder sees it; every one of them must be good input.
class Decoded {
 public:
  explicit Decoded(const OutgoingRecord& outgoing)
      : header_{outgoing.headers[0].first, *outgoing.headers[0].second} {
    record_.timestamp_ms = outgoing.timestamp_ms;
    record_.key = *outgoing.key;
    record_.value = *outgoing.value;
    record_.headers = {&header_, 1};
    Decode(outgoing.topic);
  }

  domain::EventCreated created;
  domain::ParticipantRegistered registered;
  domain::DistributionCompleted completed;
  std::optional<domain::Rejection> rejection;

 private:
  void Decode(const std::string& topic) {
    if (topic == "t.event.created") {
      record_.topic = domain::Topic::kEventCreated;
      rejection = decoder_.Decode(record_, created);
    } else if (topic == "t.participant.registered") {
      record_.topic = domain::Topic::kParticipantRegistered;
      rejection = decoder_.Decode(record_, registered);
    } else {
      record_.topic = domain::Topic::kDistributionCompleted;
      rejection = decoder_.Decode(record_, completed);
    }
  }

  domain::Header header_;
  domain::Record record_;
  domain::Decoder decoder_{domain::DecodeOptions{}};
};

TEST(SyntheticLoad, IsAFunctionOfItsOptions) {
  SyntheticOptions options = Options();
  options.duplicates = 0.3;
  options.resent = 0.5;
  options.skew = 1.1;
  const auto records = All(options);
  EXPECT_EQ(records, All(options));
  options.seed = 2;
  EXPECT_NE(records, All(options));
}

TEST(SyntheticLoad, IsGoodInputInBothFormats) {
  for (const Format format : {Format::kJson, Format::kProtobuf}) {
    SyntheticOptions options = Options();
    options.format = format;
    options.duplicates = 0.2;
    options.resent = 3;
    options.channels = 7;
    options.distributions = 2;
    for (const OutgoingRecord& record : All(options)) {
      const Decoded decoded(record);
      ASSERT_FALSE(decoded.rejection) << record.topic << ": " << decoded.rejection->detail;
    }
  }
}

TEST(SyntheticLoad, SaysTheSameInBothFormats) {
  SyntheticOptions options = Options();
  options.resent = 1;
  const auto json = All(options);
  options.format = Format::kProtobuf;
  const auto protobuf = All(options);
  ASSERT_EQ(json.size(), protobuf.size());
  for (size_t i = 0; i < json.size(); ++i) {
    const Decoded a(json[i]);
    const Decoded b(protobuf[i]);
    EXPECT_EQ(a.created, b.created);
    EXPECT_EQ(a.registered, b.registered);
    EXPECT_EQ(a.completed, b.completed);
  }
}

TEST(SyntheticLoad, HasTheNumbersAskedFor) {
  SyntheticOptions options = Options();
  options.duplicates = 0.25;
  options.resent = 0.5;
  options.distributions = 3;
  std::map<std::string, int> by_topic;
  std::set<std::string> participants;
  std::set<std::string> contents;
  domain::Millis latest = 0;
  for (const OutgoingRecord& record : All(options)) {
    ++by_topic[record.topic];
    const Decoded decoded(record);
    if (record.topic == "t.participant.registered") {
      participants.insert(std::string(decoded.registered.participant_id));
      contents.insert(*record.value);
    }
    EXPECT_GE(record.timestamp_ms, latest);
    latest = record.timestamp_ms;
  }
  EXPECT_EQ(participants.size(), 2000u);
  EXPECT_EQ(by_topic["t.participant.registered"], 2500);
  EXPECT_EQ(by_topic["t.event.created"] + by_topic["t.distribution.completed"], 20 + 60 + 40);
  // Half of the 500 duplicates are changed; some of these happen to say the same.
  EXPECT_GT(contents.size(), 2000u + 150);
  EXPECT_LE(contents.size(), 2000u + 250);
  EXPECT_LT(latest, kStart + options.span);
}

TEST(SyntheticLoad, ResendsUnchangedAndChanged) {
  SyntheticOptions options = Options();
  options.participants = 0;
  options.resent = 10;
  std::map<std::string, std::string> standing;  // by topic, key and distribution
  int unchanged = 0;
  int changed = 0;
  int moved = 0;
  std::map<std::string, std::string> owner;
  for (const OutgoingRecord& record : All(options)) {
    const Decoded decoded(record);
    const auto [it, first] = standing.try_emplace(record.topic + *record.key, *record.value);
    if (!first) ++(it->second == *record.value ? unchanged : changed);
    it->second = *record.value;
    if (record.topic != "t.event.created") continue;
    const std::string user(decoded.created.user_id);
    const auto known = owner.try_emplace(*record.key, user).first;
    if (known->second != user) ++moved;
    known->second = user;
  }
  EXPECT_EQ(unchanged, 200);
  EXPECT_EQ(changed, 200);
  EXPECT_GT(moved, 0);
}

TEST(SyntheticLoad, SkewFollowsZipf) {
  SyntheticOptions options = Options();
  options.events = 100;
  options.participants = 100'000;
  options.skew = 1;
  std::map<std::string, int> by_event;
  for (const OutgoingRecord& record : All(options)) {
    if (record.topic == "t.participant.registered") ++by_event[*record.key];
  }
  // Harmonic number of 100 is 5.187: the first event has 19.28 % and the second half of that.
  EXPECT_NEAR(by_event["g1-evt-1"], 19'278, 600);
  EXPECT_NEAR(by_event["g1-evt-2"], 9'639, 450);
  EXPECT_NEAR(by_event["g1-evt-100"], 193, 60);
}

TEST(SyntheticLoad, WithoutSkewIsEven) {
  SyntheticOptions options = Options();
  options.events = 10;
  options.participants = 100'000;
  std::map<std::string, int> by_event;
  for (const OutgoingRecord& record : All(options)) {
    if (record.topic == "t.participant.registered") ++by_event[*record.key];
  }
  for (const auto& [event, participants] : by_event)
    EXPECT_NEAR(participants, 10'000, 500) << event;
}

TEST(SyntheticLoad, HotShareGoesToTheFirstEvent) {
  SyntheticOptions options = Options();
  options.events = 10;
  options.participants = 100'000;
  options.hot_share = 0.9;
  std::map<std::string, int> by_event;
  for (const OutgoingRecord& record : All(options)) {
    if (record.topic == "t.participant.registered") ++by_event[*record.key];
  }
  // Of the tenth that is left, the first event has its even part.
  EXPECT_NEAR(by_event["g1-evt-1"], 91'000, 500);
  EXPECT_NEAR(by_event["g1-evt-10"], 1'000, 150);
}

TEST(SyntheticLoad, HandlesSmallestLoads) {
  SyntheticOptions options = Options();
  options.events = 1;
  options.participants = 0;
  options.distributions = 0;
  EXPECT_EQ(All(options).size(), 1u);
  options.participants = 1;
  options.distributions = 1;
  options.duplicates = 1;
  EXPECT_EQ(All(options).size(), 4u);
}

TEST(CheckSyntheticOptions, NamesWhatIsOutOfRange) {
  struct Case {
    const char* flag;
    void (*spoil)(SyntheticOptions&);
  };
  const Case kCases[] = {
      {"--events", [](SyntheticOptions& o) { o.events = 0; }},
      {"--events", [](SyntheticOptions& o) { o.events = 10'000'001; }},
      {"--users", [](SyntheticOptions& o) { o.users = -1; }},
      {"--users", [](SyntheticOptions& o) { o.users = o.events + 1; }},
      {"--participants", [](SyntheticOptions& o) { o.participants = -1; }},
      {"--channels", [](SyntheticOptions& o) { o.channels = 0; }},
      {"--channels", [](SyntheticOptions& o) { o.channels = 2001; }},
      {"--distributions", [](SyntheticOptions& o) { o.distributions = -1; }},
      {"--duplicates", [](SyntheticOptions& o) { o.duplicates = -0.1; }},
      {"--duplicates", [](SyntheticOptions& o) { o.duplicates = 0.0 / 0.0; }},
      {"--resent", [](SyntheticOptions& o) { o.resent = 11; }},
      {"--skew", [](SyntheticOptions& o) { o.skew = 5.1; }},
      {"--hot-share", [](SyntheticOptions& o) { o.hot_share = 1.1; }},
      {"--days", [](SyntheticOptions& o) { o.span = 0; }},
      {"--distributions",
       [](SyntheticOptions& o) {
         o.events = 10'000'000;
         o.distributions = 100;
       }},
  };
  EXPECT_TRUE(Check(Options()).ok());
  for (const Case& row : kCases) {
    SyntheticOptions options = Options();
    row.spoil(options);
    const auto status = Check(options);
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << row.flag;
    EXPECT_THAT(std::string(status.message()), ::testing::HasSubstr(row.flag));
  }
}

}  // namespace
}  // namespace tally::cli
