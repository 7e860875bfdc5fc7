// GET /api/v1/{events|users}/{id}/analytics/timeline
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "query/calendar.h"
#include "query/views/common.h"

namespace tally::query {

struct TimelinePoint {
  domain::Hour begin = 0;
  Int128 participants = 0;
  Int128 views = 0;
  Int128 purchase_amount = 0;
  Int128 cumulative_participants = 0;  // since the beginning of time, not of the timeline
};

struct Peak {
  domain::Hour begin = 0;  // of the earliest bucket that has it
  Int128 value = 0;        // never 0
};

struct TimelineView {
  Subject subject;
  Interval interval = Interval::kDaily;
  Frame frame;
  std::optional<HourRange> shown;  // nullopt: no period was asked for, and there is no data
  bool truncated = false;
  std::vector<TimelinePoint> points;
  std::optional<Peak> peak_participants;
  std::optional<Peak> peak_views;
  std::optional<Int128> growth_rate;  // percent
};

// Hours up to the period's end, for the cumulative counts from the first on; without a period, all.
TimelineNeed TimelineNeedOf(const Window& window, std::vector<std::string> channels);

// Those of the period, whose number was checked; without one, those from the first to the last with
// data, none without data. The caller must CheckZone what is not of a period.
Buckets TimelineBuckets(const Window& window, const std::vector<HourTotal>& hours,
                        Interval interval);

// How many of the buckets have ended at the beginning of hour `now`. All that a timeline has of the
// clock.
size_t CountEnded(const Buckets& buckets, domain::Hour now);

// `hours` were read with TimelineNeedOf(window, …). Pure.
TimelineView MakeTimelineView(Subject subject, const std::vector<EventSnapshot>& events,
                              const std::vector<HourTotal>& hours, const Window& window,
                              Interval interval, const Buckets& buckets, size_t ended);

}  // namespace tally::query
