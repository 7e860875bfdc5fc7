// A store made anew from a log, to exact offsets, is the store that a shard made.
#include "processor/log_replay.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>

#include "absl/strings/str_cat.h"
#include "processor/shard_store.h"
#include "processor/store_check.h"
#include "processor/store_copy.h"
#include "tests/fakes/memory_log.h"
#include "tests/fakes/shard_life.h"

namespace tally {
namespace {

using domain::Topic;
using ::testing::HasSubstr;

constexpr int64_t kTime = 1'767'225'600'000;

class LogReplayTest : public ::testing::Test {
 protected:
  void SetUp() override {
    path_ = ::testing::TempDir() + "tally_log_replay_test_" + std::to_string(::getpid());
    std::filesystem::remove_all(path_);
    std::filesystem::create_directories(path_);
  }
  void TearDown() override { std::filesystem::remove_all(path_); }

  void Register(int from, int to) {
    for (int k = from; k < to; ++k) {
      log_.Append(0, Topic::kParticipantRegistered, "evt-1",
                  absl::StrCat(R"({"eventId":"evt-1","participantId":"p)", k, "\"}"), kTime);
    }
  }
  int64_t Poison() {
    return log_.Append(0, Topic::kParticipantRegistered, "evt-1", "not json", kTime);
  }
  ReplayOptions Options(const Offsets& until) {
    ReplayOptions options{.hash_key = domain::HashKey::Derived("cluster", "sample."),
                          .path = path_ + "/replayed",
                          .make_source = {},
                          .progress = {}};
    options.lineage.topic_prefix = "sample.";
    options.lineage.partition_count = 1;
    options.lineage.partitioner = "murmur2_random";
    options.until = until;
    options.make_source = [this](size_t) { return log_.NewWorkerSource(); };
    return options;
  }
  // Of a replay, after a check of all its rows.
  CheckpointRow Replayed() {
    auto store = OpenShardStoreReadOnly(path_ + "/replayed", nullptr);
    EXPECT_TRUE(store.ok()) << store.status();
    const auto snapshot = (*store)->NewSnapshot();
    EXPECT_TRUE(ScanStore(*snapshot).ok()) << ScanStore(*snapshot).status();
    return ReadCheckpoint(*snapshot).value();
  }

