// Keeps the process within its memory budget by what it measures. The shares of the budget
// (memory_shares.h) are what each part may ask for; allocators, libraries and what is in the middle
// of being moved take more than is asked for, how much depends on the load. What gives way are the
// deltas: smaller ones only mean more and smaller checkpoints.
#pragma once

#include <atomic>
#include <cstddef>

namespace tally {

class MemoryGovernor {
 public:
  explicit MemoryGovernor(size_t budget_bytes) : budget_bytes_(budget_bytes) {}

  // Looks at what the process uses and acts on it. Call several times a second; one thread.
  void Look();

  // The rule behind it: what part of their share deltas may use next, if they may use `part` now.
  // Less when `resident_bytes` come near the budget, more when there is room again.
  static double NextPart(double part, size_t resident_bytes, size_t budget_bytes);

  // Of their share of the budget, what deltas may use now: in [kPartMin, 1]. Any thread.
  double delta_part() const { return delta_part_.load(std::memory_order_relaxed); }
  static constexpr double kPartMin = 1.0 / 4;

 private:
  const size_t budget_bytes_;
  std::atomic<double> delta_part_{1};
};

// Of this process, as the kernel counts: mapped program and library pages included. 0: unknown.
size_t ResidentBytes();

}  // namespace tally
