// Sums from which every rate is computed, once, at the end: never an average of percentages.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "query/views/common.h"

namespace tally::query {

// Of one channel, of one or many events.
struct ChannelTotals {
  std::string channel;
  std::optional<std::string> channel_type;
  std::optional<std::string> status;
  Int128 impressions = 0;  // in the window, as are the next two
  Int128 participants = 0;
  Int128 purchase_amount = 0;
  Int128 distribution_cost = 0;  // lifetime, as is the next
  Int128 participants_lifetime = 0;
};

// Of one or many events.
struct Totals {
  Int128 participants = 0;  // in the window, as are the next two
  Int128 views = 0;
  Int128 purchase_amount = 0;
  Int128 participants_delta = 0;
  Int128 total_investment = 0;  // lifetime, as is all that follows
  Int128 total_cost = 0;
  Int128 expected_revenue = 0;
  Int128 realized_revenue = 0;
  Int128 participants_lifetime = 0;
  Int128 views_lifetime = 0;
  Int128 target_roi_by_cost = 0;  // sum of targetRoi * totalCost

  Totals& operator+=(const Totals& other);
};

// `snapshot` was read with the window's ranges as its sums: at least the current one where a period
// limits it, and the one before for participants_delta, which is 0 without it.
std::vector<ChannelTotals> ChannelTotalsOf(const EventSnapshot& snapshot, const Window& window);
Totals TotalsOf(const EventSnapshot& snapshot, const Window& window);

Int128 EngagementRate(const Totals& totals);
std::optional<Int128> Roi(const Totals& totals);

// `target_roi`: of a single event its own, of several the weighted one.
Summary SummaryOf(const Totals& totals, Int128 target_roi);
RoiBlock RoiBlockOf(const Totals& totals, Int128 target_roi);
// targetRoi weighted by totalCost; 0 when there are no costs.
Int128 WeightedTargetRoi(const Totals& totals);

// A channel's cost for each of its participants, lifetime; nullopt when it has none.
std::optional<Int128> CostPerAcquisition(const ChannelTotals& channel);

// By impressions descending, then by name.
std::vector<ChannelPerformance> ChannelPerformances(std::vector<ChannelTotals> channels);

}  // namespace tally::query
