#include "query/views/roi.h"

#include <algorithm>
#include <utility>

#include "processor/domain/money.h"
#include "query/views/merged_channels.h"

namespace tally::query {
namespace {

using domain::RoundedQuotient;

constexpr uint64_t kPerUnit = 1;  // money is in hundredths already

Totals SumOf(const std::vector<EventSnapshot>& events, const Window& window) {
  Totals sum;
  for (const EventSnapshot& event : events) sum += TotalsOf(event, window);
  return sum;
}

std::vector<ChannelRoi> ChannelRois(std::vector<ChannelTotals> channels) {
  std::sort(channels.begin(), channels.end(), [](const ChannelTotals& a, const ChannelTotals& b) {
    if (a.distribution_cost != b.distribution_cost) {
      return a.distribution_cost > b.distribution_cost;
    }
    return a.channel < b.channel;
  });
  std::vector<ChannelRoi> rows;
  rows.reserve(channels.size());
  for (ChannelTotals& channel : channels) {
    ChannelRoi& row = rows.emplace_back();
    row.distribution_cost = channel.distribution_cost;
    row.purchase_amount = channel.purchase_amount;
    row.cost_per_acquisition = CostPerAcquisition(channel);
    row.cost_per_view = RoundedQuotient(channel.distribution_cost, channel.impressions, kPerUnit);
    row.channel = std::move(channel.channel);
  }
  return rows;
}

}  // namespace

RoiView MakeRoiView(Subject subject, const std::vector<EventSnapshot>& events,
                    const Window& window) {
  Window lifetime = window;
  lifetime.limited = false;
  const Totals totals = SumOf(events, lifetime);
  const Int128 target_roi = subject.level == Level::kEvent
                                ? Int128{events.front().aggregate.description->target_roi}
                                : WeightedTargetRoi(totals);
  RoiView view;
  view.channels = ChannelRois(ChannelTotalsOf(subject.level, events, lifetime));
  view.subject = std::move(subject);
  view.frame = {lifetime, LastUpdatedAt(events)};
  view.total_investment = totals.total_investment;
  view.distribution_cost = totals.total_cost - totals.total_investment;
  view.roi = RoiBlockOf(totals, target_roi);
  view.realized_net_profit = totals.realized_revenue - totals.total_cost;
  view.cost_per_view = RoundedQuotient(totals.total_cost, totals.views_lifetime, kPerUnit);
  view.revenue_per_participant =
      RoundedQuotient(totals.realized_revenue, totals.participants_lifetime, kPerUnit);
  return view;
}

}  // namespace tally::query
