#include "tests/sim/shrink.h"

#include <algorithm>
#include <utility>

namespace tally::sim {

Shrunk Shrink(uint64_t seed, const LifeOptions& options, const LifeResult& failure, int lives_max) {
  const size_t steps = MakeStory(seed, options.limits).steps.size();
  Shrunk shrunk{.without = std::vector<bool>(steps, false), .result = failure, .lives = 0};
  const auto still_fails = [&](const std::vector<bool>& without) {
    ++shrunk.lives;
    LifeResult result = LiveOnce(seed, options, without);
    if (result.ok || result.kind != failure.kind) return false;
    shrunk.without = without;
    shrunk.result = std::move(result);
    return true;
  };
  // What comes after the failure first, then runs of steps, from half of them down to single ones.
  std::vector<bool> without = shrunk.without;
  std::fill(without.begin() +
                std::min<std::ptrdiff_t>(failure.steps_done, static_cast<std::ptrdiff_t>(steps)),
            without.end(), true);
  still_fails(without);
  for (size_t size = std::max<size_t>(steps / 2, 1);;) {
    bool removed = false;
    for (size_t begin = 0; begin < steps && shrunk.lives < lives_max; begin += size) {
      without = shrunk.without;
      const auto first = without.begin() + static_cast<std::ptrdiff_t>(begin);
      const auto last =
          without.begin() + static_cast<std::ptrdiff_t>(std::min(begin + size, steps));
      if (std::all_of(first, last, [](bool gone) { return gone; })) continue;
      std::fill(first, last, true);
      removed = still_fails(without) || removed;
    }
    if (shrunk.lives >= lives_max || (size == 1 && !removed)) return shrunk;
    if (size > 1) size /= 2;
  }
}

}  // namespace tally::sim
