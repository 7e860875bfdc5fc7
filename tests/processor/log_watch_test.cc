#include "processor/log_watch.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <prometheus/registry.h>

#include "absl/strings/str_cat.h"
#include "processor/latch.h"
#include "tests/fakes/memory_log.h"
#include "tests/fakes/memory_log_admin.h"

namespace tally {
namespace {

using ::testing::HasSubstr;

constexpr auto kRegistered = domain::Topic::kParticipantRegistered;

class LogWatchTest : public ::testing::Test {
 protected:
  LogWatchTest() {
    for (int i = 0; i < 10; ++i) log_.Append(0, kRegistered, "k", absl::StrCat("v", i), 1);
    MakeWatch();
  }

  void MakeWatch() {
    LogWatchOptions options;
    options.topic_prefix = "sample.";
    options.partition_count = 1;
    watch_ = std::make_shared<LogWatch>(
        options, admin_,
        LogWatchEvents{.look_at_all = [this] { ++looks_; },
                       .partitions_added = [this](const absl::Status& why) { added_ = why; }},
        [this] { return now_; }, metrics_);
  }
  void Ask(int32_t partition = 0, uint64_t hash = 7) {
    LogQuestion question{.partition = partition, .next = {0, 10, 0}, .remembered = {}};
    if (hash != 0) question.remembered.last[1] = {9, hash};
    watch_->Ask(question, [this](LogAnswer answer) { answers_.push_back(std::move(answer)); });
  }

  // And waits as long as it says.
  absl::Duration Step() {
    const absl::Duration wait = watch_->Step();
    now_ += wait;
    return wait;
  }

  // Seconds since the epoch; 0: never.
  double Checked() {
    for (const auto& family : registry_.Collect()) {
      if (family.name != "tally_log_check_last_success_timestamp_seconds") continue;
      return family.metric.at(0).gauge.value;
    }
    ADD_FAILURE() << "there is no such metric";
    return -1;
  }

