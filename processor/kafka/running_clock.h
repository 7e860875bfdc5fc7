// Time in which a loop has run. While a process is stopped (SIGSTOP, a suspended machine), so are
// the threads that would have heard of what it waits for: that time must not count against anybody.
#pragma once

#include <algorithm>

#include "absl/time/time.h"

namespace tally::kafka {

// Not thread-safe.
class RunningClock {
 public:
  // Of a longer turn only this counts: no turn takes so long by itself, and if turns do, waits end
  // all the same.
  static constexpr absl::Duration kTurnMax = absl::Seconds(1);

  explicit RunningClock(absl::Time now) : last_(now), running_(now) {}

  // A turn of the loop has ended; `now` is of a clock that never jumps back.
  void Turn(absl::Time now) {
    running_ += std::clamp(now - last_, absl::ZeroDuration(), kTurnMax);
    last_ = now;
  }
  // As of the last turn.
  absl::Time now() const { return running_; }

 private:
  absl::Time last_;
  absl::Time running_;
};

}  // namespace tally::kafka
