// One tallyd: what the engine wires, on simulated parts.
#pragma once

#include <prometheus/registry.h>

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "processor/metrics.h"
#include "processor/partitioner_check.h"
#include "processor/shard_reader.h"
#include "processor/worker.h"
#include "tests/sim/config.h"
#include "tests/sim/disk.h"
#include "tests/sim/expected.h"
#include "tests/sim/letters.h"
#include "tests/sim/log.h"
#include "tests/sim/loop.h"

namespace tally::sim {

// What all instances of a life share.
struct Surroundings {
  explicit Surroundings(const Config& life_config)
      : config(life_config),
        log(config),
        expected(config, log),
        letter_topics(!config.twin),
        metrics(registry, "sample.") {}

  const Config config;
  Clock clock;
  Log log;
  Expected expected;
  LetterTopics letter_topics;
  const domain::HashKey hash_key = domain::HashKey::Derived("sim", "sample.");
  prometheus::Registry registry;
  Metrics metrics;
  StoreUse store_use;
  std::map<int32_t, Offsets> folded;  // the highest position of each partition's shards, ever
};

class Instance {
 public:
  // `disk` outlives it.
  Instance(Surroundings& around, Disk& disk, int ordinal);
  ~Instance();

  // Opens the stores and starts the workers. An error needs a fault to excuse it; then nothing
  // runs. Every store found is checked against the model.
  absl::Status Start(int instances, uint64_t salt);
  // The process dies, whatever it was doing.
  void Kill(Random& random);
  // It is asked to end in order; moving its loops and jobs gets it there.
  void Stop();
  // It has ended in order, with what status; all is closed then.
  std::optional<absl::Status> Ended();

  bool running() const { return !workers_.empty(); }
  bool stopping() const { return stopping_; }
  int ordinal() const { return ordinal_; }
  int instances() const { return instances_; }

  // ---- Moving it.

  // Runs the next function of the loop that `pick` chooses, of those that have one. False: none.
  bool RunLoop(uint64_t pick);
  size_t jobs() const { return jobs_.size(); }
  void RunJob(uint64_t pick);
  Letters& letters() { return *letters_; }
  Disk& disk() { return disk_; }

  // ---- Looking at it.

  ShardReader& reader() { return *reader_; }
  // Where its clients' requests are handled.
  Loop& http() { return *http_; }
  // nullptr: not owned, or not running.
  Shard* shard(int32_t partition) const;
  std::vector<Shard*> shards() const;
  bool has_failed() const;  // a shard has
  // The checkpoint row, or the offsets in it, that the store holds now; nullopt: it cannot be read.
  std::optional<CheckpointRow> Stored(int32_t partition) const;
  std::optional<Offsets> StoredOffsets(int32_t partition) const;

  // From now on it is no failure if the shard stops.
  void Excuse(int32_t partition) { excused_[partition] = true; }
  void ExcuseAll();
  // Nor if what it has read cannot be stored when it is asked to end.
  void ExcuseStop() { stop_excused_ = true; }
  bool stop_excused() const { return stop_excused_; }
  bool IsExcused(int32_t partition) const {
    const auto found = excused_.find(partition);
    return found != excused_.end() && found->second;
  }
  // Fails the life if a shard has stopped without an excuse, or has gone back.
  void CheckShards();

 private:
  struct Owned {
    Shard* shard = nullptr;
    const store::Store* store = nullptr;
    Offsets highest{};  // position seen in this run
  };
  void NoteFolded();
  // `crash`: it has no time to close stores in order.
  void End(Random& random, bool crash);
  absl::Status Add(Worker& worker, int32_t partition);
  void CheckStore(int32_t partition, const OpenedShard& opened);
  ShardEnvironment Environment(Worker& worker);

  Surroundings& around_;
  Disk& disk_;
  const int ordinal_;
  int instances_ = 1;
  bool stopping_ = false;
  bool stop_excused_ = false;
  std::optional<absl::Status> stop_status_;
  size_t unfinished_ = 0;

  std::unique_ptr<Loop> http_;
  std::unique_ptr<PartitionerCheck> partitioner_check_;
  std::unique_ptr<Letters> letters_;
  std::unique_ptr<LogAdmin> log_admin_;
  std::unique_ptr<ShardReader> reader_;
  std::vector<std::shared_ptr<Worker>> workers_;
  std::vector<Loop*> loops_;  // the workers'
  std::deque<std::function<void()>> jobs_;
  std::map<int32_t, Owned> owned_;
  std::map<int32_t, bool> excused_;
};

// Compares a store with the model at its own offsets, the digests and totals with what they should
// be; fails the life. `when` says when, for people. A store that may be `damaged` may say so.
void CheckStoredState(Surroundings& around, int32_t partition, const store::Snapshot& snapshot,
                      const std::string& when, bool damaged);

}  // namespace tally::sim
