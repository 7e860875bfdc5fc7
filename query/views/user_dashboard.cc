#include "query/views/user_dashboard.h"

#include <algorithm>
#include <utility>

#include "query/views/merged_channels.h"
#include "query/views/totals.h"

namespace tally::query {
namespace {

// One event on its way into the page. What is sorted by are the values as shown, so that a tie is
// what a reader sees as a tie.
struct Candidate {
  const domain::EventAggregate* event = nullptr;
  Totals totals;
  std::optional<Int128> key;  // nullopt sorts last
};

std::optional<Int128> KeyOf(const Totals& totals, EventSortKey sort_by) {
  switch (sort_by) {
    case EventSortKey::kParticipants:
      return totals.participants;
    case EventSortKey::kTotalViews:
      return totals.views;
    case EventSortKey::kEngagementRate:
      return EngagementRate(totals);
    case EventSortKey::kRoi:
      return Roi(totals);
    case EventSortKey::kEventId:
      return std::nullopt;
  }
  return std::nullopt;
}

bool Before(const Candidate& a, const Candidate& b, const EventPage& page) {
  if (page.sort_by == EventSortKey::kEventId && !page.ascending) {
    return a.event->event_id > b.event->event_id;
  }
  if (a.key.has_value() != b.key.has_value()) return a.key.has_value();
  if (a.key != b.key) return page.ascending ? *a.key < *b.key : *a.key > *b.key;
  return a.event->event_id < b.event->event_id;
}

EventPerformance PerformanceOf(const Candidate& candidate) {
  const domain::Description& description = *candidate.event->description;
  EventPerformance item;
  item.event_id = candidate.event->event_id;
  item.event_title = description.event_title;
  item.status = description.status;
  item.participants = candidate.totals.participants;
  item.total_views = candidate.totals.views;
  item.engagement_rate = EngagementRate(candidate.totals);
  item.total_cost = candidate.totals.total_cost;
  item.roi = Roi(candidate.totals);
  return item;
}

std::vector<EventPerformance> PageOf(std::vector<Candidate> candidates, const EventPage& page) {
  const auto count = static_cast<int64_t>(candidates.size());
  if (page.page > count / page.size) return {};
  const int64_t begin = std::min(page.page * page.size, count);
  const int64_t end = std::min(begin + page.size, count);
  std::partial_sort(candidates.begin(), candidates.begin() + end, candidates.end(),
                    [&page](const Candidate& a, const Candidate& b) { return Before(a, b, page); });
  std::vector<EventPerformance> items;
  items.reserve(static_cast<size_t>(end - begin));
  for (int64_t i = begin; i < end; ++i) {
    items.push_back(PerformanceOf(candidates[static_cast<size_t>(i)]));
  }
  return items;
}

}  // namespace

UserDashboard MakeUserDashboard(std::string user_id, const std::vector<EventSnapshot>& events,
                                const Window& window, const EventPage& page) {
  UserDashboard view;
  Totals totals;
  std::vector<Candidate> candidates;
  candidates.reserve(events.size());
  view.frame = {window, LastUpdatedAt(events)};
  for (const EventSnapshot& event : events) {
    Candidate candidate{&event.aggregate, TotalsOf(event, window), std::nullopt};
    candidate.key = KeyOf(candidate.totals, page.sort_by);
    totals += candidate.totals;
    if (event.aggregate.description->status == kActiveStatus) ++view.active_events;
    candidates.push_back(std::move(candidate));
  }
  const Int128 target_roi = WeightedTargetRoi(totals);
  view.user_id = std::move(user_id);
  view.total_events = static_cast<int64_t>(events.size());
  view.summary = SummaryOf(totals, target_roi);
  view.channel_performance = ChannelPerformances(MergeByName(events, window));
  view.roi = RoiBlockOf(totals, target_roi);
  view.page = page;
  view.total_pages = (view.total_events + page.size - 1) / page.size;
  view.event_performances = PageOf(std::move(candidates), page);
  return view;
}

}  // namespace tally::query
