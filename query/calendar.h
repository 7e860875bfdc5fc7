// The calendar of timelines: which hours make a day, a week or a month in a time zone. A bucket
// begins at the zone's local midnight (of the day, of the Monday, of the first of the month), or at
// the full hour; where a clock change skips the midnight, at the moment of the change, and where
// one repeats it, at the first. So days have 23 to 25 hours.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "absl/time/time.h"
#include "query/reader.h"

namespace tally::query {

enum class Interval : uint8_t { kHourly, kDaily, kWeekly, kMonthly };
inline constexpr std::string_view kIntervalNames[] = {"hourly", "daily", "weekly", "monthly"};

// Most buckets of one answer.
inline constexpr int64_t kTimelinePointsMax = 10'000;

// Bucket i is the hours from edges[i] to edges[i + 1].
struct Buckets {
  std::vector<domain::Hour> edges;  // ascending; empty, or two and more
  bool first_cut = false;           // begins later than its day, week or month does
  bool last_cut = false;            // ends earlier
  bool truncated = false;           // earlier ones were left out

  size_t size() const { return edges.empty() ? 0 : edges.size() - 1; }
  HourRange range() const { return {edges.front(), edges.back()}; }
};

// In all of these `range` is not empty. Where the zone is not whole hours from UTC the edges are
// those of the hours around the midnights.

// How many buckets the range touches.
int64_t CountBuckets(const HourRange& range, Interval interval, absl::TimeZone zone);
// Those, cut at the range's ends; at most kTimelinePointsMax, which the caller has checked.
Buckets BucketsWithin(const HourRange& range, Interval interval, absl::TimeZone zone);
// Those, whole: the newest kTimelinePointsMax.
Buckets BucketsAround(const HourRange& range, Interval interval, absl::TimeZone zone);

}  // namespace tally::query
