#include "processor/log_check.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace tally {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::vector<TopicInfo> Topics(int32_t a, int32_t b, int32_t c) {
  const auto names = InputTopics("sample.");
  return {{.name = names[0], .partitions = a},
          {.name = names[1], .partitions = b},
          {.name = names[2], .partitions = c}};
}

TEST(LogCheckTest, Names) {
  EXPECT_THAT(InputTopics("p."), ElementsAre("p.event.created", "p.participant.registered",
                                             "p.distribution.completed"));
  EXPECT_THAT(DeadLetterTopics(""), ElementsAre("event.created.dlq", "participant.registered.dlq",
                                                "distribution.completed.dlq"));
}

TEST(LogCheckTest, CommonPartitionCount) {
  const auto count = CheckTopics(Topics(12, 12, 12));
  ASSERT_TRUE(count.ok());
  EXPECT_EQ(*count, 12);
}

TEST(LogCheckTest, MissingTopicsAreAllNamedAndMayCome) {
  const auto status = CheckTopics(Topics(0, 12, 0)).status();
  EXPECT_TRUE(absl::IsNotFound(status));
  EXPECT_THAT(std::string(status.message()),
              ::testing::AllOf(HasSubstr("sample.event.created, sample.distribution.completed"),
                               HasSubstr("--create-topics")));
}

TEST(LogCheckTest, DifferentCountsAreRefused) {
  const auto status = CheckTopics(Topics(12, 6, 12)).status();
  EXPECT_TRUE(absl::IsFailedPrecondition(status));
  EXPECT_THAT(std::string(status.message()), HasSubstr("sample.participant.registered has 6"));
}

TEST(LogCheckTest, CompactionIsRefused) {
  for (const char* policy : {"compact", "compact,delete", "delete,compact"}) {
    auto topics = Topics(3, 3, 3);
    topics[1].cleanup_policy = policy;
    const auto status = CheckTopics(topics).status();
    EXPECT_TRUE(absl::IsFailedPrecondition(status)) << policy;
    EXPECT_THAT(std::string(status.message()), HasSubstr("cleanup.policy=delete"));
  }
}

TEST(LogCheckTest, FiniteRetentionIsFound) {
  auto topics = Topics(3, 3, 3);
  topics[0].retention_ms = -1;
  topics[0].retention_bytes = -1;
  topics[1].retention_ms = 604'800'000;
  topics[2].retention_bytes = 0;
  EXPECT_THAT(FiniteRetention(topics),
              ElementsAre("sample.participant.registered", "sample.distribution.completed"));
}

TEST(LogCheckTest, ResumeNeedsTheNextOffset) {
  const std::vector<LogRange> ranges = {{0, 10}, {5, 20}, {0, 0}};
  EXPECT_TRUE(CheckResume("sample.", 3, {10, 5, 0}, ranges).ok());
  const auto gap = CheckResume("sample.", 3, {0, 4, 0}, ranges);
  EXPECT_TRUE(absl::IsOutOfRange(gap));
  EXPECT_THAT(std::string(gap.message()),
              ::testing::AllOf(HasSubstr("sample.participant.registered/3"),
                               HasSubstr("1 offsets were deleted"), HasSubstr("backup")));
  const auto shorter = CheckResume("sample.", 3, {11, 5, 0}, ranges);
  EXPECT_TRUE(absl::IsOutOfRange(shorter));
  EXPECT_THAT(std::string(shorter.message()),
              ::testing::AllOf(HasSubstr("sample.event.created/3"), HasSubstr("made again")));
}

TEST(LogCheckTest, NewStoreNeedsTheLogsStart) {
  EXPECT_TRUE(CheckLogBase("sample.", 0, {{0, 10}, {0, 20}, {0, 0}}).ok());
  const auto status = CheckLogBase("sample.", 0, {{0, 10}, {7, 20}, {0, 0}});
  EXPECT_TRUE(absl::IsFailedPrecondition(status));
  EXPECT_THAT(std::string(status.message()),
              ::testing::AllOf(HasSubstr("sample.participant.registered/0 starts at 7"),
                               HasSubstr("--accept-log-base")));
}

}  // namespace
}  // namespace tally
