#include "query/views/timeline.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "processor/domain/money.h"

namespace tally::query {
namespace {

using domain::Hour;

constexpr uint64_t kPercent = 10'000;  // to hundredths of a percent
constexpr Hour kFirstHour = 0;         // nothing is counted earlier: times begin with 2000
constexpr Hour kEndOfHours = std::numeric_limits<Hour>::max();

std::vector<TimelinePoint> PointsOf(const std::vector<HourTotal>& hours, const Buckets& buckets) {
  std::vector<TimelinePoint> points(buckets.size());
  auto next = hours.begin();
  Int128 cumulative = 0;
  const auto reaches = [&](Hour end) { return next != hours.end() && next->hour < end; };
  for (; !points.empty() && reaches(buckets.edges.front()); ++next) {
    cumulative += next->counts.participants;
  }
  for (size_t i = 0; i < points.size(); ++i) {
    TimelinePoint& point = points[i];
    point.begin = buckets.edges[i];
    for (; reaches(buckets.edges[i + 1]); ++next) {
      point.participants += next->counts.participants;
      point.views += next->counts.views;
      point.purchase_amount += next->counts.purchase_amount;
    }
    cumulative += point.participants;
    point.cumulative_participants = cumulative;
  }
  return points;
}

std::optional<Peak> PeakOf(const std::vector<TimelinePoint>& points,
                           Int128 TimelinePoint::*metric) {
  Peak peak;
  for (const TimelinePoint& point : points) {
    if (point.*metric > peak.value) peak = {point.begin, point.*metric};
  }
  if (peak.value == 0) return std::nullopt;
  return peak;
}

// The last bucket that is whole and over, against the one before it, which must be whole too.
std::optional<Int128> GrowthRate(const std::vector<TimelinePoint>& points, const Buckets& buckets,
                                 size_t ended) {
  const size_t whole_end = points.size() - (buckets.last_cut ? 1 : 0);
  const size_t end = std::min(ended, whole_end);
  const size_t begin = buckets.first_cut ? 1 : 0;
  if (end < begin + 2) return std::nullopt;
  const Int128 base = points[end - 2].participants;
  return domain::RoundedQuotient(points[end - 1].participants - base, base, kPercent);
}

}  // namespace

TimelineNeed TimelineNeedOf(const Window& window, std::vector<std::string> channels) {
  const Hour end = window.limited ? window.current.end : kEndOfHours;
  return {.sums = {}, .hours = HoursNeed{{kFirstHour, end}, std::move(channels)}};
}

Buckets TimelineBuckets(const Window& window, const std::vector<HourTotal>& hours,
                        Interval interval) {
  if (window.limited) return BucketsWithin(window.current, interval, window.zone);
  if (hours.empty()) return {};
  return BucketsAround({hours.front().hour, hours.back().hour + 1}, interval, window.zone);
}

size_t CountEnded(const Buckets& buckets, Hour now) {
  const auto& edges = buckets.edges;
  const auto edges_reached = std::upper_bound(edges.begin(), edges.end(), now) - edges.begin();
  return edges_reached > 0 ? static_cast<size_t>(edges_reached - 1) : 0;
}

TimelineView MakeTimelineView(Subject subject, const std::vector<EventSnapshot>& events,
                              const std::vector<HourTotal>& hours, const Window& window,
                              Interval interval, const Buckets& buckets, size_t ended) {
  TimelineView view;
  view.subject = std::move(subject);
  view.interval = interval;
  view.frame = {window, LastUpdatedAt(events)};
  if (buckets.size() > 0) view.shown = buckets.range();
  view.truncated = buckets.truncated;
  view.points = PointsOf(hours, buckets);
  view.peak_participants = PeakOf(view.points, &TimelinePoint::participants);
  view.peak_views = PeakOf(view.points, &TimelinePoint::views);
  view.growth_rate = GrowthRate(view.points, buckets, ended);
  return view;
}

}  // namespace tally::query
