#include "query/views/channels.h"

#include <algorithm>
#include <utility>

#include "processor/domain/money.h"
#include "query/views/merged_channels.h"

namespace tally::query {
namespace {

using domain::RoundedQuotient;
using Rows = std::vector<ChannelPerformance>;

constexpr uint64_t kPercent = 10'000;  // to hundredths of a percent
constexpr uint64_t kCountAverage = 100;
constexpr uint64_t kMoneyAverage = 1;

std::optional<Int128> KeyOf(const ChannelPerformance& row, ChannelSortKey sort_by) {
  switch (sort_by) {
    case ChannelSortKey::kImpressions:
      return row.impressions;
    case ChannelSortKey::kParticipants:
      return row.participants;
    case ChannelSortKey::kConversionRate:
      return row.conversion_rate;
    case ChannelSortKey::kDistributionCost:
      return row.distribution_cost;
    case ChannelSortKey::kCostPerAcquisition:
      return row.cost_per_acquisition;
    case ChannelSortKey::kChannel:
      return std::nullopt;
  }
  return std::nullopt;
}

bool Before(const ChannelPerformance& a, const ChannelPerformance& b, ChannelSortKey sort_by,
            bool ascending) {
  if (sort_by == ChannelSortKey::kChannel && !ascending) return a.channel > b.channel;
  const std::optional<Int128> left = KeyOf(a, sort_by);
  const std::optional<Int128> right = KeyOf(b, sort_by);
  if (left.has_value() != right.has_value()) return left.has_value();
  if (left != right) return ascending ? *left < *right : *left > *right;
  return a.channel < b.channel;
}

// The row that sorting would put first, if it has a value.
std::optional<std::string> BestBy(const Rows& rows, ChannelSortKey key, bool ascending) {
  const auto best = std::min_element(rows.begin(), rows.end(), [&](const auto& a, const auto& b) {
    return Before(a, b, key, ascending);
  });
  if (best == rows.end() || !KeyOf(*best, key).has_value()) return std::nullopt;
  return best->channel;
}

ChannelComparison Compare(const Rows& rows) {
  ChannelComparison comparison;
  comparison.best_impressions = BestBy(rows, ChannelSortKey::kImpressions, false);
  comparison.best_participants = BestBy(rows, ChannelSortKey::kParticipants, false);
  comparison.best_conversion_rate = BestBy(rows, ChannelSortKey::kConversionRate, false);
  comparison.best_cost_per_acquisition = BestBy(rows, ChannelSortKey::kCostPerAcquisition, true);
  if (rows.empty()) return comparison;
  Int128 impressions = 0, participants = 0, cost = 0;
  for (const ChannelPerformance& row : rows) {
    impressions += row.impressions;
    participants += row.participants;
    cost += row.distribution_cost;
  }
  const auto count = static_cast<Int128>(rows.size());
  comparison.average_impressions = RoundedQuotient(impressions, count, kCountAverage);
  comparison.average_participants = RoundedQuotient(participants, count, kCountAverage);
  comparison.average_conversion_rate =
      RoundedQuotient(participants, impressions, kPercent).value_or(0);
  comparison.average_distribution_cost = RoundedQuotient(cost, count, kMoneyAverage);
  return comparison;
}

void KeepOnly(const std::vector<std::string>& names, std::vector<ChannelTotals>& channels) {
  if (names.empty()) return;
  std::erase_if(channels, [&](const ChannelTotals& channel) {
    return !std::binary_search(names.begin(), names.end(), channel.channel);
  });
}

}  // namespace

TimelineNeed ChannelsNeed(const Window& window) {
  TimelineNeed need;
  if (window.limited) need.sums.push_back(window.current);
  return need;
}

ChannelsView MakeChannelsView(Subject subject, const std::vector<EventSnapshot>& events,
                              const Window& window, const ChannelSelection& selection) {
  ChannelsView view;
  std::vector<ChannelTotals> channels = ChannelTotalsOf(subject.level, events, window);
  KeepOnly(selection.names, channels);
  view.subject = std::move(subject);
  view.frame = {window, LastUpdatedAt(events)};
  view.channels = ChannelPerformances(std::move(channels));
  std::sort(view.channels.begin(), view.channels.end(), [&](const auto& a, const auto& b) {
    return Before(a, b, selection.sort_by, selection.ascending);
  });
  view.comparison = Compare(view.channels);
  return view;
}

}  // namespace tally::query
