// GET /api/v1/{events|users}/{id}/analytics/channels
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "query/views/common.h"

namespace tally::query {

enum class ChannelSortKey : uint8_t {
  kImpressions,
  kParticipants,
  kConversionRate,
  kDistributionCost,
  kCostPerAcquisition,
  kChannel,
};

// Which channels are listed, and in which order.
struct ChannelSelection {
  std::vector<std::string> names;  // NFC, ascending; empty: all. One that does not exist is no row.
  ChannelSortKey sort_by = ChannelSortKey::kImpressions;
  bool ascending = false;
};

// Over the channels listed. Everything is null without channels, costPerAcquisition also when no
// channel has one.
struct ChannelComparison {
  // Names: of the highest, of costs the lowest; of the values as shown, ties by name.
  std::optional<std::string> best_impressions;
  std::optional<std::string> best_participants;
  std::optional<std::string> best_conversion_rate;
  std::optional<std::string> best_cost_per_acquisition;
  // Hundredths; the rate is that of the sums.
  std::optional<Int128> average_impressions;
  std::optional<Int128> average_participants;
  std::optional<Int128> average_conversion_rate;
  std::optional<Int128> average_distribution_cost;
};

struct ChannelsView {
  Subject subject;
  Frame frame;
  std::vector<ChannelPerformance> channels;  // nulls last, ties ascending by name in either order
  ChannelComparison comparison;
};

// The period's sums; nothing without a period.
TimelineNeed ChannelsNeed(const Window& window);

// `events` were read with ChannelsNeed(window): the one, or the user's. Pure.
ChannelsView MakeChannelsView(Subject subject, const std::vector<EventSnapshot>& events,
                              const Window& window, const ChannelSelection& selection);

}  // namespace tally::query
