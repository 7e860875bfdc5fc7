// Keeps repeated log lines of one kind from flooding the log. Internal to this folder.
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>

#include "absl/time/time.h"

namespace tally::kafka {

// Any thread.
class LogLimiter {
 public:
  explicit LogLimiter(absl::Duration interval) : interval_(interval) {}

  // How many lines of this kind were held back since the last one that may be written, if this one
  // may be written at `now`; nullopt: hold it back.
  std::optional<int64_t> Admit(const std::string& kind, absl::Time now);

 private:
  static constexpr size_t kKindsMax = 256;
  struct State {
    absl::Time last;
    int64_t held_back = 0;
  };
  const absl::Duration interval_;
  std::mutex mutex_;
  std::map<std::string, State> states_;
};

}  // namespace tally::kafka
