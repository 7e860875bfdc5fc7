#include "query/json_blocks.h"

namespace tally::query {

void WriteSubject(JsonWriter& json, const Subject& subject) {
  json.Text(subject.level == Level::kEvent ? "eventId" : "userId", subject.id);
}

void WritePeriod(JsonWriter& json, const Window& window) {
  WritePeriod(json, window.limited ? std::optional(window.current) : std::nullopt, window);
}

void WritePeriod(JsonWriter& json, const std::optional<HourRange>& range, const Window& window) {
  if (!range.has_value()) return json.Null("period");
  json.BeginObject("period");
  json.Text("startDate", FormatHour(range->begin, window.zone));
  json.Text("endDate", FormatHour(range->end, window.zone));
  json.Text("timezone", window.timezone);
  json.EndObject();
}

void WriteChannels(JsonWriter& json, std::string_view key,
                   const std::vector<ChannelPerformance>& channels) {
  json.BeginArray(key);
  for (const ChannelPerformance& row : channels) {
    json.BeginObject();
    json.Text("channel", row.channel);
    json.TextOrNull("channelType", row.channel_type);
    json.TextOrNull("status", row.status);
    json.Integer("impressions", row.impressions);
    json.Integer("participants", row.participants);
    json.Fixed2("conversionRate", row.conversion_rate);
    json.Money("purchaseAmount", row.purchase_amount);
    json.Money("distributionCost", row.distribution_cost);
    json.Fixed2("costPerAcquisition", row.cost_per_acquisition);
    json.EndObject();
  }
  json.EndArray();
}

void WriteLastUpdatedAt(JsonWriter& json, const Frame& frame) {
  if (!frame.last_updated_at.has_value()) return json.Null("lastUpdatedAt");
  json.Text("lastUpdatedAt", FormatTime(*frame.last_updated_at, frame.window.zone));
}

}  // namespace tally::query
