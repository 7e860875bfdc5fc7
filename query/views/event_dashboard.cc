#include "query/views/event_dashboard.h"

#include "query/views/totals.h"

namespace tally::query {

TimelineNeed DashboardNeed(const Window& window) {
  return {.sums = {window.current, window.previous}, .hours = std::nullopt};
}

EventDashboard MakeEventDashboard(const EventSnapshot& snapshot, const Window& window) {
  const domain::Description& description = *snapshot.aggregate.description;
  const Totals totals = TotalsOf(snapshot, window);
  EventDashboard view;
  view.event_id = snapshot.aggregate.event_id;
  view.event_title = description.event_title;
  view.user_id = description.user_id;
  view.status = description.status;
  view.frame = {window, LastUpdatedAt(snapshot.aggregate)};
  view.summary = SummaryOf(totals, description.target_roi);
  view.channel_performance = ChannelPerformances(ChannelTotalsOf(snapshot, window));
  view.roi = RoiBlockOf(totals, description.target_roi);
  return view;
}

}  // namespace tally::query
