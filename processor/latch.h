// A flag that is set once, and waited for by the clock that never jumps. (Abseil's waits with a
// limit end at a time of the wall clock: when that is set back meanwhile, an hour late.)
#pragma once

#include <algorithm>
#include <condition_variable>
#include <mutex>

#include "absl/time/time.h"

namespace tally {

// Any thread.
class Latch {
 public:
  void Set() {
    const std::lock_guard lock(mutex_);
    set_ = true;
    changed_.notify_all();  // under the lock: who waited may destroy it
  }
  bool IsSet() const {
    const std::lock_guard lock(mutex_);
    return set_;
  }
  // Whether it is set, at the latest after `limit`; a day at most.
  bool WaitFor(absl::Duration limit) const {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, absl::ToChronoMilliseconds(std::min(limit, absl::Hours(24))),
                             [this] { return set_; });
  }

 private:
  mutable std::mutex mutex_;
  mutable std::condition_variable changed_;
  bool set_ = false;
};

}  // namespace tally
