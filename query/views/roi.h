// GET /api/v1/{events|users}/{id}/analytics/roi
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "query/views/common.h"

namespace tally::query {

struct ChannelRoi {
  std::string channel;
  Int128 distribution_cost = 0;
  Int128 purchase_amount = 0;
  std::optional<Int128> cost_per_acquisition;
  std::optional<Int128> cost_per_view;
};

// All of it lifetime. A user's is made of the sums over the events; its targetRoi is weighted.
struct RoiView {
  Subject subject;
  Frame frame;  // only the zone matters
  Int128 total_investment = 0;
  Int128 distribution_cost = 0;
  RoiBlock roi;
  Int128 realized_net_profit = 0;
  // Per-unit values: nullopt when there is no unit.
  std::optional<Int128> cost_per_view;
  std::optional<Int128> revenue_per_participant;  // realized
  std::vector<ChannelRoi> channels;               // by distribution cost descending, then by name
};

// `events`: the one, or the user's; nothing of the timelines is needed. Pure.
RoiView MakeRoiView(Subject subject, const std::vector<EventSnapshot>& events,
                    const Window& window);

}  // namespace tally::query
