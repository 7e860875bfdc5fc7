#include "processor/shard_share.h"

#include <algorithm>
#include <numeric>

namespace tally {

std::vector<size_t> ShareOut(const std::vector<int64_t>& lags, size_t worker_count) {
  std::vector<size_t> by_lag(lags.size());
  std::iota(by_lag.begin(), by_lag.end(), size_t{0});
  std::stable_sort(by_lag.begin(), by_lag.end(),
                   [&](size_t a, size_t b) { return lags[a] > lags[b]; });
  std::vector<size_t> workers(lags.size());
  std::vector<int64_t> loads(worker_count);
  for (const size_t shard : by_lag) {
    const auto least = std::min_element(loads.begin(), loads.end());
    *least += std::max<int64_t>(lags[shard], 0) + kLiveWeight;
    workers[shard] = static_cast<size_t>(least - loads.begin());
  }
  return workers;
}

}  // namespace tally
