// The log source on the embedded cluster: offsets, ends, errors, wake-ups, independence of shards.
#include <string>

#include "processor/kafka/kafka_log_source.h"
#include "tests/processor/kafka/embedded_fixture.h"

namespace tally::kafka {
namespace {

using domain::Topic;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Pair;

std::unique_ptr<KafkaLogSource> MakeSource(const ClientConfig& config) {
  auto source = KafkaLogSource::Create(config, kPrefix);
  EXPECT_TRUE(source.ok()) << source.status();
  return *std::move(source);
}

std::unique_ptr<ShardSource> OpenShard(LogSource& source, int32_t partition, const Offsets& from) {
  auto shard = source.Open(partition, from);
  EXPECT_TRUE(shard.ok()) << shard.status();
  return *std::move(shard);
}

class LogSourceTest : public EmbeddedTest {
 protected:
  void SendNumbered(Topic topic, int32_t partition, int count) {
    for (int i = 0; i < count; ++i) {
      Send(TopicName(topic), partition, "k", absl::StrCat(partition, "-", i));
    }
  }
};

TEST_F(LogSourceTest, ReadsTheThreeTopicsOfAShardFromGivenOffsets) {
  SendNumbered(Topic::kEventCreated, 1, 3);
  SendNumbered(Topic::kParticipantRegistered, 1, 5);
  SendNumbered(Topic::kDistributionCompleted, 1, 2);
  SendNumbered(Topic::kParticipantRegistered, 0, 4);
  Flush();
  auto source = MakeSource(Config());
  auto shard = OpenShard(*source, 1, {0, 3, 2});
  Delivered delivered;
  ASSERT_TRUE(PollUntil(*source, *shard, delivered, [&] {
                return delivered.next == Offsets{3, 5, 2};
              }).ok());
  EXPECT_THAT(delivered.values[0], ElementsAre(Pair(0, "1-0"), Pair(1, "1-1"), Pair(2, "1-2")));
  EXPECT_THAT(delivered.values[1], ElementsAre(Pair(3, "1-3"), Pair(4, "1-4")));
  EXPECT_TRUE(delivered.values[2].empty());
}

TEST_F(LogSourceTest, WhatIsReadHasAGenerationThatAConnectionEnds) {
  SendNumbered(Topic::kParticipantRegistered, 1, 5);
  Flush();
  auto source = MakeSource(Config());
  auto shard = OpenShard(*source, 1, {0, 0, 0});
  Delivered delivered;
  ASSERT_TRUE(PollUntil(*source, *shard, delivered, [&] { return delivered.next[1] == 5; }).ok());
  EXPECT_GT(shard->LogGeneration(), 0u);
}

TEST_F(LogSourceTest, AnEmptyPartitionTellsItsEnd) {
  auto source = MakeSource(Config());
  auto shard = OpenShard(*source, 2, {0, 0, 0});
  Delivered delivered;
  ASSERT_TRUE(PollUntil(*source, *shard, delivered, [&] {
                return delivered.next == Offsets{0, 0, 0};
              }).ok());
  EXPECT_EQ(shard->EndOffsets(), (Offsets{0, 0, 0}));
}

TEST_F(LogSourceTest, SeveralShardsEachGetTheirOwn) {
  for (int32_t p = 0; p < kPartitions; ++p) SendNumbered(Topic::kParticipantRegistered, p, 10);
  Flush();
  auto source = MakeSource(Config());
  std::vector<std::unique_ptr<ShardSource>> shards;
  for (int32_t p = 0; p < kPartitions; ++p) shards.push_back(OpenShard(*source, p, {0, 0, 0}));
  for (int32_t p = 0; p < kPartitions; ++p) {
    Delivered delivered;
    ASSERT_TRUE(PollUntil(*source, *shards[static_cast<size_t>(p)], delivered, [&] {
                  return delivered.next == Offsets{0, 10, 0};
                }).ok());
    ASSERT_EQ(delivered.values[1].size(), 10);
    EXPECT_EQ(delivered.values[1].back().second, absl::StrCat(p, "-9"));
  }
}

TEST_F(LogSourceTest, GivesKeysTombstonesTimestampsAndHeaders) {
  const std::string topic = TopicName(Topic::kEventCreated);
  ProducerRecord record{.topic = topic, .partition = 0};
  record.key = "key";
  record.timestamp_ms = 1'767'225'600'000;
  record.headers = {{"content-type", "application/json"}, {"empty", ""}, {"null", std::nullopt}};
  ASSERT_TRUE(producer_->Send(record).ok());
  record.key = std::nullopt;
  record.value = "";
  record.headers.clear();
  ASSERT_TRUE(producer_->Send(record).ok());
  Flush();
  auto source = MakeSource(Config());
  auto shard = OpenShard(*source, 0, {0, 0, 0});
  std::vector<std::unique_ptr<RecordBatch>> held;
  std::vector<domain::Record> records;
  const absl::Time deadline = absl::Now() + kPatience;
  while (records.size() < 2) {
    ASSERT_LT(absl::Now(), deadline);
    auto batch = shard->Poll(1);
    ASSERT_TRUE(batch.ok()) << batch.status();
    if (*batch == nullptr) {
      WaitForWake(*source, 100);
      continue;
    }
    records.insert(records.end(), (*batch)->records().begin(), (*batch)->records().end());
    held.push_back(*std::move(batch));
  }
  EXPECT_EQ(records[0].key, "key");
  EXPECT_EQ(records[0].value, std::nullopt);
  EXPECT_EQ(records[0].timestamp_ms, 1'767'225'600'000);
  ASSERT_EQ(records[0].headers.size(), 3);
  EXPECT_EQ(records[0].headers[0].name, "content-type");
  EXPECT_EQ(records[0].headers[0].value, "application/json");
  EXPECT_EQ(records[0].headers[1].value, "");
  EXPECT_EQ(records[0].headers[2].value, std::nullopt);
  EXPECT_EQ(records[1].key, std::nullopt);
  EXPECT_EQ(records[1].value, "");
  EXPECT_TRUE(records[1].headers.empty());
}

// Every change between replaying and reading at the end hands partitions over in the middle of what
// is under way.
TEST_F(LogSourceTest, LosesAndRepeatsNothingWhenItReachesTheEndAndFallsBehindAgain) {
  constexpr Topic kTopic = Topic::kParticipantRegistered;
  constexpr int kFew = 1'000;
  constexpr int kMany = 110'000;  // more than the source takes for still being at the end
  ClientConfig config = Config();
  config.queue_bytes_max = size_t{256} << 20;  // all of it: a full queue does not see the end move
  auto source = MakeSource(config);
  auto shard = OpenShard(*source, 0, {0, 0, 0});
  EXPECT_TRUE(source->Replaying());
  Delivered delivered;
  const auto expect_all_below = [&](int64_t end) {
    const auto& values = delivered.values[domain::Index(kTopic)];
    ASSERT_EQ(values.size(), end);
    for (int64_t i = 0; i < end; ++i) ASSERT_EQ(values[i].first, i);
  };
  int64_t sent = 0;
  for (const int count : {kFew, kFew, kMany, kFew}) {
    for (int i = 0; i < count; ++i) Send(TopicName(kTopic), 0, "k", "v");
    Flush();
    sent += count;
    const absl::Time deadline = absl::Now() + kPatience;
    while (count == kMany && !source->Replaying()) {
      ASSERT_LT(absl::Now(), deadline);
      WaitForWake(*source, 100);
      source->Serve();
    }
    ASSERT_TRUE(PollUntil(*source, *shard, delivered, [&] {
                  return delivered.next == Offsets{0, sent, 0} && !source->Replaying();
                }).ok());
    expect_all_below(sent);
  }
}

TEST_F(LogSourceTest, TheDescriptorWakesForEveryNewRecord) {
  auto source = MakeSource(Config());
  auto shard = OpenShard(*source, 0, {0, 0, 0});
  Delivered delivered;
  ASSERT_TRUE(PollUntil(*source, *shard, delivered, [&] {
                return delivered.next == Offsets{0, 0, 0};
              }).ok());
  for (int i = 0; i < 5; ++i) {
    // A queue that is not empty, be it by the news of an end, has woken already.
    do {
      WaitForWake(*source, 0);
      auto rest = shard->Poll(100);
      ASSERT_TRUE(rest.ok()) << rest.status();
      if (*rest == nullptr) break;
    } while (true);
    SendNumbered(Topic::kDistributionCompleted, 0, 1);
    Flush();
    const auto arrived = [&] { return delivered.values[2].size() == static_cast<size_t>(i + 1); };
    const absl::Time deadline = absl::Now() + kPatience;
    while (!arrived()) {
      ASSERT_LT(absl::Now(), deadline);
      ASSERT_TRUE(WaitForWake(*source, 10'000)) << "no wake-up for record " << i;
      auto batch = shard->Poll(100);
      ASSERT_TRUE(batch.ok()) << batch.status();
      if (*batch != nullptr) delivered.Add(**batch);
    }
  }
}

TEST_F(LogSourceTest, AShardThatIsNotPolledHoldsUpNobody) {
  const std::string big(4'000, 'x');
  for (int i = 0; i < 1'000; ++i) {
    Send(TopicName(Topic::kParticipantRegistered), 0, "k", big);
    Send(TopicName(Topic::kParticipantRegistered), 1, "k", big);
  }
  Flush();
  ClientConfig config = Config();
  config.queue_bytes_max = 1 << 20;  // a quarter of a partition
  auto source = MakeSource(config);
  auto paused = OpenShard(*source, 0, {0, 0, 0});
  auto running = OpenShard(*source, 1, {0, 0, 0});
  Delivered delivered;
  ASSERT_TRUE(PollUntil(*source, *running, delivered, [&] {
                return delivered.next == Offsets{0, 1'000, 0};
              }).ok());
  Delivered later;
  ASSERT_TRUE(PollUntil(*source, *paused, later, [&] {
                return later.next == Offsets{0, 1'000, 0};
              }).ok());
  EXPECT_EQ(later.values[1].size(), 1'000);
}

TEST_F(LogSourceTest, AnOffsetBeyondTheEndIsOutOfRange) {
  SendNumbered(Topic::kParticipantRegistered, 1, 5);
  Flush();
  auto source = MakeSource(Config());
  auto shard = OpenShard(*source, 1, {0, 7, 0});
  Delivered delivered;
  const absl::Status status = PollUntil(*source, *shard, delivered, [] { return false; });
  EXPECT_TRUE(absl::IsOutOfRange(status)) << status;
  EXPECT_THAT(std::string(status.message()),
              AllOf(HasSubstr("t.participant.registered/1"), HasSubstr("offset 7"),
                    HasSubstr("0 to 5"), HasSubstr("rebuild")));
  // Final, and the other shards go on.
  EXPECT_TRUE(absl::IsOutOfRange(shard->Poll(10).status()));
  auto other = OpenShard(*source, 0, {0, 0, 0});
  Delivered others;
  EXPECT_TRUE(PollUntil(*source, *other, others, [&] {
                return others.next == Offsets{0, 0, 0};
              }).ok());
}

TEST_F(LogSourceTest, AnOffsetBeforeTheBeginIsOutOfRange) {
  // The mock broker drops the oldest beyond 5 MiB.
  const std::string big(100'000, 'x');
  for (int i = 0; i < 80; ++i) {
    Send(TopicName(Topic::kEventCreated), 0, "k", big);
    Flush();
  }
  auto source = MakeSource(Config());
  auto shard = OpenShard(*source, 0, {0, 0, 0});
  Delivered delivered;
  const absl::Status status = PollUntil(*source, *shard, delivered, [] { return false; });
  EXPECT_TRUE(absl::IsOutOfRange(status)) << status;
  EXPECT_THAT(std::string(status.message()), HasSubstr("to 80"));
}

TEST_F(LogSourceTest, APartitionThatDoesNotExistIsNotFound) {
  auto source = MakeSource(Config());
  auto shard = OpenShard(*source, kPartitions, {0, 0, 0});
  Delivered delivered;
  const absl::Status status = PollUntil(*source, *shard, delivered, [] { return false; });
  EXPECT_TRUE(absl::IsNotFound(status)) << status;
}

TEST_F(LogSourceTest, NegativeOffsetsAreRefused) {
  auto source = MakeSource(Config());
  EXPECT_TRUE(absl::IsInvalidArgument(source->Open(0, {0, -1, 0}).status()));
}

TEST_F(LogSourceTest, AClosedShardCanBeOpenedAgainElsewhere) {
  SendNumbered(Topic::kParticipantRegistered, 1, 5);
  Flush();
  auto source = MakeSource(Config());
  for (const int64_t from : {0, 3, 5}) {
    auto shard = OpenShard(*source, 1, {0, from, 0});
    Delivered delivered;
    ASSERT_TRUE(PollUntil(*source, *shard, delivered, [&] {
                  return delivered.next == Offsets{0, 5, 0};
                }).ok());
    EXPECT_EQ(delivered.values[1].size(), static_cast<size_t>(5 - from));
  }
}

TEST_F(LogSourceTest, EndOffsetsFollowTheLog) {
  SendNumbered(Topic::kParticipantRegistered, 0, 50);
  Flush();
  auto source = MakeSource(Config());
  auto shard = OpenShard(*source, 0, {0, 0, 0});
  Delivered delivered;
  ASSERT_TRUE(PollUntil(*source, *shard, delivered, [&] {
                return shard->EndOffsets() == Offsets{0, 50, 0};
              }).ok());
}

TEST_F(LogSourceTest, ABrokerThatComesBackIsReadOn) {
  SendNumbered(Topic::kParticipantRegistered, 0, 3);
  Flush();
  auto source = MakeSource(Config());
  auto shard = OpenShard(*source, 0, {0, 0, 0});
  Delivered delivered;
  ASSERT_TRUE(PollUntil(*source, *shard, delivered, [&] { return delivered.next[1] == 3; }).ok());
  cluster_->SetDown();
  ASSERT_TRUE(
      PollUntil(*source, *shard, delivered, [&] { return !source->Connection().ok(); }).ok());
  EXPECT_THAT(std::string(source->Connection().message()), HasSubstr(cluster_->brokers()));
  const uint64_t generation = shard->LogGeneration();
  cluster_->SetUp();
  ASSERT_TRUE(
      PollUntil(*source, *shard, delivered, [&] { return source->Connection().ok(); }).ok());
  EXPECT_GT(shard->LogGeneration(), generation);
  SendNumbered(Topic::kParticipantRegistered, 0, 2);
  Flush();
  ASSERT_TRUE(PollUntil(*source, *shard, delivered, [&] { return delivered.next[1] == 5; }).ok());
  EXPECT_EQ(delivered.values[1].size(), 5);
}

TEST_F(LogSourceTest, GroupOffsetsAreNoObstacle) {
  ClientConfig config = Config();
  config.group_id = "tally";
  SendNumbered(Topic::kParticipantRegistered, 0, 3);
  Flush();
  auto source = MakeSource(config);
  auto shard = OpenShard(*source, 0, {0, 0, 0});
  Delivered delivered;
  ASSERT_TRUE(PollUntil(*source, *shard, delivered, [&] { return delivered.next[1] == 3; }).ok());
  for (int i = 0; i < 100; ++i) source->CommitGroupOffsets(0, {-1, 3, 0});
  shard.reset();
  source.reset();
}

TEST(LogSourceWithoutBrokerTest, SaysWhatCannotBeReached) {
  auto source = MakeSource({.brokers = kNobody});
  auto shard = OpenShard(*source, 0, {0, 0, 0});
  Delivered delivered;
  ASSERT_TRUE(
      PollUntil(*source, *shard, delivered, [&] { return !source->Connection().ok(); }).ok());
  EXPECT_TRUE(absl::IsUnavailable(source->Connection()));
  EXPECT_THAT(std::string(source->Connection().message()),
              AllOf(HasSubstr(kNobody), HasSubstr("refused")));
}

}  // namespace
}  // namespace tally::kafka
