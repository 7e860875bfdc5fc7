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

struct LifeOptions {
  StoryLimits limits;
  bool verbose = false;
  int seconds_max = 60;
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
