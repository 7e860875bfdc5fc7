// The engine: start-up from nothing to shards that fold, their life, and their orderly end.
//
// Start-up runs on a thread of its own and keeps trying for as long as what it waits for may come
// (brokers, topics), with back-off; what no waiting mends ends the process with one clear message.
// The servers are up meanwhile and say what is going on.
#pragma once

#include <atomic>
#include <boost/asio/thread_pool.hpp>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "processor/audit.h"
#include "processor/config.h"
#include "processor/dead_letters.h"
#include "processor/latch.h"
#include "processor/log_admin.h"
#include "processor/log_source.h"
#include "processor/log_watch.h"
#include "processor/metrics.h"
#include "processor/partitioner_check.h"
#include "processor/shard_reader.h"
#include "processor/shard_store.h"
#include "processor/worker.h"
#include "query/reader.h"
#include "store/rocks_env.h"
#include "store/shard_directory.h"

namespace tally {

// How the engine gets at the log; main.cc hands in the real ones.
struct LogParts {
  std::shared_ptr<LogAdmin> admin;
  // `queue_bytes_max` is for one topic's partition.
  std::function<absl::StatusOr<std::unique_ptr<LogSource>>(size_t queue_bytes_max)> make_source;
  std::function<absl::StatusOr<std::unique_ptr<DeadLetterSink>>()> make_dead_letters;
  std::function<absl::StatusOr<int64_t>(const std::string& topic, int32_t partition)>
      dead_letters_written_below;
};

class Engine final : public query::HealthSource {
 public:
  // `data_dir` is held until the engine is destroyed. `stop_process` is called at most once, from
  // any thread, when start-up or a shard meets what no restart mends. All references outlive it.
  Engine(const Config& config, LogParts log, store::DataDir data_dir, ShardReader& reader,
         Metrics& metrics, std::function<void(absl::Status)> stop_process);
  ~Engine() override;

  void Start();

  // From now on not ready.
  void Drain() { draining_ = true; }
  enum class Stopped : uint8_t {
    kFinished,
    // Start-up waits for a broker that does not answer. Nothing had been read: nothing to finish.
    kStillStarting,
    // Not all that was read could be made durable in time; it will be read again.
    kIncomplete,
  };
  // Ends start-up or finishes all shards with a final checkpoint, within about `limit`. No new
  // reads may come. Unless kFinished, the process must exit without destroying the engine.
  Stopped Stop(absl::Duration limit);

  query::Health GetHealth() const override;

 private:
  struct Plan;

  void RunUntilStopped();
  void WatchBrokers();
  absl::Status TryStart();
  absl::Status FindTopics(Plan& plan);
  absl::Status FindRanges(Plan& plan);
  absl::Status OpenStores(Plan& plan);
  absl::StatusOr<std::optional<OpenedShard>> OpenUnlessQuarantined(const std::string& path,
                                                                   const store::Lineage& wanted,
                                                                   absl::Status& quarantine);
  absl::Status ProbePartitioner(Plan& plan);
  absl::Status CreateStores(Plan& plan);
  absl::Status FindDeadLetters(Plan& plan);
  absl::Status StartWorkers(Plan& plan);
  std::unique_ptr<LogWatchThread> StartLogWatch(int32_t partition_count);
  void ForAllShards(const std::function<void(Shard&)>& call);
  void StartAudit(const std::vector<std::shared_ptr<Worker>>& workers);
  // Sleeps unless stopping; false: stopping.
  bool WaitFor(absl::Duration time);
  absl::Status CheckNotStopping() const;
  void SetStarting(const std::string& what);

  const Config config_;
  MemoryGovernor memory_;
  LogParts log_;
  const store::DataDir data_dir_;
  ShardReader& reader_;
  Metrics& metrics_;
  const std::function<void(absl::Status)> stop_process_;
  std::shared_ptr<store::RocksEnvironment> rocks_;

  std::unique_ptr<DeadLetterSink> dead_letters_;
  std::unique_ptr<PartitionerCheck> partitioner_check_;
  std::unique_ptr<boost::asio::thread_pool> background_;
  std::unique_ptr<LogWatchThread> log_watch_;  // asked by shards
  std::unique_ptr<AuditThread> audit_;  // by the start-up thread; looks at the workers' shards

  std::atomic<bool> draining_{false};
  std::thread thread_;
  Latch stopping_;
  Latch thread_ended_;
  mutable std::mutex mutex_;
  std::string starting_ = "starting";             // guarded by mutex_
  std::vector<std::shared_ptr<Worker>> workers_;  // guarded by mutex_
};

}  // namespace tally
