// How the memory budget, less kProcessBytes, is shared out, in sixteenths: five to deltas, four to
// participant filters, three to Kafka queues, two to RocksDB, one to aggregates kept in memory, one
// to answers kept and to what is in the middle of being moved. Below 192 MiB queues may ask for
// half of their share: what is fetched comes on top, and is as much as a small queue holds.
#pragma once

#include <cstddef>

namespace tally {

// Of the memory budget, what the process takes with nothing to do, shared libraries included.
inline constexpr size_t kProcessBytes = size_t{40} << 20;

struct MemoryShares {
  size_t rocks_bytes = 0;
  size_t delta_bytes = 0;   // a shard's live delta; the frozen one has as much
  size_t filter_bytes = 0;  // a shard's
  size_t queue_bytes =
      0;  // one topic's partition; of a shard's three, rarely more than one is full
  size_t resident_events = 0;  // of a shard
  size_t audit_bytes = 0;      // while one runs; not set aside, deltas are made smaller for it
};

// A shard's delta and queue get half a MiB each, even if that is more than their share: with less,
// it would do little but write. `shards`: owned ones, at least 1.
MemoryShares ShareMemory(size_t budget_bytes, size_t shards);

// Below it these minima are more than the shares of that many shards, and the process may take more
// memory than its budget.
size_t BudgetBytesMin(size_t shards);

}  // namespace tally
