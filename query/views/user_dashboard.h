// GET /api/v1/users/{userId}/analytics
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "query/views/common.h"

namespace tally::query {

enum class EventSortKey : uint8_t { kParticipants, kTotalViews, kEngagementRate, kRoi, kEventId };

struct EventPage {
  int64_t page = 0;  // from 0
  int64_t size = 20;
  EventSortKey sort_by = EventSortKey::kParticipants;
  bool ascending = false;
};

struct EventPerformance {
  std::string event_id;
  std::string event_title;
  std::string status;
  Int128 participants = 0;
  Int128 total_views = 0;
  Int128 engagement_rate = 0;  // percent
  Int128 total_cost = 0;
  std::optional<Int128> roi;  // percent
};

struct UserDashboard {
  std::string user_id;
  int64_t total_events = 0;
  int64_t active_events = 0;
  Frame frame;
  Summary summary;
  // Summed by channel name; the status is null, the type too where the events differ.
  std::vector<ChannelPerformance> channel_performance;
  RoiBlock roi;
  EventPage page;
  int64_t total_pages = 0;
  std::vector<EventPerformance> event_performances;  // of the page asked for
};

// `events` were read with DashboardNeed(window) and have descriptions; order does not matter. Pure.
UserDashboard MakeUserDashboard(std::string user_id, const std::vector<EventSnapshot>& events,
                                const Window& window, const EventPage& page);

}  // namespace tally::query
