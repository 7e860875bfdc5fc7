#include "query/calendar.h"

#include <algorithm>
#include <utility>

#include "absl/time/civil_time.h"

namespace tally::query {
namespace {

using domain::Hour;

constexpr int64_t kHourSeconds = 3600;
constexpr absl::CivilDay kEpochDay(1970, 1, 1);
constexpr absl::CivilDay kEpochMonday(1969, 12, 29);
constexpr absl::CivilMonth kEpochMonth(1970, 1);

int64_t FloorDiv(int64_t value, int64_t by) {
  return value >= 0 ? value / by : -((-value + by - 1) / by);
}

absl::Time TimeOf(Hour hour) { return absl::FromUnixSeconds(hour * kHourSeconds); }

// Counts hours, days, weeks or months: each has a number, the next one's is one higher.
class Calendar {
 public:
  Calendar(Interval interval, absl::TimeZone zone) : interval_(interval), zone_(zone) {}

  int64_t NumberOf(Hour hour) const {
    if (interval_ == Interval::kHourly) return hour;
    const absl::CivilDay day = absl::ToCivilDay(TimeOf(hour), zone_);
    if (interval_ == Interval::kDaily) return day - kEpochDay;
    if (interval_ == Interval::kWeekly) return FloorDiv(day - kEpochMonday, 7);
    return absl::CivilMonth(day) - kEpochMonth;
  }

  Hour BeginOf(int64_t number) const {
    if (interval_ == Interval::kHourly) return static_cast<Hour>(number);
    // Of a local time that is skipped this is the moment of the change, of a repeated one the
    // first.
    const absl::Time begin = absl::FromCivil(DayOf(number), zone_);
    return static_cast<Hour>(FloorDiv(absl::ToUnixSeconds(begin), kHourSeconds));
  }

 private:
  absl::CivilDay DayOf(int64_t number) const {
    if (interval_ == Interval::kDaily) return kEpochDay + number;
    if (interval_ == Interval::kWeekly) return kEpochMonday + 7 * number;
    return absl::CivilDay(kEpochMonth + number);
  }

  Interval interval_;
  absl::TimeZone zone_;
};

std::pair<int64_t, int64_t> NumbersOf(const HourRange& range, const Calendar& calendar) {
  return {calendar.NumberOf(range.begin), calendar.NumberOf(range.end - 1)};
}

// A day that a zone skipped altogether begins where the next one does, and is none.
void AddEdge(Hour edge, std::vector<Hour>& edges) {
  if (edges.empty() || edge > edges.back()) edges.push_back(edge);
}

}  // namespace

int64_t CountBuckets(const HourRange& range, Interval interval, absl::TimeZone zone) {
  const auto [first, last] = NumbersOf(range, Calendar(interval, zone));
  return last - first + 1;
}

Buckets BucketsWithin(const HourRange& range, Interval interval, absl::TimeZone zone) {
  const Calendar calendar(interval, zone);
  const auto [first, last] = NumbersOf(range, calendar);
  Buckets buckets;
  buckets.first_cut = calendar.BeginOf(first) < range.begin;
  buckets.last_cut = calendar.BeginOf(last + 1) > range.end;
  buckets.edges.reserve(static_cast<size_t>(last - first + 2));
  AddEdge(range.begin, buckets.edges);
  for (int64_t number = first + 1; number <= last; ++number) {
    AddEdge(calendar.BeginOf(number), buckets.edges);
  }
  AddEdge(range.end, buckets.edges);
  return buckets;
}

Buckets BucketsAround(const HourRange& range, Interval interval, absl::TimeZone zone) {
  const Calendar calendar(interval, zone);
  const auto [first, last] = NumbersOf(range, calendar);
  const int64_t begin = std::max(first, last - kTimelinePointsMax + 1);
  Buckets buckets =
      BucketsWithin({calendar.BeginOf(begin), calendar.BeginOf(last + 1)}, interval, zone);
  buckets.truncated = begin > first;
  return buckets;
}

}  // namespace tally::query
