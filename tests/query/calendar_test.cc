#include "query/calendar.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

#include "query/period.h"

namespace tally::query {
namespace {

using ::testing::ElementsAre;
using ::testing::ElementsAreArray;

domain::Hour Utc(int year, int month, int day, int hour) {
  return domain::HourOf(absl::ToUnixMillis(
      absl::FromCivil(absl::CivilSecond(year, month, day, hour, 0, 0), absl::UTCTimeZone())));
}

absl::TimeZone Zone(const char* name) {
  absl::TimeZone zone;
  EXPECT_TRUE(absl::LoadTimeZone(name, &zone)) << name;
  return zone;
}

std::vector<std::string> Show(const Buckets& buckets, absl::TimeZone zone) {
  std::vector<std::string> edges;
  for (const domain::Hour edge : buckets.edges) edges.push_back(FormatHour(edge, zone));
  return edges;
}

struct Row {
  const char* zone;
  Interval interval;
  HourRange range;
  bool first_cut, last_cut;
  std::vector<std::string> edges;  // cut at the range's ends
};

TEST(CalendarTest, BucketsBeginAtLocalMidnightAndAreCutAtTheEnds) {
  const Row rows[] = {
      // Seoul's days begin at 15:00 UTC.
      {"Asia/Seoul",
       Interval::kDaily,
       {Utc(2025, 12, 31, 15), Utc(2026, 1, 2, 15)},
       false,
       false,
       {"2026-01-01T00:00:00+09:00", "2026-01-02T00:00:00+09:00", "2026-01-03T00:00:00+09:00"}},
      {"Asia/Seoul",
       Interval::kDaily,
       {Utc(2025, 12, 31, 16), Utc(2026, 1, 1, 16)},
       true,
       true,
       {"2026-01-01T01:00:00+09:00", "2026-01-02T00:00:00+09:00", "2026-01-02T01:00:00+09:00"}},
      {"Asia/Seoul",
       Interval::kDaily,
       {Utc(2026, 1, 1, 3), Utc(2026, 1, 1, 4)},
       true,
       true,
       {"2026-01-01T12:00:00+09:00", "2026-01-01T13:00:00+09:00"}},
      {"UTC",
       Interval::kHourly,
       {Utc(2026, 1, 1, 22), Utc(2026, 1, 2, 1)},
       false,
       false,
       {"2026-01-01T22:00:00+00:00", "2026-01-01T23:00:00+00:00", "2026-01-02T00:00:00+00:00",
        "2026-01-02T01:00:00+00:00"}},
      // Weeks begin on Mondays: 2025-12-29 is one.
      {"Asia/Seoul",
       Interval::kWeekly,
       {Utc(2025, 12, 28, 15), Utc(2026, 1, 11, 15)},
       false,
       false,
       {"2025-12-29T00:00:00+09:00", "2026-01-05T00:00:00+09:00", "2026-01-12T00:00:00+09:00"}},
      {"Asia/Seoul",
       Interval::kWeekly,
       {Utc(2026, 1, 3, 15), Utc(2026, 1, 12, 15)},
       true,
       true,
       {"2026-01-04T00:00:00+09:00", "2026-01-05T00:00:00+09:00", "2026-01-12T00:00:00+09:00",
        "2026-01-13T00:00:00+09:00"}},
      // Sunday's last hour and Monday's first.
      {"Asia/Seoul",
       Interval::kWeekly,
       {Utc(2026, 1, 4, 14), Utc(2026, 1, 4, 16)},
       true,
       true,
       {"2026-01-04T23:00:00+09:00", "2026-01-05T00:00:00+09:00", "2026-01-05T01:00:00+09:00"}},
      {"Asia/Seoul",
       Interval::kMonthly,
       {Utc(2024, 1, 30, 15), Utc(2024, 3, 31, 15)},
       true,
       false,
       {"2024-01-31T00:00:00+09:00", "2024-02-01T00:00:00+09:00", "2024-03-01T00:00:00+09:00",
        "2024-04-01T00:00:00+09:00"}},
      {"UTC",
       Interval::kMonthly,
       {Utc(2025, 11, 1, 0), Utc(2026, 1, 31, 0)},
       false,
       true,
       {"2025-11-01T00:00:00+00:00", "2025-12-01T00:00:00+00:00", "2026-01-01T00:00:00+00:00",
        "2026-01-31T00:00:00+00:00"}},
      {"UTC",
       Interval::kMonthly,
       {Utc(2000, 1, 1, 0), Utc(2000, 3, 1, 0)},
       false,
       false,
       {"2000-01-01T00:00:00+00:00", "2000-02-01T00:00:00+00:00", "2000-03-01T00:00:00+00:00"}},
      // Berlin: a day of 23 hours, one of 25, and the hours of the latter.
      {"Europe/Berlin",
       Interval::kDaily,
       {Utc(2026, 3, 28, 23), Utc(2026, 3, 30, 22)},
       false,
       false,
       {"2026-03-29T00:00:00+01:00", "2026-03-30T00:00:00+02:00", "2026-03-31T00:00:00+02:00"}},
      {"Europe/Berlin",
       Interval::kDaily,
       {Utc(2026, 10, 24, 22), Utc(2026, 10, 26, 23)},
       false,
       false,
       {"2026-10-25T00:00:00+02:00", "2026-10-26T00:00:00+01:00", "2026-10-27T00:00:00+01:00"}},
      {"Europe/Berlin",
       Interval::kHourly,
       {Utc(2026, 10, 25, 0), Utc(2026, 10, 25, 3)},
       false,
       false,
       {"2026-10-25T02:00:00+02:00", "2026-10-25T02:00:00+01:00", "2026-10-25T03:00:00+01:00",
        "2026-10-25T04:00:00+01:00"}},
      {"Europe/Berlin",
       Interval::kHourly,
       {Utc(2026, 3, 29, 0), Utc(2026, 3, 29, 2)},
       false,
       false,
       {"2026-03-29T01:00:00+01:00", "2026-03-29T03:00:00+02:00", "2026-03-29T04:00:00+02:00"}},
      {"Europe/Berlin",
       Interval::kWeekly,
       {Utc(2026, 3, 22, 23), Utc(2026, 4, 5, 22)},
       false,
       false,
       {"2026-03-23T00:00:00+01:00", "2026-03-30T00:00:00+02:00", "2026-04-06T00:00:00+02:00"}},
      {"Europe/Berlin",
       Interval::kMonthly,
       {Utc(2026, 2, 28, 23), Utc(2026, 4, 30, 22)},
       false,
       false,
       {"2026-03-01T00:00:00+01:00", "2026-04-01T00:00:00+02:00", "2026-05-01T00:00:00+02:00"}},
      // São Paulo skipped this midnight: the day began at 01:00.
      {"America/Sao_Paulo",
       Interval::kDaily,
       {Utc(2018, 11, 3, 3), Utc(2018, 11, 5, 2)},
       false,
       false,
       {"2018-11-03T00:00:00-03:00", "2018-11-04T01:00:00-02:00", "2018-11-05T00:00:00-02:00"}},
      // Havana had this midnight twice: the first began the day.
      {"America/Havana",
       Interval::kDaily,
       {Utc(2024, 11, 2, 4), Utc(2024, 11, 4, 5)},
       false,
       false,
       {"2024-11-02T00:00:00-04:00", "2024-11-03T00:00:00-04:00", "2024-11-04T00:00:00-05:00"}},
      // Samoa had no 2011-12-30.
      {"Pacific/Apia",
       Interval::kDaily,
       {Utc(2011, 12, 29, 10), Utc(2011, 12, 31, 10)},
       false,
       false,
       {"2011-12-29T00:00:00-10:00", "2011-12-31T00:00:00+14:00", "2012-01-01T00:00:00+14:00"}},
  };
  for (const Row& row : rows) {
    const absl::TimeZone zone = Zone(row.zone);
    const Buckets buckets = BucketsWithin(row.range, row.interval, zone);
    const std::string where = std::string(row.zone) + " " + row.edges.front();
    EXPECT_THAT(Show(buckets, zone), ElementsAreArray(row.edges));
    EXPECT_EQ(buckets.first_cut, row.first_cut) << where;
    EXPECT_EQ(buckets.last_cut, row.last_cut) << where;
    EXPECT_FALSE(buckets.truncated);
    EXPECT_GE(CountBuckets(row.range, row.interval, zone), static_cast<int64_t>(buckets.size()));
  }
}

TEST(CalendarTest, BucketsAroundAreWhole) {
  const absl::TimeZone seoul = Zone("Asia/Seoul");
  const HourRange hours{Utc(2026, 1, 31, 14), Utc(2026, 1, 31, 16)};  // 23:00 to 01:00
  const auto show = [&](Interval interval) {
    const Buckets buckets = BucketsAround(hours, interval, seoul);
    EXPECT_FALSE(buckets.first_cut || buckets.last_cut || buckets.truncated);
    return Show(buckets, seoul);
  };
  EXPECT_THAT(show(Interval::kHourly),
              ElementsAre("2026-01-31T23:00:00+09:00", "2026-02-01T00:00:00+09:00",
                          "2026-02-01T01:00:00+09:00"));
  EXPECT_THAT(show(Interval::kDaily),
              ElementsAre("2026-01-31T00:00:00+09:00", "2026-02-01T00:00:00+09:00",
                          "2026-02-02T00:00:00+09:00"));
  EXPECT_THAT(show(Interval::kWeekly),
              ElementsAre("2026-01-26T00:00:00+09:00", "2026-02-02T00:00:00+09:00"));
  EXPECT_THAT(show(Interval::kMonthly),
              ElementsAre("2026-01-01T00:00:00+09:00", "2026-02-01T00:00:00+09:00",
                          "2026-03-01T00:00:00+09:00"));
}

TEST(CalendarTest, TheNewestAreKept) {
  const absl::TimeZone utc = absl::UTCTimeZone();
  const domain::Hour first = Utc(2000, 1, 1, 0);
  const Buckets all = BucketsAround({first, first + 10'000}, Interval::kHourly, utc);
  EXPECT_EQ(all.size(), 10'000u);
  EXPECT_FALSE(all.truncated);
  const Buckets newest = BucketsAround({first, first + 10'001}, Interval::kHourly, utc);
  EXPECT_EQ(newest.size(), 10'000u);
  EXPECT_TRUE(newest.truncated);
  EXPECT_EQ(newest.range(), (HourRange{first + 1, first + 10'001}));

  const Buckets days = BucketsAround({first, Utc(2099, 12, 31, 24)}, Interval::kDaily, utc);
  EXPECT_EQ(days.size(), 10'000u);
  EXPECT_TRUE(days.truncated);
  EXPECT_EQ(days.edges.back(), Utc(2100, 1, 1, 0));
  EXPECT_EQ(days.edges.back() - days.edges.front(), 240'000);
}

TEST(CalendarTest, Counts) {
  const absl::TimeZone seoul = Zone("Asia/Seoul");
  const HourRange year{Utc(2025, 12, 31, 15), Utc(2026, 12, 31, 15)};
  EXPECT_EQ(CountBuckets(year, Interval::kHourly, seoul), 8760);
  EXPECT_EQ(CountBuckets(year, Interval::kDaily, seoul), 365);
  EXPECT_EQ(CountBuckets(year, Interval::kWeekly, seoul), 53);
  EXPECT_EQ(CountBuckets(year, Interval::kMonthly, seoul), 12);
  const HourRange longest{Utc(2000, 1, 1, 0), Utc(2100, 12, 31, 23)};
  EXPECT_EQ(CountBuckets(longest, Interval::kHourly, seoul), longest.end - longest.begin);
  EXPECT_LE(CountBuckets(longest, Interval::kWeekly, seoul), kTimelinePointsMax);
}

}  // namespace
}  // namespace tally::query
