#include "processor/kafka/log_limiter.h"

namespace tally::kafka {

std::optional<int64_t> LogLimiter::Admit(const std::string& kind, absl::Time now) {
  std::lock_guard lock(mutex_);
  if (states_.size() >= kKindsMax && !states_.contains(kind)) states_.clear();
  auto [it, fresh] = states_.try_emplace(kind, State{now, 0});
  if (fresh) return 0;
  if (now - it->second.last < interval_) {
    ++it->second.held_back;
    return std::nullopt;
  }
  const int64_t held_back = it->second.held_back;
  it->second = State{now, 0};
  return held_back;
}

}  // namespace tally::kafka