  MemoryLog log_;
  std::shared_ptr<MemoryLogAdmin> admin_ = std::make_shared<MemoryLogAdmin>(log_, "sample.");
  prometheus::Registry registry_;
  Metrics metrics_{registry_, "sample."};
  absl::Time now_ = absl::FromUnixSeconds(1'767'225'600);
  int looks_ = 0;
  absl::Status added_;
  std::vector<LogAnswer> answers_;
  std::shared_ptr<LogWatch> watch_;
};

TEST_F(LogWatchTest, AnswersWhatIsAskedAndThenWaitsForTheInterval) {
  EXPECT_EQ(watch_->Step(), absl::Minutes(5));
  Ask();
  Ask(0, 0);
  EXPECT_EQ(watch_->Step(), absl::Minutes(5));
  ASSERT_EQ(answers_.size(), 2u);
  EXPECT_TRUE(absl::IsDataLoss(answers_[0].status)) << answers_[0].status;
  EXPECT_TRUE(answers_[1].status.ok());
  EXPECT_EQ(admin_->reads, 2);  // of all questions together: the last records, then the older ones
}

TEST_F(LogWatchTest, TriesAgainEverMoreSlowlyAndSaysInTheEndWhyThereIsNoAnswer) {
  admin_->failure = absl::UnavailableError("no broker");
  Ask();
  EXPECT_EQ(Step(), absl::Milliseconds(250));
  EXPECT_EQ(Step(), absl::Milliseconds(500));
  for (int i = 2; i < 9; ++i) EXPECT_LE(Step(), absl::Seconds(5));
  EXPECT_TRUE(answers_.empty());
  Step();
  ASSERT_EQ(answers_.size(), 1u);
  EXPECT_TRUE(absl::IsUnavailable(answers_[0].status));
}

// What one try has no time for, a later one has.
TEST_F(LogWatchTest, ASlowNetworkGetsMoreTimeWithEachTry) {
  admin_->needed = absl::Seconds(12);
  Ask();
  for (int i = 0; i < 4; ++i) Step();
  ASSERT_EQ(answers_.size(), 1u);
  EXPECT_TRUE(absl::IsDataLoss(answers_[0].status)) << answers_[0].status;
}

// A batch that is broken on its way is no other log.
TEST_F(LogWatchTest, WhatCannotBeReadIsNoJudgement) {
  for (const absl::Status& failure :
       {absl::DataLossError("bad checksum"), absl::OutOfRangeError("no such offset")}) {
    SCOPED_TRACE(failure.ToString());
    admin_->failure = failure;
    answers_.clear();
    Ask(0, 0);
    for (int i = 0; i < 4; ++i) Step();
    EXPECT_TRUE(answers_.empty());
    admin_->failure = absl::OkStatus();
    Step();
    ASSERT_EQ(answers_.size(), 1u);
    EXPECT_TRUE(answers_[0].status.ok()) << answers_[0].status;
  }
}

TEST_F(LogWatchTest, ALogThatLooksTooShortIsLookedAtAgain) {
  log_.Truncate(0, kRegistered, 5);
  Ask();
  Step();
  Step();
  EXPECT_TRUE(answers_.empty());
  for (int i = 5; i < 10; ++i) log_.Append(0, kRegistered, "k", absl::StrCat("v", i), 1);
  Step();
  ASSERT_EQ(answers_.size(), 1u);
  EXPECT_TRUE(absl::IsDataLoss(answers_[0].status));
  log_.Truncate(0, kRegistered, 5);
  Ask();
  for (int i = 0; i < 3; ++i) Step();
  ASSERT_EQ(answers_.size(), 2u);
  EXPECT_TRUE(absl::IsOutOfRange(answers_[1].status));
}

TEST_F(LogWatchTest, APartitionThatIsNotThereKeepsNobodyElseWaiting) {
  Ask(0);
  Ask(3);
  watch_->Step();
  ASSERT_EQ(answers_.size(), 1u);
  EXPECT_TRUE(absl::IsDataLoss(answers_[0].status));
}

// Nor those who ask later, while it is tried again and again.
TEST_F(LogWatchTest, WhatIsTriedAgainIsLookedAtApart) {
  Ask(3);
  const absl::Duration wait = watch_->Step();
  EXPECT_EQ(wait, absl::Milliseconds(250));
  for (int i = 0; i < 5; ++i) {
    now_ += absl::Milliseconds(10);
    const int reads = admin_->reads;
    answers_.clear();
    Ask(0);
    EXPECT_EQ(watch_->Step(), wait - (i + 1) * absl::Milliseconds(10));
    EXPECT_EQ(answers_.size(), 1u);
    EXPECT_EQ(admin_->reads - reads, 2) << "of who asks alone";
  }
  now_ += absl::Milliseconds(200);
  EXPECT_GE(watch_->Step(), wait);
}

TEST_F(LogWatchTest, EveryIntervalShardsAreToAskAndTopicsAreCounted) {
  now_ += absl::Minutes(5);
  watch_->Step();
  EXPECT_EQ(looks_, 1);
  EXPECT_TRUE(added_.ok());
  admin_->partitions = 3;
  watch_->Step();
  EXPECT_TRUE(added_.ok());
  now_ += absl::Minutes(5);
  watch_->Step();
  EXPECT_EQ(looks_, 2);
  EXPECT_THAT(std::string(added_.message()), HasSubstr("sample.event.created has 3"));
  EXPECT_THAT(std::string(added_.message()), HasSubstr("--topic-prefix"));
  added_ = absl::OkStatus();
  now_ += absl::Minutes(5);
  watch_->Step();
  EXPECT_TRUE(added_.ok()) << "said twice";
}

TEST_F(LogWatchTest, TopicsThatCannotBeLookedAtAreTriedAgainSoon) {
  admin_->failure = absl::UnavailableError("no broker");
  now_ += absl::Minutes(5);
  EXPECT_EQ(watch_->Step(), absl::Seconds(10));
}

// An alarm is raised when that is long ago.
TEST_F(LogWatchTest, OnlyWhatWasComparedCountsAsLookedAt) {
  admin_->failure = absl::PermissionDeniedError("no Read on the topic");
  for (int round = 1; round <= 3; ++round) {
    Ask();
    while (answers_.size() < static_cast<size_t>(round)) Step();
    EXPECT_EQ(Checked(), 0) << "though nothing could be read";
  }
  admin_->failure = absl::OkStatus();
  Ask(1);
  Step();
  EXPECT_EQ(Checked(), 0) << "of partition 0 nothing is known still";
  Ask();
  watch_->Mute();
  Step();
  EXPECT_EQ(Checked(), 0) << "nobody was told";
  MakeWatch();
  Ask();
  Step();
  EXPECT_GT(Checked(), 0);
}

TEST_F(LogWatchTest, NobodyHearsAnythingOfAWatchThatIsMuted) {
  Ask();
  now_ += absl::Minutes(5);
  watch_->Mute();
  watch_->Step();
  EXPECT_TRUE(answers_.empty());
  EXPECT_EQ(looks_, 0);
}

TEST_F(LogWatchTest, AThreadAnswersAndEnds) {
  Latch answered;
  LogWatchThread thread(watch_);
  thread.Ask({.partition = 0, .next = {0, 10, 0}, .remembered = {}},
             [&](LogAnswer) { answered.Set(); });
  EXPECT_TRUE(answered.WaitFor(absl::Minutes(1)));
}

}  // namespace
}  // namespace tally
