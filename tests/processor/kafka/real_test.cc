// What only a real Kafka can show: topic configuration, transactions, group offsets, size limits.
// Needs TALLY_TEST_BROKERS (tools/test starts a Kafka and sets it); every test makes its own
// topics.
#include <unistd.h>

#include <cstdlib>
#include <iostream>
#include <latch>

#include "processor/kafka/client.h"
#include "processor/kafka/dead_letter_tail.h"
#include "processor/kafka/kafka_dead_letters.h"
#include "tests/processor/kafka/embedded_fixture.h"

namespace tally::kafka {
namespace {

using domain::Topic;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Pair;

constexpr int kSkippedExit = 77;

class RealKafkaTest : public ::testing::Test {
 protected:
  void SetUp() override {
    const auto* info = ::testing::UnitTest::GetInstance()->current_test_info();
    prefix_ = absl::StrCat("real-", getpid(), "-", info->name(), ".");
    for (int i = 0; i < domain::kTopicCount; ++i) {
      const std::string_view suffix = domain::TopicSuffix(static_cast<Topic>(i));
      names_.push_back(absl::StrCat(prefix_, std::string(suffix)));
    }
    auto admin = KafkaLogAdmin::Create(Config());
    ASSERT_TRUE(admin.ok()) << admin.status();
    admin_ = *std::move(admin);
    std::vector<std::string> all = names_;
    for (const std::string& name : names_) all.push_back(DeadLetterTopic(name));
    const absl::Status status = admin_->CreateTopics(all, kPartitions, -1, kPatience);
    ASSERT_TRUE(status.ok()) << status;
  }

  static ClientConfig Config() {
    return {.brokers = std::getenv("TALLY_TEST_BROKERS"), .client_id = "kafka-real-test"};
  }

  std::unique_ptr<Producer> MakeProducer(ProducerOptions options = {}) {
    auto producer = Producer::Create(Config(), options);
    EXPECT_TRUE(producer.ok()) << producer.status();
    return *std::move(producer);
  }

  std::unique_ptr<KafkaLogSource> MakeSource(const std::string& group = "") {
    ClientConfig config = Config();
    config.group_id = group;
    auto source = KafkaLogSource::Create(config, prefix_);
    EXPECT_TRUE(source.ok()) << source.status();
    return *std::move(source);
  }

  static void Send(Producer& producer, const std::string& topic, int32_t partition, int count,
                   std::string_view value = "v") {
    for (int i = 0; i < count; ++i) {
      const absl::Status status =
          producer.Send({.topic = topic, .partition = partition, .key = "k", .value = value});
      ASSERT_TRUE(status.ok()) << status;
    }
  }

