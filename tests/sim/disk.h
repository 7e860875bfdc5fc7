// What an instance's shards survive in, and what can go wrong with it.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "processor/shard_store.h"
#include "store/store.h"
#include "tests/sim/config.h"
#include "tests/sim/random.h"

namespace tally::sim {

class Disk {
 public:
  virtual ~Disk() = default;

  // Opens a partition's store, or makes it; one at a time. Errors only after a fault.
  virtual absl::StatusOr<OpenedShard> Open(int32_t partition, const store::Lineage& wanted) = 0;

  // ---- Faults. They end with Heal.

  // Around the closing of stores by a process that dies: they write nothing any more.
  virtual void BeginCrash() {}
  virtual void EndCrash() {}
  // The machine has lost power: what was not synced may be lost, in part or out of order. Stores
  // are closed.
  virtual void LosePower(Random& random) = 0;
  // A commit of the partition's store fails; whether it has happened is open.
  virtual void FailNextCommit(int32_t partition, Random& random) = 0;
  // The same with a read.
  virtual void FailReads(int32_t partition, Random& random) = 0;
  virtual void SetFull(bool full) = 0;
  // Power fails after so many more operations on files. No effect where there are none.
  virtual void CutPowerAfter(int operations) = 0;
  virtual bool power_is_cut() const { return false; }
  // A fault stands that may be why a store cannot be opened or written.
  virtual bool has_fault() const = 0;
  // A bit of a file changes. From then on the partition's store may turn out to be damaged, which
  // ends with Heal: the store is gone then.
  virtual void FlipBit(int32_t partition, Random& random) = 0;
  virtual bool is_damaged(int32_t partition) const = 0;
  // A slow disk: compaction falls behind, and the store says so, until it no longer does. (Slow
  // reads and commits are jobs with much in the middle of them, see StoreUse.)
  virtual void SetBehind(int32_t partition, bool behind) = 0;
  virtual void Heal() = 0;

  // Background work of the store that waits; false: none.
  virtual bool RunCompaction() { return false; }
};

std::unique_ptr<Disk> NewMemoryDisk();
// RocksDB on a file system in memory.
std::unique_ptr<Disk> NewRocksDisk(const Config& config);

// What happens around every use of a store. Outlives the stores.
struct StoreUse {
  // Called between any two things that are done with it, so that others have their turn there.
  std::function<void()> between = [] {};
  // A read after so many fails; below 0: none.
  int reads_until_failure = -1;
};
std::unique_ptr<store::Store> Interleaved(std::unique_ptr<store::Store> store, StoreUse& use);

}  // namespace tally::sim
