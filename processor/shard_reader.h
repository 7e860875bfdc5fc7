// Reads for the query side: finds the shard, hops to its thread, looks at delta over frozen delta
// over store at one position, and hops back.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "processor/domain/partitioner.h"
#include "processor/worker.h"
#include "query/reader.h"

namespace tally {

// Which instance owns a partition, of `instances`. The one place that decides it.
constexpr int32_t OwnerOf(int32_t partition, int32_t instances) { return partition % instances; }

struct ShardReaderOptions {
  domain::Partitioner partitioner = domain::Partitioner::kMurmur2;
  std::string topic_prefix;
  int32_t instance = 0;
  int32_t instances = 1;
  // Longest wait for a Tally-Min-Position.
  absl::Duration position_wait = absl::Milliseconds(500);
  // Events of a user looked at between two batches of the fold.
  int events_per_step = 32;
  // A clock that never jumps. Any thread.
  std::function<absl::Time()> now = SteadyNow;
};

// Thread-safe. Answers kUnavailable until Serve is called.
class ShardReader final : public query::Reader {
 public:
  explicit ShardReader(ShardReaderOptions options);

  // The shards are open; their workers run and outlive every read (drain the servers first).
  void Serve(std::string cluster_id, int32_t partition_count,
             std::vector<std::shared_ptr<Worker>> workers);
  // Why there are no shards yet; named in answers.
  void SetUnavailable(std::string why);

  boost::asio::awaitable<absl::StatusOr<query::EventAnswer>> ReadEvent(
      std::string event_id, query::TimelineNeed need, std::vector<query::MinOffset> min) override;
  boost::asio::awaitable<absl::StatusOr<query::UserAnswer>> ReadUser(
      std::string user_id, query::TimelineNeed need, std::vector<query::MinOffset> min) override;
  int32_t PartitionCount() const override;
  std::string TopicPrefix() const override { return options_.topic_prefix; }
  std::string LogIdentity() const override;

 private:
  struct Serving {
    std::string log_identity;
    int32_t partition_count = 0;
    std::vector<std::shared_ptr<Worker>> workers;
    std::vector<std::pair<Shard*, Worker*>> by_partition;  // null: not owned
  };
  // Null until Serve; then `unavailable` says why.
  std::shared_ptr<const Serving> GetServing(std::string* unavailable) const;

  const ShardReaderOptions options_;
  mutable std::mutex mutex_;
  std::string unavailable_ = "starting";
  std::shared_ptr<const Serving> serving_;
};

}  // namespace tally
