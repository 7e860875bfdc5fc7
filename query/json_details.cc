#include "query/json.h"
#include "query/json_blocks.h"
#include "query/json_writer.h"

namespace tally::query {
namespace {

void WriteComparison(JsonWriter& json, const ChannelComparison& comparison) {
  json.BeginObject("comparison");
  json.BeginObject("best");
  json.TextOrNull("impressions", comparison.best_impressions);
  json.TextOrNull("participants", comparison.best_participants);
  json.TextOrNull("conversionRate", comparison.best_conversion_rate);
  json.TextOrNull("costPerAcquisition", comparison.best_cost_per_acquisition);
  json.EndObject();
  json.BeginObject("average");
  json.Fixed2("impressions", comparison.average_impressions);
  json.Fixed2("participants", comparison.average_participants);
  json.Fixed2("conversionRate", comparison.average_conversion_rate);
  json.Fixed2("distributionCost", comparison.average_distribution_cost);
  json.EndObject();
  json.EndObject();
}

void WriteCostAndRevenue(JsonWriter& json, const RoiView& view) {
  json.BeginObject("cost");
  json.Money("totalInvestment", view.total_investment);
  json.Money("distributionCost", view.distribution_cost);
  json.Money("totalCost", view.roi.total_cost);
  json.EndObject();
  json.BeginObject("revenue");
  json.Money("expectedRevenue", view.roi.expected_revenue);
  json.Money("realizedRevenue", view.roi.realized_revenue);
  json.EndObject();
}

void WriteReturn(JsonWriter& json, const RoiView& view) {
  json.BeginObject("roi");
  json.Money("netProfit", view.roi.net_profit);
  json.Fixed2("roi", view.roi.roi);
  json.Money("realizedNetProfit", view.realized_net_profit);
  json.Fixed2("realizedRoi", view.roi.realized_roi);
  json.Fixed2("targetRoi", view.roi.target_roi);
  json.Fixed2("roiAchievement", view.roi.roi_achievement);
  json.EndObject();
  json.BeginObject("efficiency");
  json.Fixed2("costPerAcquisition", view.roi.cost_per_acquisition);
  json.Fixed2("costPerView", view.cost_per_view);
  json.Fixed2("revenuePerParticipant", view.revenue_per_participant);
  json.EndObject();
}

void WriteChannelRois(JsonWriter& json, const std::vector<ChannelRoi>& channels) {
  json.BeginArray("channels");
  for (const ChannelRoi& row : channels) {
    json.BeginObject();
    json.Text("channel", row.channel);
    json.Money("distributionCost", row.distribution_cost);
    json.Money("purchaseAmount", row.purchase_amount);
    json.Fixed2("costPerAcquisition", row.cost_per_acquisition);
    json.Fixed2("costPerView", row.cost_per_view);
    json.EndObject();
  }
  json.EndArray();
}

void WritePoints(JsonWriter& json, const TimelineView& view) {
  json.BeginArray("dataPoints");
  for (const TimelinePoint& point : view.points) {
    json.BeginObject();
    json.Text("timestamp", FormatHour(point.begin, view.frame.window.zone));
    json.Integer("participants", point.participants);
    json.Integer("views", point.views);
    json.Money("purchaseAmount", point.purchase_amount);
    json.Integer("cumulativeParticipants", point.cumulative_participants);
    json.EndObject();
  }
  json.EndArray();
}

void WritePeak(JsonWriter& json, std::string_view key, const std::optional<Peak>& peak,
               absl::TimeZone zone) {
  if (!peak.has_value()) return json.Null(key);
  json.BeginObject(key);
  json.Text("timestamp", FormatHour(peak->begin, zone));
  json.Integer("value", peak->value);
  json.EndObject();
}

}  // namespace

std::string ToJson(const ChannelsView& view) {
  JsonWriter json;
  json.BeginObject();
  WriteSubject(json, view.subject);
  WritePeriod(json, view.frame.window);
  WriteChannels(json, "channels", view.channels);
  WriteComparison(json, view.comparison);
  WriteLastUpdatedAt(json, view.frame);
  json.EndObject();
  return json.Take();
}

std::string ToJson(const RoiView& view) {
  JsonWriter json;
  json.BeginObject();
  WriteSubject(json, view.subject);
  WriteCostAndRevenue(json, view);
  WriteReturn(json, view);
  WriteChannelRois(json, view.channels);
  json.Text("currency", kCurrency);
  WriteLastUpdatedAt(json, view.frame);
  json.EndObject();
  return json.Take();
}

std::string ToJson(const TimelineView& view) {
  const absl::TimeZone zone = view.frame.window.zone;
  JsonWriter json;
  json.BeginObject();
  WriteSubject(json, view.subject);
  json.Text("interval", kIntervalNames[static_cast<size_t>(view.interval)]);
  WritePeriod(json, view.shown, view.frame.window);
  json.Bool("truncated", view.truncated);
  WritePoints(json, view);
  json.BeginObject("peak");
  WritePeak(json, "participants", view.peak_participants, zone);
  WritePeak(json, "views", view.peak_views, zone);
  json.EndObject();
  json.Fixed2("growthRate", view.growth_rate);
  WriteLastUpdatedAt(json, view.frame);
  json.EndObject();
  return json.Take();
}

}  // namespace tally::query
