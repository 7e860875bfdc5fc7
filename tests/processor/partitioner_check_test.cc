#include "processor/partitioner_check.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace tally {
namespace {

using domain::Partitioner;
using domain::Topic;

constexpr Topic kTopic = Topic::kParticipantRegistered;

std::string Key(int i) { return "evt-" + std::to_string(i); }

void ObserveWrittenBy(PartitionerCheck& check, Partitioner partitioner, int from, int to) {
  for (int i = from; i < to; ++i) {
    check.Observe(kTopic, Key(i), domain::PartitionOf(partitioner, Key(i), 12));
  }
}

TEST(PartitionerCheckTest, NamesThePartitionerThatWroteTheTopic) {
  for (const auto written_by : {Partitioner::kCrc32, Partitioner::kFnv1a}) {
    PartitionerCheck check(Partitioner::kMurmur2, 12);
    ObserveWrittenBy(check, written_by, 0, 50);
    EXPECT_EQ(check.WrittenBy(kTopic), written_by);
    EXPECT_EQ(check.WrittenBy(Topic::kEventCreated), std::nullopt);
  }
}

TEST(PartitionerCheckTest, RightPartitionerIsQuiet) {
  PartitionerCheck check(Partitioner::kMurmur2, 12);
  ObserveWrittenBy(check, Partitioner::kMurmur2, 0, 50);
  EXPECT_EQ(check.WrittenBy(kTopic), std::nullopt);
}

TEST(PartitionerCheckTest, SomeStraysAreDeadLettersNotAnotherPartitioner) {
  PartitionerCheck check(Partitioner::kMurmur2, 12);
  ObserveWrittenBy(check, Partitioner::kMurmur2, 0, 30);
  ObserveWrittenBy(check, Partitioner::kCrc32, 30, 55);
  EXPECT_EQ(check.WrittenBy(kTopic), std::nullopt);
}

TEST(PartitionerCheckTest, MostlyWrongButNobodysPartitioner) {
  PartitionerCheck check(Partitioner::kMurmur2, 12);
  for (int i = 0; i < 50; ++i) check.Observe(kTopic, Key(i), i % 12);
  EXPECT_EQ(check.WrittenBy(kTopic), std::nullopt);
}

TEST(PartitionerCheckTest, OnlyTheFirstRecordsCount) {
  PartitionerCheck check(Partitioner::kMurmur2, 12);
  ObserveWrittenBy(check, Partitioner::kMurmur2, 0, PartitionerCheck::kRecordsLookedAt);
  ObserveWrittenBy(check, Partitioner::kCrc32, 1'000, 2'000);
  EXPECT_EQ(check.WrittenBy(kTopic), std::nullopt);
}

TEST(PartitionerCheckTest, KeylessRecordsTellNothing) {
  PartitionerCheck check(Partitioner::kMurmur2, 12);
  for (int i = 0; i < 50; ++i) check.Observe(kTopic, "", 5);
  ObserveWrittenBy(check, Partitioner::kCrc32, 0, 10);
  EXPECT_EQ(check.WrittenBy(kTopic), Partitioner::kCrc32);
}

TEST(PartitionerCheckTest, MessageNamesTheSetting) {
  const auto status =
      WrittenWithAnother("sample.event.created", Partitioner::kMurmur2, Partitioner::kCrc32);
  EXPECT_THAT(std::string(status.message()),
              ::testing::AllOf(::testing::HasSubstr("sample.event.created"),
                               ::testing::HasSubstr("--partitioner consistent_random"),
                               ::testing::HasSubstr("wrong_partition")));
}

}  // namespace
}  // namespace tally
