// One shard's share of a KafkaLogSource: three partition queues. Internal to this folder.
#pragma once

#include <array>
#include <atomic>
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

// One of the two consumers of a source. Destroyed in reverse order: topics before the client.
struct Consumer {
  std::unique_ptr<Client> client;
  std::array<TopicPtr, domain::kTopicCount> topics;
};

// What all shards of a source share. `shards` lists the open ones, by their own doing.
class KafkaShardSource;
struct SharedSource {
  std::array<std::string, domain::kTopicCount> topic_names;
  // Serves callbacks and commits; called in every Poll.
  std::function<void()> serve;
  std::shared_ptr<BatchPool> pool = std::make_shared<BatchPool>();
  std::vector<KafkaShardSource*> shards;
  int wake_fd = -1;
  // See ShardSource::LogGeneration; counted by all clients, the ended ones included.
  std::shared_ptr<std::atomic<uint64_t>> log_generation =
      std::make_shared<std::atomic<uint64_t>>(0);
  // One reads all partitions: `live` from when all of them are at the end of the log until one is
  // far behind again, `replay` otherwise; only then is there one. Not each partition where it
  // belongs: what keeps librdkafka looking at drained queues every fetch.wait.max.ms instead of
  // every second is that it waits for partitions at their end.
  Consumer live;
  Consumer replay;
  Consumer* reading = &replay;
};

class KafkaShardSource : public ShardSource {
 public:
  static absl::StatusOr<std::unique_ptr<KafkaShardSource>> Start(
      std::shared_ptr<SharedSource> shared, int32_t partition, const Offsets& from);
  ~KafkaShardSource() override;

  absl::StatusOr<std::unique_ptr<RecordBatch>> Poll(size_t records_max) override;
  absl::Status ReadAnew(const Offsets& from) override;
  Offsets EndOffsets() const override;
  uint64_t LogGeneration() const override { return shared_->log_generation->load(); }

  int32_t partition() const { return partition_; }
  // Of all partitions; one that has failed does not count.
  bool AtEnd() const;
  // Of any.
  bool FarBehind() const;
  bool Uses(const Consumer& consumer) const;
  // What a consumer reports of a partition, whether or not it is the one that reads it.
  void OnStatistics(const Consumer& consumer, domain::Topic topic,
                    const PartitionStatistics& statistics);
  // One report of a consumer is complete: counts how long brokers that answer have not known a
  // partition.
  void OnStatisticsEnd(const Consumer& consumer, bool connected);

 private:
  struct TopicReader {
    domain::Topic topic = domain::Topic::kEventCreated;
    Consumer* consumer = nullptr;  // that reads it, or null
    QueuePtr queue;                // of that consumer
    bool at_end = false;
    bool failed = false;  // what still arrives is dropped
    int64_t next = -1;
    int64_t end = -1;
    bool known = false;  // by the statistics report under way
    int missing_reports = 0;
  };

  KafkaShardSource(std::shared_ptr<SharedSource> shared, int32_t partition);
  // Goes on at reader.next; what was queued before is gone.
  absl::Status StartReading(TopicReader& reader, Consumer& consumer);
  void StopReading(TopicReader& reader);
  // Goes over to the consumer that is to read.
  void ChangeConsumer(TopicReader& reader);
  struct Draining;
  void Drain(TopicReader& reader, size_t records_max, KafkaRecordBatch& batch);
  void Take(TopicReader& reader, const rd_kafka_message_t& message, KafkaRecordBatch& batch);
  void HandleError(TopicReader& reader, const rd_kafka_message_t& message, KafkaRecordBatch& batch);
  void Fail(TopicReader& reader, absl::Status status);
  absl::Status OutOfRange(const TopicReader& reader);
  std::string Place(const TopicReader& reader) const;

  std::shared_ptr<SharedSource> shared_;
  const int32_t partition_;
  std::array<TopicReader, domain::kTopicCount> readers_;
  int first_ = 0;  // whose turn it is to be drained first
  absl::Status failure_;
};

}  // namespace tally::kafka
