// How much deltas give way to what the process uses.
#include "processor/memory_governor.h"

#include <gtest/gtest.h>

namespace tally {
namespace {

constexpr size_t kMiB = size_t{1} << 20;
constexpr size_t kBudget = 128 * kMiB;

TEST(MemoryGovernorTest, DeltasGiveWayNearTheBudgetAndComeBackWhenThereIsRoom) {
  struct Row {
    const char* when;
    double part;
    size_t resident_mib;
    double next;
  };
  const Row rows[] = {
      {"far below, nothing to give back", 1, 60, 1},
      {"at the high mark", 1, 112, 1},
      {"above the high mark", 1, 113, 0.75},
      {"above the budget, again", 0.75, 140, 0.5625},
      {"never to nothing", MemoryGovernor::kPartMin, 400, MemoryGovernor::kPartMin},
      {"between the marks it stays", 0.5, 108, 0.5},
      {"below the low mark it comes back", 0.5, 103, 0.55},
      {"but not beyond the whole", 0.95, 60, 1},
      {"unknown use changes nothing that was whole", 1, 0, 1},
  };
  for (const Row& row : rows) {
    EXPECT_DOUBLE_EQ(MemoryGovernor::NextPart(row.part, row.resident_mib * kMiB, kBudget), row.next)
        << row.when;
  }
}

TEST(MemoryGovernorTest, LooksAtThisProcess) {
  EXPECT_GT(ResidentBytes(), kMiB);
  MemoryGovernor roomy(1024 * ResidentBytes());
  roomy.Look();
  EXPECT_EQ(roomy.delta_part(), 1);
  MemoryGovernor tight(kMiB);
  tight.Look();
  EXPECT_EQ(tight.delta_part(), 0.75);
}

}  // namespace
}  // namespace tally
