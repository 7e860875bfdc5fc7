// Makes the story of a failure shorter for as long as it fails in the same way.
#pragma once

#include <cstdint>
#include <vector>

#include "tests/sim/life.h"

namespace tally::sim {

struct Shrunk {
  std::vector<bool> without;  // by step of the seed's story
  LifeResult result;          // of what is left
  int lives = 0;              // that it took
};

// At most `lives_max` lives.
Shrunk Shrink(uint64_t seed, const LifeOptions& options, const LifeResult& failure, int lives_max);

}  // namespace tally::sim
