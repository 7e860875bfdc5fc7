// The commit of one frozen delta, tried until it has happened.
#pragma once

#include <memory>
#include <utility>

#include "absl/status/status.h"
#include "processor/checkpoint.h"
#include "processor/delta.h"
#include "store/store.h"

namespace tally {

// One thread at a time.
class DeltaCommit {
 public:
  // `before` is the checkpoint row that the store has.
  DeltaCommit(std::shared_ptr<const FrozenDelta> frozen, const CheckpointRow& before)
      : frozen_(std::move(frozen)), before_(before) {}

  // Blocking. OK: the commit has happened, once. After an error, another call makes the store take
  // commits again, looks whether the commit happened after all, and commits what did not. Errors
  // are those of the store; kDataLoss also when it holds neither state. OK may come although the
  // store does not take commits again yet.
  absl::Status Try(store::Store& store);

  // The state after the commit; once Try has returned OK.
  const CheckpointRow& after() const { return after_; }
  size_t rows() const { return row_count_; }

 private:
  absl::Status Commit(store::Store& store);
  absl::StatusOr<bool> HasHappened(const store::Store& store) const;

  const std::shared_ptr<const FrozenDelta> frozen_;
  const CheckpointRow before_;
  std::unique_ptr<CheckpointRows> built_;  // kept for another try, freed where Try runs
  bool tried_ = false;
  CheckpointRow after_;
  size_t row_count_ = 0;
};

}  // namespace tally
