#include "tools/tally/pacer.h"

#include <gtest/gtest.h>

namespace tally::cli {
namespace {

using std::chrono::milliseconds, std::chrono::nanoseconds;

TEST(Pacer, KeepsTheRateAndMakesUpForDelays) {
  Pacer::TimePoint now;
  nanoseconds slept{0};
  Pacer pacer(
      100, [] { return false; }, [&] { return now; },
      [&](nanoseconds time) {
        now += time;
        slept += time;
      });
  for (int i = 0; i < 11; ++i) pacer.Wait();
  EXPECT_EQ(slept, milliseconds(100));
  now += milliseconds(50);  // something else took long
  for (int i = 0; i < 5; ++i) pacer.Wait();
  EXPECT_EQ(slept, milliseconds(100));
  pacer.Wait();
  EXPECT_EQ(slept, milliseconds(110));
}

TEST(Pacer, StopsWaitingWhenAsked) {
  Pacer::TimePoint now;
  int sleeps = 0;
  Pacer pacer(
      0.001, [&] { return sleeps == 3; }, [&] { return now; },
      [&](nanoseconds time) {
        now += time;
        ++sleeps;
      });
  pacer.Wait();
  pacer.Wait();
  EXPECT_EQ(sleeps, 3);
}

TEST(Pacer, WithoutRateNeverWaits) {
  Pacer pacer(
      0, [] { return false; }, [] { return Pacer::TimePoint(); },
      [](nanoseconds) { FAIL() << "waited"; });
  for (int i = 0; i < 10; ++i) pacer.Wait();
}

}  // namespace
}  // namespace tally::cli