  MemoryLog log_;
  std::string path_;
};

TEST_F(LogReplayTest, GivesTheStateAtTheOffsetsWhateverComesAfter) {
  Register(0, 500);
  log_.Skip(0, Topic::kParticipantRegistered, 3);
  ShardLife life(log_);
  life.Settle();
  const CheckpointRow stored = life.Stored();
  ASSERT_EQ(stored.next_offsets[1], 503);
  Register(500, 900);
  ASSERT_TRUE(ReplayShard(Options(stored.next_offsets)).ok());
  const CheckpointRow replayed = Replayed();
  EXPECT_EQ(replayed.next_offsets, stored.next_offsets);
  EXPECT_EQ(replayed.digest, stored.digest);
  EXPECT_EQ(replayed.participants, 500u);
}

TEST_F(LogReplayTest, EndsWithinAGapOrABatch) {
  Register(0, 10);
  log_.Skip(0, Topic::kParticipantRegistered, 10);
  Register(10, 20);
  for (const int64_t until : {0, 1, 9, 10, 11, 19, 20, 21, 30}) {
    std::filesystem::remove_all(path_ + "/replayed");
    ASSERT_TRUE(ReplayShard(Options({0, until, 0})).ok()) << until;
    const CheckpointRow replayed = Replayed();
    EXPECT_EQ(replayed.next_offsets, (Offsets{0, until, 0}));
    EXPECT_EQ(replayed.participants,
              std::min<int64_t>(until, 10) + std::max<int64_t>(until - 20, 0));
  }
}

TEST_F(LogReplayTest, BadRecordsHaveTheirLettersOrEndIt) {
  Register(0, 10);
  const int64_t bad = Poison();
  Register(10, 20);
  ASSERT_TRUE(ReplayShard(Options({0, 21, 0})).ok());
  EXPECT_EQ(Replayed().participants, 20u);

  std::filesystem::remove_all(path_ + "/replayed");
  ReplayOptions options = Options({0, 21, 0});
  options.letters_written_below = {0, bad, 0};
  std::optional<LetterMissing> missing;
  EXPECT_FALSE(ReplayShard(options, &missing).ok());
  ASSERT_TRUE(missing.has_value());
  EXPECT_EQ(missing->offset, bad);
  EXPECT_EQ(missing->topic, Topic::kParticipantRegistered);
}

TEST_F(LogReplayTest, GivesUpALogThatDoesNotComeOn) {
  Register(0, 10);
  ReplayOptions options = Options({0, 11, 0});
  options.stall_max = absl::Milliseconds(1);
  EXPECT_TRUE(absl::IsDeadlineExceeded(ReplayShard(options)));
}

TEST_F(LogReplayTest, CanBeCancelledAndFails) {
  Register(0, 10);
  ReplayOptions cancelled = Options({0, 11, 0});
  cancelled.progress = [](int64_t) { return false; };
  EXPECT_TRUE(absl::IsCancelled(ReplayShard(cancelled)));

  std::filesystem::remove_all(path_ + "/replayed");
  log_.FailNextPoll(absl::OutOfRangeError("the log begins later"));
  EXPECT_THAT(std::string(ReplayShard(Options({0, 10, 0})).message()),
              HasSubstr("the log begins later"));

  ReplayOptions unknown = Options({0, 10, 0});
  unknown.lineage.partitioner = "round_robin";
  EXPECT_TRUE(absl::IsInvalidArgument(ReplayShard(unknown)));
}

TEST_F(LogReplayTest, WhetherALogReachesFarEnoughIsSaid) {
  store::Lineage lineage;
  lineage.topic_prefix = "sample.";
  lineage.log_base = {0, 5, 0};
  struct Case {
    Offsets until;
    std::vector<LogRange> ranges;
    const char* said;  // nullptr: it does
  };
  for (const Case& at : std::vector<Case>{
           {{9, 9, 9}, {{0, 9}, {5, 9}, {0, 9}}, nullptr},
           {{9, 9, 9}, {{0, 20}, {0, 20}, {0, 20}}, nullptr},
           {{9, 9, 9}, {{1, 9}, {5, 9}, {0, 9}}, "event.created/0: the store's state begins at"},
           {{9, 9, 9}, {{0, 9}, {7, 9}, {0, 9}}, "begins at 7: 2 offsets have been deleted"},
           {{9, 9, 9}, {{0, 9}, {5, 9}, {0, 8}}, "the log ends at 8"},
           // What was never read is not missed.
           {{0, 5, 0}, {{4, 4}, {9, 9}, {4, 4}}, nullptr}}) {
    const absl::Status status = CheckReplayable(lineage, at.until, at.ranges);
    EXPECT_EQ(status.ok(), at.said == nullptr) << status;
    EXPECT_THAT(std::string(status.message()), HasSubstr(at.said == nullptr ? "" : at.said));
  }
}

TEST_F(LogReplayTest, ACopyIsTheSameStore) {
  Register(0, 5'000);
  ASSERT_TRUE(ReplayShard(Options({0, 5'000, 0})).ok());
  auto store = OpenShardStoreReadOnly(path_ + "/replayed", nullptr);
  ASSERT_TRUE(store.ok());
  const auto snapshot = (*store)->NewSnapshot();
  uint64_t seen = 0;
  const auto copied = CopyStore(*snapshot, path_ + "/copy", [&](uint64_t rows) {
    seen = rows;
    return true;
  });
  ASSERT_TRUE(copied.ok()) << copied.status();
  EXPECT_GT(seen, 0u);
  EXPECT_EQ(copied->checkpoint.digest, ReadCheckpoint(*snapshot)->digest);
  EXPECT_EQ(store::EncodeLineage(copied->lineage), store::EncodeLineage(*ReadLineage(*snapshot)));
  EXPECT_TRUE(absl::IsCancelled(
      CopyStore(*snapshot, path_ + "/other", [](uint64_t) { return false; }).status()));
}

}  // namespace
}  // namespace tally
