// How long an answer is, in rows of its lists: what writing it down takes grows with that.
#pragma once

#include <cstddef>

#include "query/views/channels.h"
#include "query/views/event_dashboard.h"
#include "query/views/roi.h"
#include "query/views/timeline.h"
#include "query/views/user_dashboard.h"

namespace tally::query {

inline size_t RowsOf(const EventDashboard& view) { return view.channel_performance.size(); }
inline size_t RowsOf(const UserDashboard& view) {
  return view.channel_performance.size() + view.event_performances.size();
}
inline size_t RowsOf(const ChannelsView& view) { return view.channels.size(); }
inline size_t RowsOf(const RoiView& view) { return view.channels.size(); }
inline size_t RowsOf(const TimelineView& view) { return view.points.size(); }

}  // namespace tally::query
