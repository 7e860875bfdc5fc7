// The one source of chance in a simulated life: the same seed, the same numbers, on any machine.
#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>

namespace tally::sim {

// SplitMix64. Cheap to make, so that everything that needs chance has its own: what one takes then
// does not shift what another gets, and a story stays itself when steps are taken out of it.
class Random {
 public:
  explicit Random(uint64_t seed) : state_(seed) {}

  uint64_t Next() {
    uint64_t z = (state_ += 0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
  }
  // 0 to bound - 1; bound > 0.
  int Below(int bound) { return static_cast<int>(Next() % static_cast<uint64_t>(bound)); }
  bool Percent(int chance) { return Below(100) < chance; }
  template <typename T>
  T Pick(std::initializer_list<T> choices) {
    return choices.begin()[Below(static_cast<int>(choices.size()))];
  }

 private:
  uint64_t state_;
};

}  // namespace tally::sim
