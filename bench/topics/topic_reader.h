// Reads the three input topics of a prefix with bare librdkafka: what the ceiling is made of, and
// what the expectation gets its records from. Nothing of tallyd is in it.
#pragma once

#include <librdkafka/rdkafka.h>

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace tally::bench {

enum class Topic : uint8_t { kCreated, kRegistered, kDistributed };
inline constexpr int kTopics = 3;

enum class Method : uint8_t { kBatch, kCallback };  // how records are taken from librdkafka

struct ReadOptions {
  std::string brokers;
  std::string topic_prefix;
  bool check_crcs = true;
  Method method = Method::kBatch;
  int batch_records = 10'000;         // at most so many at once, with kBatch
  int fetch_partition_kib = 1024;     // in one answer of the broker, of one partition
  int fetch_kib = 16'384;             // in one answer of the broker
  int queue_kib = 65'536;             // waiting for the reader, of one partition
  std::vector<std::string> settings;  // librdkafka's, "name=value"; they win
};

// One log to be read: a partition of a topic with records in it.
struct Log {
  Topic topic{};
  int32_t partition = 0;
  int64_t begin = 0;
  int64_t end = 0;  // as seen when it was asked for
};

// A connection of its own, with librdkafka's own thread, for some of the partitions. Not
// thread-safe. Errors are std::runtime_error: a benchmark has nothing else to do then.
class TopicReader {
 public:
  explicit TopicReader(const ReadOptions& options);
  ~TopicReader();
  TopicReader(const TopicReader&) = delete;
  TopicReader& operator=(const TopicReader&) = delete;

  // All logs that are not empty, of the partitions p with p mod `shares` = `share`.
  std::vector<Log> Logs(int share, int shares);

  // The records of each log in order, the logs mixed, up to their ends. Throws when nothing came
  // for a minute. Once only: what librdkafka holds is let go with the reader, so that tidying up is
  // in nobody's time.
  using OnRecord = void (*)(Topic topic, const rd_kafka_message_t& message, void* opaque);
  void Read(const std::vector<Log>& logs, OnRecord on_record, void* opaque);

 private:
  struct Reading;
  static void Take(rd_kafka_message_t* message, void* reading);

  const ReadOptions options_;
  rd_kafka_t* client_ = nullptr;
  rd_kafka_topic_t* topics_[kTopics] = {};
  rd_kafka_queue_t* queue_ = nullptr;
  std::vector<Log> started_;
};

}  // namespace tally::bench
