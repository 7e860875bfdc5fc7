// Which worker thread gets which shard.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace tally {

// What a shard counts beside its lag, in records, a second or two of reading: its work does not end
// with its lag, so what is at the end of the log, or nearly, must be spread evenly as well.
inline constexpr int64_t kLiveWeight = 1'000'000;

// For each shard the index of its worker, in [0, worker_count), so that all workers have about as
// much to read: the shard with the most records behind first, each to the worker that has the least
// (the greedy rule for even schedules, longest processing time first; Graham 1969). `worker_count`
// at least 1; negative lags count as none.
std::vector<size_t> ShareOut(const std::vector<int64_t>& lags, size_t worker_count);

}  // namespace tally
