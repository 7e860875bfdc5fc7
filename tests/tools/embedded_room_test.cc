#include "tools/tally/embedded_room.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tally::cli {
namespace {

constexpr int32_t kPartitions = 4;
constexpr int64_t kMax = EmbeddedRoom::kPartitionBytesMax;

OutgoingRecord Sized(const std::string& key, int64_t bytes) {
  OutgoingRecord record{"t", {}, key, ""};
  record.value = std::string(static_cast<size_t>(bytes - EmbeddedRoom::BytesOf(record)), 'x');
  EXPECT_EQ(EmbeddedRoom::BytesOf(record), bytes);
  return record;
}

TEST(EmbeddedRoom, TakesUpToTheLimitOfEachPartition) {
  EmbeddedRoom room(domain::Partitioner::kMurmur2);
  EXPECT_TRUE(room.Add(Sized("evt-1", kMax - 1000), kPartitions).ok());
  EXPECT_TRUE(room.Add(Sized("evt-1", 1000), kPartitions).ok());
  const auto full = room.Add(Sized("evt-1", 200), kPartitions);
  EXPECT_EQ(full.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_THAT(std::string(full.message()), ::testing::HasSubstr("real Kafka"));
  OutgoingRecord elsewhere = Sized("evt-1", kMax);
  elsewhere.topic = "u";
  EXPECT_TRUE(room.Add(elsewhere, kPartitions).ok());
}

TEST(EmbeddedRoom, CountsWhatStands) {
  EmbeddedRoom room(domain::Partitioner::kMurmur2);
  const int32_t partition =
      domain::PartitionOf(domain::Partitioner::kMurmur2, "evt-1", kPartitions);
  room.AddStanding("t", partition, kMax - 500);
  EXPECT_TRUE(room.Add(Sized("evt-1", 400), kPartitions).ok());
  EXPECT_FALSE(room.Add(Sized("evt-1", 400), kPartitions).ok());
}

TEST(EmbeddedRoom, ARecordWithoutKeyCanGoAnywhere) {
  EmbeddedRoom room(domain::Partitioner::kMurmur2);
  room.AddStanding("t", 3, kMax);
  OutgoingRecord record{"t", {}, std::nullopt, "v"};
  EXPECT_FALSE(room.Add(record, kPartitions).ok());
  record.partition = 2;
  EXPECT_TRUE(room.Add(record, kPartitions).ok());
}

TEST(EmbeddedRoom, SmallRecordsStayBelowTheBatchLimit) {
  const OutgoingRecord smallest{"t", {}, "", std::nullopt};
  EXPECT_LT(kMax / EmbeddedRoom::BytesOf(smallest), 100'000);
}

}  // namespace
}  // namespace tally::cli
