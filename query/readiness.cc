#include "query/readiness.h"

#include <algorithm>
#include <vector>

namespace tally::query {
namespace {

bool AllFailed(const std::vector<ShardHealth>& shards) {
  return !shards.empty() && std::all_of(shards.begin(), shards.end(), [](const ShardHealth& each) {
    return each.state == ShardHealth::State::kFailed ||
           each.state == ShardHealth::State::kQuarantined;
  });
}

}  // namespace

std::string_view ReadinessOf(const Health& health) {
  if (health.draining) return "draining";
  if (AllFailed(health.shards)) return "failed";
  if (health.reached_start_end) return kReady;
  return health.starting.empty() ? "replaying" : "starting";
}

}  // namespace tally::query
