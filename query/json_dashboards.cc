#include "query/json.h"
#include "query/json_blocks.h"
#include "query/json_writer.h"

namespace tally::query {
namespace {

void WriteSummary(JsonWriter& json, const Summary& summary) {
  json.BeginObject("summary");
  json.Integer("participants", summary.participants);
  json.Integer("participantsDelta", summary.participants_delta);
  json.Integer("totalViews", summary.total_views);
  json.Fixed2("engagementRate", summary.engagement_rate);
  json.Money("purchaseAmount", summary.purchase_amount);
  json.Fixed2("targetRoi", summary.target_roi);
  json.EndObject();
}

void WriteRoi(JsonWriter& json, const RoiBlock& roi) {
  json.BeginObject("roi");
  json.Money("totalCost", roi.total_cost);
  json.Money("expectedRevenue", roi.expected_revenue);
  json.Money("netProfit", roi.net_profit);
  json.Fixed2("roi", roi.roi);
  json.Money("realizedRevenue", roi.realized_revenue);
  json.Fixed2("realizedRoi", roi.realized_roi);
  json.Fixed2("targetRoi", roi.target_roi);
  json.Fixed2("roiAchievement", roi.roi_achievement);
  json.Fixed2("costPerAcquisition", roi.cost_per_acquisition);
  json.EndObject();
}

void WriteEvents(JsonWriter& json, const UserDashboard& view) {
  json.BeginObject("eventPerformances");
  json.Integer("page", view.page.page);
  json.Integer("size", view.page.size);
  json.Integer("totalElements", view.total_events);
  json.Integer("totalPages", view.total_pages);
  json.BeginArray("items");
  for (const EventPerformance& item : view.event_performances) {
    json.BeginObject();
    json.Text("eventId", item.event_id);
    json.Text("eventTitle", item.event_title);
    json.Text("status", item.status);
    json.Integer("participants", item.participants);
    json.Integer("totalViews", item.total_views);
    json.Fixed2("engagementRate", item.engagement_rate);
    json.Money("totalCost", item.total_cost);
    json.Fixed2("roi", item.roi);
    json.EndObject();
  }
  json.EndArray();
  json.EndObject();
}

}  // namespace

std::string ToJson(const EventDashboard& view) {
  JsonWriter json;
  json.BeginObject();
  json.Text("eventId", view.event_id);
  json.Text("eventTitle", view.event_title);
  json.Text("userId", view.user_id);
  json.Text("status", view.status);
  WritePeriod(json, view.frame.window);
  WriteSummary(json, view.summary);
  WriteChannels(json, "channelPerformance", view.channel_performance);
  WriteRoi(json, view.roi);
  json.Text("currency", kCurrency);
  WriteLastUpdatedAt(json, view.frame);
  json.EndObject();
  return json.Take();
}

std::string ToJson(const UserDashboard& view) {
  JsonWriter json;
  json.BeginObject();
  json.Text("userId", view.user_id);
  json.Integer("totalEvents", view.total_events);
  json.Integer("activeEvents", view.active_events);
  WritePeriod(json, view.frame.window);
  WriteSummary(json, view.summary);
  WriteChannels(json, "channelPerformance", view.channel_performance);
  WriteRoi(json, view.roi);
  WriteEvents(json, view);
  json.Text("currency", kCurrency);
  WriteLastUpdatedAt(json, view.frame);
  json.EndObject();
  return json.Take();
}

}  // namespace tally::query
