// Time for measuring how long: deadlines, waits, intervals. Whoever sets the machine's clock, by an
// hour or by a year, neither hurries nor stalls what is measured by it.
#pragma once

#include <chrono>

#include "absl/time/time.h"

namespace tally {

// How late it is by a clock that never jumps, since some moment that says nothing. Any thread.
inline absl::Time SteadyNow() {
  return absl::UnixEpoch() + absl::FromChrono(std::chrono::steady_clock::now().time_since_epoch());
}

}  // namespace tally
