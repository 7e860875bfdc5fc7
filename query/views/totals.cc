#include "query/views/totals.h"

#include <algorithm>
#include <utility>

#include "processor/domain/money.h"

namespace tally::query {
namespace {

using domain::RoundedQuotient;

constexpr uint64_t kPercent = 10'000;  // to hundredths of a percent
constexpr uint64_t kPerUnit = 1;       // money is in hundredths already

enum RangeIndex : size_t { kCurrent = 0, kPrevious = 1 };

// Zero where the range was not read.
domain::HourCounts SumOf(const EventSnapshot& snapshot, RangeIndex range) {
  domain::HourCounts sum;
  if (range >= snapshot.sums.size()) return sum;
  for (const auto& [channel, counts] : snapshot.sums[range].channels) sum += counts;
  return sum;
}

ChannelTotals Lifetime(const domain::Channel& channel) {
  ChannelTotals totals;
  totals.channel = channel.name;
  if (channel.distributions > 0) {
    totals.channel_type = channel.channel_type;
    totals.status = channel.status;
  }
  totals.impressions = channel.impressions;
  totals.participants = channel.participants;
  totals.purchase_amount = channel.purchase_amount;
  totals.distribution_cost = channel.distribution_cost;
  totals.participants_lifetime = channel.participants;
  return totals;
}

ChannelPerformance PerformanceOf(ChannelTotals totals) {
  ChannelPerformance row;
  row.channel = std::move(totals.channel);
  row.channel_type = std::move(totals.channel_type);
  row.status = std::move(totals.status);
  row.impressions = totals.impressions;
  row.participants = totals.participants;
  row.conversion_rate =
      RoundedQuotient(totals.participants, totals.impressions, kPercent).value_or(0);
  row.purchase_amount = totals.purchase_amount;
  row.distribution_cost = totals.distribution_cost;
  row.cost_per_acquisition = CostPerAcquisition(totals);
  return row;
}

}  // namespace

Totals& Totals::operator+=(const Totals& other) {
  participants += other.participants;
  views += other.views;
  purchase_amount += other.purchase_amount;
  participants_delta += other.participants_delta;
  total_investment += other.total_investment;
  total_cost += other.total_cost;
  expected_revenue += other.expected_revenue;
  realized_revenue += other.realized_revenue;
  participants_lifetime += other.participants_lifetime;
  views_lifetime += other.views_lifetime;
  target_roi_by_cost += other.target_roi_by_cost;
  return *this;
}

std::vector<ChannelTotals> ChannelTotalsOf(const EventSnapshot& snapshot, const Window& window) {
  std::vector<ChannelTotals> channels;
  channels.reserve(snapshot.aggregate.channels.size());
  for (const domain::Channel& channel : snapshot.aggregate.channels) {
    channels.push_back(Lifetime(channel));
  }
  if (!window.limited) return channels;
  for (ChannelTotals& totals : channels) {
    totals.impressions = totals.participants = totals.purchase_amount = 0;
  }
  for (const auto& [index, counts] : snapshot.sums[kCurrent].channels) {
    channels[index].impressions = counts.views;
    channels[index].participants = counts.participants;
    channels[index].purchase_amount = counts.purchase_amount;
  }
  return channels;
}

Totals TotalsOf(const EventSnapshot& snapshot, const Window& window) {
  const domain::EventAggregate& event = snapshot.aggregate;
  const domain::HourCounts current = SumOf(snapshot, kCurrent);
  Totals totals;
  totals.participants_delta = current.participants - SumOf(snapshot, kPrevious).participants;
  totals.total_investment = event.description->total_investment;
  totals.total_cost = totals.total_investment;
  for (const domain::Channel& channel : event.channels) {
    totals.total_cost += channel.distribution_cost;
    totals.realized_revenue += channel.purchase_amount;
  }
  totals.expected_revenue = event.description->expected_revenue;
  totals.participants_lifetime = event.participants;
  totals.views_lifetime = event.TotalViews();
  totals.target_roi_by_cost = totals.total_cost * event.description->target_roi;
  totals.participants = window.limited ? Int128{current.participants} : Int128{event.participants};
  totals.views = window.limited ? current.views : totals.views_lifetime;
  totals.purchase_amount = window.limited ? current.purchase_amount : totals.realized_revenue;
  return totals;
}

Int128 EngagementRate(const Totals& totals) {
  return RoundedQuotient(totals.participants, totals.views, kPercent).value_or(0);
}

std::optional<Int128> Roi(const Totals& totals) {
  return RoundedQuotient(totals.expected_revenue - totals.total_cost, totals.total_cost, kPercent);
}

Summary SummaryOf(const Totals& totals, Int128 target_roi) {
  Summary summary;
  summary.participants = totals.participants;
  summary.participants_delta = totals.participants_delta;
  summary.total_views = totals.views;
  summary.engagement_rate = EngagementRate(totals);
  summary.purchase_amount = totals.purchase_amount;
  summary.target_roi = target_roi;
  return summary;
}

RoiBlock RoiBlockOf(const Totals& totals, Int128 target_roi) {
  RoiBlock block;
  block.total_cost = totals.total_cost;
  block.expected_revenue = totals.expected_revenue;
  block.net_profit = totals.expected_revenue - totals.total_cost;
  block.roi = Roi(totals);
  block.realized_revenue = totals.realized_revenue;
  block.realized_roi =
      RoundedQuotient(totals.realized_revenue - totals.total_cost, totals.total_cost, kPercent);
  block.target_roi = target_roi;
  // roi / targetRoi with totalCost cancelled out, so that nothing is rounded before the end; the
  // denominator is 0 exactly when there are no costs or no target.
  block.roi_achievement = RoundedQuotient(block.net_profit, totals.target_roi_by_cost, 100'000'000);
  block.cost_per_acquisition =
      RoundedQuotient(totals.total_cost, totals.participants_lifetime, kPerUnit);
  return block;
}

Int128 WeightedTargetRoi(const Totals& totals) {
  return RoundedQuotient(totals.target_roi_by_cost, totals.total_cost, 1).value_or(0);
}

std::optional<Int128> CostPerAcquisition(const ChannelTotals& channel) {
  return RoundedQuotient(channel.distribution_cost, channel.participants_lifetime, kPerUnit);
}

std::vector<ChannelPerformance> ChannelPerformances(std::vector<ChannelTotals> channels) {
  std::sort(channels.begin(), channels.end(), [](const ChannelTotals& a, const ChannelTotals& b) {
    if (a.impressions != b.impressions) return a.impressions > b.impressions;
    return a.channel < b.channel;
  });
  std::vector<ChannelPerformance> rows;
  rows.reserve(channels.size());
  for (ChannelTotals& channel : channels) rows.push_back(PerformanceOf(std::move(channel)));
  return rows;
}

}  // namespace tally::query
