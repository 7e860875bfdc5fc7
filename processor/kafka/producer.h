// A producer for the command-line tool and for tests. The daemon itself writes dead letters only
// (kafka_dead_letters.h).
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "processor/kafka/client_config.h"

namespace tally::kafka {

struct ProducerOptions {
  // librdkafka's name; the default places keys as Java clients do.
  std::string partitioner = "murmur2_random";
  size_t queue_records_max = 100'000;
  size_t queue_bytes_max = size_t{64} << 20;
  absl::Duration linger = absl::Milliseconds(5);
  // How long a record may take to be acknowledged, retries included, before it counts as failed.
  absl::Duration delivery_timeout = absl::Seconds(60);
  std::string compression = "none";  // "lz4", "zstd", "gzip", "snappy"
  // Not empty: records are sent inside transactions, see Begin/Commit/AbortTransaction.
  std::string transactional_id;
};

struct ProducerRecord {
  std::string_view topic;
  std::optional<int32_t> partition;  // nullopt: by key, with the partitioner
  std::optional<std::string_view> key;
  std::optional<std::string_view> value;  // nullopt: tombstone
  std::optional<int64_t> timestamp_ms;    // nullopt: now
  std::vector<std::pair<std::string_view, std::optional<std::string_view>>> headers;
};

struct DeliveryFailure {
  uint64_t sequence = 0;  // of the Send call, from 0
  std::string topic;
  absl::Status status;
};

// Idempotent, acks=all. All methods from any thread; Begin/Commit/Abort from one at a time.
class Producer {
 public:
  // (topic, partition) -> offset after the last acknowledged record.
  using Positions = std::map<std::pair<std::string, int32_t>, int64_t>;

  static constexpr size_t kFailuresKeptMax = 100;

  // kInvalidArgument: unknown property, partitioner or compression. Does not connect yet.
  static absl::StatusOr<std::unique_ptr<Producer>> Create(const ClientConfig& config,
                                                          const ProducerOptions& options);
  ~Producer();  // drops what is not acknowledged yet; Flush first
  Producer(const Producer&) = delete;
  Producer& operator=(const Producer&) = delete;

  // Queues one record (copies it). Waits while the queue is full, at most the delivery timeout:
  // then kUnavailable, naming the brokers and why they cannot be reached. kInvalidArgument: too
  // large for this client or an invalid topic or partition; kNotFound: no such topic, partition.
  absl::Status Send(const ProducerRecord& record);

  // Waits until everything sent is acknowledged or failed. kDeadlineExceeded: something is still
  // open; kUnavailable instead when no broker can be reached. Otherwise OK or the first failure.
  absl::Status Flush(absl::Duration timeout);

  uint64_t sent() const;
  uint64_t acknowledged() const;
  uint64_t failed() const;
  Positions positions() const;
  std::vector<DeliveryFailure> failures() const;  // the first kFailuresKeptMax
  // OK, or why no broker can be reached.
  absl::Status Connection();

  // With a transactional_id only. Init once, before the first Begin.
  absl::Status InitTransactions(absl::Duration timeout);
  absl::Status BeginTransaction();
  absl::Status CommitTransaction(absl::Duration timeout);
  absl::Status AbortTransaction(absl::Duration timeout);

 private:
  class Impl;
  explicit Producer(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace tally::kafka
