// The store for tests and simulation: the same semantics as RocksStore, in memory, with faults on
// demand.
#pragma once

#include <cstdint>
#include <memory>

#include "absl/status/status.h"
#include "store/store.h"

namespace tally::store {

// What a MemoryStore's rows survive in: outlives the store, so that a test can "restart" on it.
// One store at a time. Thread-safe.
class MemoryDisk {
 public:
  // `rewindable_commits`: how many of the last commits LoseCommits can take back.
  explicit MemoryDisk(uint64_t rewindable_commits = 0);
  ~MemoryDisk();
  MemoryDisk(const MemoryDisk&) = delete;
  MemoryDisk& operator=(const MemoryDisk&) = delete;

  // A machine crash: forgets up to `commits` of the last commits that no Sync followed, and returns
  // how many; one after the other, no more than `rewindable_commits` of those that there have been.
  // Call while no store and no snapshot uses the disk. commits <= rewindable_commits.
  uint64_t LoseCommits(uint64_t commits);

  // Commits that are in effect.
  uint64_t commits() const;

  struct State;  // memory_store.cc
  const std::shared_ptr<State>& state() const { return state_; }

 private:
  std::shared_ptr<State> state_;
};

class MemoryStore : public Store {
 public:
  // nullptr merger: kMerge rows are refused with kInvalidArgument.
  explicit MemoryStore(std::shared_ptr<const RowMerger> merger = nullptr);
  MemoryStore(std::shared_ptr<MemoryDisk> disk, std::shared_ptr<const RowMerger> merger);
  ~MemoryStore() override;

  absl::Status Commit(CommitRows& rows) override;
  // Refused as long as the next commit would fail.
  absl::Status Resume() override;
  std::unique_ptr<Snapshot> NewSnapshot() const override;
  absl::Status Sync() override;
  StoreStats Stats() const override;

  // Faults. As with the real store, after an error other than kInvalidArgument it is unknown to the
  // caller what happened, and later commits are refused (kFailedPrecondition) until Resume or until
  // a new store is made on the disk.
  enum class FaultTime : uint8_t { kBeforeEffect, kAfterEffect };
  void FailNextCommit(absl::Status status, FaultTime time);
  // Every read of every snapshot fails with `status` until it is called with OK.
  void FailReads(absl::Status status);
  // What Stats() reports from now on, apart from `health`.
  void SetStats(const StoreStats& stats);

 private:
  std::shared_ptr<MemoryDisk> disk_;
  std::shared_ptr<const RowMerger> merger_;
  struct Faults;
  std::shared_ptr<Faults> faults_;
};

}  // namespace tally::store
