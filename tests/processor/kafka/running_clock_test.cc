#include "processor/kafka/running_clock.h"

#include <gtest/gtest.h>

namespace tally::kafka {
namespace {

const absl::Time kStart = absl::UnixEpoch();

TEST(RunningClockTest, CountsTheTimeOfTurns) {
  RunningClock clock(kStart);
  clock.Turn(kStart + absl::Milliseconds(5));
  clock.Turn(kStart + absl::Milliseconds(205));
  EXPECT_EQ(clock.now(), kStart + absl::Milliseconds(205));
}

TEST(RunningClockTest, OfATimeThatItStoodStillLittleCounts) {
  RunningClock clock(kStart);
  clock.Turn(kStart + absl::Hours(1));
  EXPECT_EQ(clock.now(), kStart + RunningClock::kTurnMax);
  clock.Turn(kStart + absl::Hours(1) + absl::Milliseconds(5));
  EXPECT_EQ(clock.now(), kStart + RunningClock::kTurnMax + absl::Milliseconds(5));
}

TEST(RunningClockTest, SlowTurnsEndWaitsAllTheSame) {
  RunningClock clock(kStart);
  for (int turn = 1; turn <= 120; ++turn) clock.Turn(kStart + turn * absl::Minutes(1));
  EXPECT_GE(clock.now(), kStart + absl::Seconds(120));
}

TEST(RunningClockTest, NeverGoesBack) {
  RunningClock clock(kStart);
  clock.Turn(kStart - absl::Hours(1));
  EXPECT_EQ(clock.now(), kStart);
}

}  // namespace
}  // namespace tally::kafka
