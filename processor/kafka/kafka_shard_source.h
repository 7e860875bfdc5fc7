// One shard's share of a KafkaLogSource: three partition queues. Internal to this folder.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "processor/kafka/client.h"
#include "processor/kafka/record_batch.h"
#include "processor/kafka/statistics.h"
#include "processor/log_source.h"

namespace tally::kafka {

// What all shards of a source share. `shards` lists the open ones, by their own doing.
class KafkaShardSource;
struct SharedSource {
  std::array<std::string, domain::kTopicCount> topic_names;
  // Serves callbacks and commits; called in every Poll.
  std::function<void()> serve;
  std::shared_ptr<BatchPool> pool = std::make_shared<BatchPool>();
  std::vector<KafkaShardSource*> shards;
  int wake_fd = -1;
  // Destroyed in reverse order: topics before the client.
  std::unique_ptr<Client> client;
  std::array<TopicPtr, domain::kTopicCount> topics;
};

class KafkaShardSource : public ShardSource {
 public:
  static absl::StatusOr<std::unique_ptr<KafkaShardSource>> Start(
      std::shared_ptr<SharedSource> shared, int32_t partition, const Offsets& from);
  ~KafkaShardSource() override;

  absl::StatusOr<std::unique_ptr<RecordBatch>> Poll(size_t records_max) override;
  Offsets EndOffsets() const override;

  int32_t partition() const { return partition_; }
  void OnStatistics(domain::Topic topic, const PartitionStatistics& statistics);
  // One statistics report is complete: counts how long brokers that answer have not known a
  // partition.
  void OnStatisticsEnd(bool connected);

 private:
  struct TopicReader {
    domain::Topic topic = domain::Topic::kEventCreated;
    QueuePtr queue;
    bool started = false;
    bool failed = false;  // what still arrives is dropped
    int64_t next = -1;
    int64_t end = -1;
    bool known = false;  // by the statistics report under way
    int missing_reports = 0;
  };

  KafkaShardSource(std::shared_ptr<SharedSource> shared, int32_t partition);
  absl::Status StartTopic(domain::Topic topic, int64_t from);
  struct Draining;
  void Drain(TopicReader& reader, size_t records_max, KafkaRecordBatch& batch);
  void Take(TopicReader& reader, const rd_kafka_message_t& message, KafkaRecordBatch& batch);
  void HandleError(TopicReader& reader, const rd_kafka_message_t& message, KafkaRecordBatch& batch);
  void Fail(TopicReader& reader, absl::Status status);
  absl::Status OutOfRange(const TopicReader& reader);
  std::string Place(const TopicReader& reader) const;
  void Stop();

  std::shared_ptr<SharedSource> shared_;
  const int32_t partition_;
  std::array<TopicReader, domain::kTopicCount> readers_;
  int first_ = 0;  // whose turn it is to be drained first
  absl::Status failure_;
};

}  // namespace tally::kafka
