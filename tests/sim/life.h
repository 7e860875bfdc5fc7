// One life in a process of its own: a crash, a hang or an assertion in it is a failure of its seed,
// and lives do not disturb each other.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "tests/sim/failure.h"
#include "tests/sim/story.h"

namespace tally::sim {

// Longer than any life takes: what has not ended then hangs. Sanitizers make each many times as
// long.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
inline constexpr int kLifeSecondsMax = 600;
#else
inline constexpr int kLifeSecondsMax = 60;
#endif

struct LifeOptions {
  StoryLimits limits;
  bool verbose = false;
  int seconds_max = kLifeSecondsMax;
};

struct LifeResult {
  bool ok = false;
  std::string kind, text;  // of the failure
  int steps_done = 0;
  Report report;
};

// The life of the story that `seed` makes, without the steps that `without` says.
LifeResult LiveOnce(uint64_t seed, const LifeOptions& options,
                    const std::vector<bool>& without = {});

}  // namespace tally::sim