  std::string prefix_;
  std::vector<std::string> names_;
  std::unique_ptr<KafkaLogAdmin> admin_;
};

TEST_F(RealKafkaTest, CreatedTopicsKeepTheirHistory) {
  auto id = admin_->ClusterId(kPatience);
  ASSERT_TRUE(id.ok()) << id.status();
  EXPECT_FALSE(id->empty());
  auto infos = admin_->DescribeTopics({names_[1], prefix_ + "missing"}, kPatience);
  ASSERT_TRUE(infos.ok()) << infos.status();
  EXPECT_EQ((*infos)[0].partitions, kPartitions);
  EXPECT_EQ((*infos)[0].cleanup_policy, "delete");
  EXPECT_EQ((*infos)[0].retention_ms, -1);
  EXPECT_EQ((*infos)[0].retention_bytes, -1);
  EXPECT_EQ((*infos)[1].partitions, 0);
  EXPECT_TRUE(admin_->CreateTopics(names_, kPartitions + 1, -1, kPatience).ok());
  infos = admin_->DescribeTopics(names_, kPatience);
  ASSERT_TRUE(infos.ok()) << infos.status();
  EXPECT_EQ((*infos)[2].partitions, kPartitions) << "an existing topic is left alone";
}

TEST_F(RealKafkaTest, ImpossibleTopicsAreRefusedWithTheReason) {
  struct Row {
    std::string name;
    int32_t partitions;
    int16_t replication;
  };
  for (const Row& row : std::initializer_list<Row>{
           {"no spaces", 1, -1}, {prefix_ + "x", 0, -1}, {prefix_ + "x", 1, 99}}) {
    const absl::Status status =
        admin_->CreateTopics({row.name}, row.partitions, row.replication, kPatience);
    EXPECT_TRUE(absl::IsInvalidArgument(status)) << status;
    EXPECT_THAT(std::string(status.message()), HasSubstr(row.name));
  }
}

TEST_F(RealKafkaTest, AbortedTransactionsLeaveOnlyGaps) {
  auto producer = MakeProducer({.transactional_id = prefix_});
  ASSERT_TRUE(producer->InitTransactions(kPatience).ok());
  for (const bool commit : {true, false, true, false}) {
    ASSERT_TRUE(producer->BeginTransaction().ok());
    Send(*producer, names_[1], 0, 5, commit ? "committed" : "aborted");
    ASSERT_TRUE(producer->Flush(kPatience).ok()) << "an abort would drop what is not sent yet";
    const absl::Status status =
        commit ? producer->CommitTransaction(kPatience) : producer->AbortTransaction(kPatience);
    ASSERT_TRUE(status.ok()) << status;
  }
  constexpr int64_t kEnd = 4 * (5 + 1);  // every transaction ends with a marker
  auto source = MakeSource();
  auto shard = source->Open(0, {0, 0, 0});
  ASSERT_TRUE(shard.ok());
  Delivered delivered;
  const absl::Status status =
      PollUntil(*source, **shard, delivered, [&] { return delivered.next[1] == kEnd; });
  ASSERT_TRUE(status.ok()) << status;
  EXPECT_EQ(delivered.values[1].size(), 10);
  for (const auto& [offset, value] : delivered.values[1]) EXPECT_EQ(value, "committed");
  EXPECT_EQ((*shard)->EndOffsets()[1], kEnd);
  EXPECT_EQ((*admin_->Ranges(names_[1], kPartitions, kPatience))[0].end, kEnd);
  int read = 0;
  const absl::Status read_status = admin_->Read(
      {{names_[1], 0, 0}},
      [&](const PartitionAt&, const OwnedRecord&) {
        ++read;
        return true;
      },
      kPatience);
  EXPECT_TRUE(read_status.ok()) << read_status;
  EXPECT_EQ(read, 10);
}

TEST_F(RealKafkaTest, AnOpenTransactionIsBeyondTheEnd) {
  auto plain = MakeProducer();
  Send(*plain, names_[1], 0, 3);
  ASSERT_TRUE(plain->Flush(kPatience).ok());
  auto open = MakeProducer({.transactional_id = prefix_});
  ASSERT_TRUE(open->InitTransactions(kPatience).ok());
  ASSERT_TRUE(open->BeginTransaction().ok());
  Send(*open, names_[1], 0, 4);
  ASSERT_TRUE(open->Flush(kPatience).ok());
  EXPECT_EQ((*admin_->Ranges(names_[1], kPartitions, kPatience))[0].end, 3);
  auto source = MakeSource();
  auto shard = source->Open(0, {0, 0, 0});
  ASSERT_TRUE(shard.ok());
  Delivered delivered;
  ASSERT_TRUE(PollUntil(*source, **shard, delivered, [&] {
                return delivered.next[1] == 3 && (*shard)->EndOffsets()[1] == 3;
              }).ok());
  ASSERT_TRUE(open->CommitTransaction(kPatience).ok());
  ASSERT_TRUE(PollUntil(*source, **shard, delivered, [&] { return delivered.next[1] == 8; }).ok());
  EXPECT_EQ(delivered.values[1].size(), 7);
}

TEST_F(RealKafkaTest, GroupOffsetsAreThereForLagTools) {
  auto producer = MakeProducer();
  Send(*producer, names_[1], 2, 10);
  ASSERT_TRUE(producer->Flush(kPatience).ok());
  ClientConfig config = Config();
  config.group_id = prefix_ + "group";
  auto tool = Client::Create(RD_KAFKA_CONSUMER, config, ConsumerSettings(config), {});
  ASSERT_TRUE(tool.ok());
  const auto committed = [&] {
    PartitionListPtr list(rd_kafka_topic_partition_list_new(1));
    rd_kafka_topic_partition_list_add(list.get(), names_[1].c_str(), 2);
    const rd_kafka_resp_err_t error =
        rd_kafka_committed((*tool)->get(), list.get(), TimeoutMs(kPatience));
    return error == RD_KAFKA_RESP_ERR_NO_ERROR ? list->elems[0].offset : -1;
  };
  auto source = MakeSource(config.group_id);
  auto shard = source->Open(2, {0, 0, 0});
  ASSERT_TRUE(shard.ok());
  Delivered delivered;
  // Many at once: what comes while one is under way is merged into the next.
  for (int64_t next = 1; next <= 7; ++next) source->CommitGroupOffsets(2, {-1, next, 0});
  const absl::Status status =
      PollUntil(*source, **shard, delivered, [&] { return committed() == 7; });
  EXPECT_TRUE(status.ok()) << status << ", committed " << committed();
}

TEST_F(RealKafkaTest, ALetterLargerThanTheBrokerTakesIsCutUntilItFits) {
  DeadLetterOptions options;
  options.topic_prefix = prefix_;
  options.message_bytes_max = 8 << 20;  // more than the broker's default of 1 MiB
  auto sink = KafkaDeadLetters::Create(Config(), options);
  ASSERT_TRUE(sink.ok()) << sink.status();
  const std::string value(5 << 20, 'v');
  constexpr int kLetters = 3;
  std::latch done(kLetters);
  std::vector<absl::Status> statuses(kLetters);
  for (int i = 0; i < kLetters; ++i) {
    const domain::Record record = {.topic = Topic::kEventCreated,
                                   .partition = 1,
                                   .offset = i,
                                   .timestamp_ms = 1'000,
                                   .key = "k",
                                   .value = i == 1 ? std::string_view(value) : "small"};
    ASSERT_TRUE((*sink)->Write(record, {domain::Reason::kRecordTooLarge, "too large"},
                               [&statuses, &done, i](absl::Status status) {
                                 statuses[static_cast<size_t>(i)] = std::move(status);
                                 done.count_down();
                               }));
  }
  done.wait();
  for (const absl::Status& status : statuses) EXPECT_TRUE(status.ok()) << status;
  std::vector<OwnedRecord> letters;
  ASSERT_TRUE(admin_
                  ->Read(
                      {{DeadLetterTopic(names_[0]), 1, 0}},
                      [&](const PartitionAt&, const OwnedRecord& letter) {
                        letters.push_back(letter);
                        return true;
                      },
                      kPatience)
                  .ok());
  ASSERT_EQ(letters.size(), 3);
  EXPECT_GT(letters[1].value->size(), 500'000);
  EXPECT_THAT(letters[1].headers, Contains(Pair("tally-cut", "value:5242880")));
  EXPECT_THAT(letters[2].headers, Contains(Pair("tally-offset", "2")));
}

TEST_F(RealKafkaTest, TheTailSeesThroughMarkersOfForeignTransactions) {
  auto producer = MakeProducer();
  Send(*producer, names_[0], 0, 5, "bad");
  ASSERT_TRUE(producer->Flush(kPatience).ok());
  DeadLetterOptions options;
  options.topic_prefix = prefix_;
  auto sink = KafkaDeadLetters::Create(Config(), options);
  ASSERT_TRUE(sink.ok()) << sink.status();
  std::latch done(1);
  const domain::Record record = {.topic = Topic::kEventCreated,
                                 .partition = 0,
                                 .offset = 3,
                                 .timestamp_ms = 1'000,
                                 .key = "k",
                                 .value = "bad"};
  ASSERT_TRUE((*sink)->Write(record, {domain::Reason::kUndecodable, "no"},
                             [&done](absl::Status) { done.count_down(); }));
  done.wait();
  auto aborting = MakeProducer({.transactional_id = prefix_});
  ASSERT_TRUE(aborting->InitTransactions(kPatience).ok());
  ASSERT_TRUE(aborting->BeginTransaction().ok());
  Send(*aborting, DeadLetterTopic(names_[0]), 0, 500);
  ASSERT_TRUE(aborting->Flush(kPatience).ok());
  ASSERT_TRUE(aborting->AbortTransaction(kPatience).ok());
  auto below = DeadLettersWrittenBelow(*admin_, names_[0], 0, kPatience);
  ASSERT_TRUE(below.ok()) << below.status();
  EXPECT_EQ(*below, 4);
}

TEST_F(RealKafkaTest, ATopicThatDoesNotExistIsNeitherMadeNorWrittenTo) {
  auto producer = MakeProducer();
  const std::string missing = prefix_ + "missing";
  ASSERT_TRUE(producer->Send({.topic = missing, .key = "k", .value = "v"}).ok());
  EXPECT_TRUE(absl::IsNotFound(producer->Flush(kPatience)));
  EXPECT_EQ(producer->failures().front().topic, missing);
  EXPECT_EQ((*admin_->DescribeTopics({missing}, kPatience))[0].partitions, 0);
}

}  // namespace
}  // namespace tally::kafka

int main(int argc, char** argv) {
  ::testing::InitGoogleTest(&argc, argv);
  if (std::getenv("TALLY_TEST_BROKERS") == nullptr && !::testing::GTEST_FLAG(list_tests)) {
    std::cerr << "SKIPPED: TALLY_TEST_BROKERS is not set; tools/test starts a Kafka and sets it\n";
    // CI skips nothing.
    const char* ci = std::getenv("CI");
    return ci != nullptr && std::string_view(ci) == "true" ? 1 : tally::kafka::kSkippedExit;
  }
  return RUN_ALL_TESTS();
}
