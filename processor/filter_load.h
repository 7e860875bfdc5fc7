// Makes the filter of the participants that a store holds, by reading all their rows, a bounded
// number at a time and away from the shard's thread: a shard that starts on a store of many
// millions serves and folds at once, and only looks up more until this is done.
#pragma once

#include <cstddef>
#include <memory>
#include <utility>

#include "absl/status/statusor.h"
#include "processor/participant_filter.h"
#include "store/store.h"

namespace tally {

// One thread at a time.
class FilterLoad {
 public:
  FilterLoad(std::shared_ptr<const store::Snapshot> snapshot, size_t filter_bytes_max);

  // Reads `rows_max` rows at most. True: there may be more. Errors are the store's.
  absl::StatusOr<bool> Step(size_t rows_max);

  // Lets go of what it reads from, which may take long: not on the shard's thread. No Step after
  // it.
  void Close() { rows_.reset(); }

  // After Step has given false.
  std::unique_ptr<const ParticipantFilter> Take() { return std::move(filter_); }

 private:
  const std::shared_ptr<const store::Snapshot> snapshot_;
  std::unique_ptr<store::Iterator> rows_;
  std::unique_ptr<ParticipantFilter> filter_;
};

}  // namespace tally
