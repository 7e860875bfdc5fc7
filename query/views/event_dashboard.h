// GET /api/v1/events/{eventId}/analytics
#pragma once

#include <string>
#include <vector>

#include "query/views/common.h"

namespace tally::query {

struct EventDashboard {
  std::string event_id;
  std::string event_title;
  std::string user_id;
  std::string status;
  Frame frame;
  Summary summary;
  std::vector<ChannelPerformance> channel_performance;  // by impressions descending, then name
  RoiBlock roi;
};

// What the dashboards need read: the sums of the window's two ranges.
TimelineNeed DashboardNeed(const Window& window);

// `snapshot` was read with DashboardNeed(window) and has a description. Pure.
EventDashboard MakeEventDashboard(const EventSnapshot& snapshot, const Window& window);

}  // namespace tally::query
