#include "tests/fuzz/event_text.h"

#include "processor/domain/money.h"
#include "processor/domain/time.h"
#include "tally/v1/events.pb.h"
#include "tests/processor/domain/json_text.h"

namespace tally::fuzz {
namespace {

using domain::JsonText;
using domain::Millis;

// In a zone in which the year is what the rules ask for: they look at the year as written.
std::string TimeText(Millis time) {
  constexpr int32_t kFarthest = 23 * 60 + 59;
  const int64_t year = domain::YearAt(time, 0);
  const int32_t offset = year < 2000 ? kFarthest : year == 2100 || year > 9999 ? -kFarthest : 0;
  return domain::FormatTime(time, offset);
}

void Text(JsonText& json, std::string_view name, std::string_view value) {
  json.Key(name);
  json.String(value);
}
void Raw(JsonText& json, std::string_view name, std::string_view value) {
  json.Key(name);
  json.Raw(value);
}
void Time(JsonText& json, std::string_view name, std::optional<Millis> time) {
  if (time.has_value()) Text(json, name, TimeText(*time));
}

void SetTime(Millis time, google::protobuf::Timestamp* to) {
  const Millis beyond = (time % 1000 + 1000) % 1000;
  to->set_seconds((time - beyond) / 1000);
  to->set_nanos(static_cast<int32_t>(beyond * 1'000'000));
}

std::string Copy(std::string_view text) { return std::string(text); }

}  // namespace

std::string ToJson(const domain::EventCreated& event) {
  JsonText json;
  json.Open('{');
  Text(json, "eventId", event.event_id);
  Text(json, "userId", event.user_id);
  Text(json, "eventTitle", event.event_title);
  Text(json, "status", event.status);
  Time(json, "startDate", event.start);
  Time(json, "endDate", event.end);
  Time(json, "createdAt", event.created_at);
  Raw(json, "totalInvestment", domain::FormatMoney(event.total_investment));
  Raw(json, "expectedRevenue", domain::FormatMoney(event.expected_revenue));
  Raw(json, "targetRoi", domain::FormatFixed2(event.target_roi));
  json.Close('}');
  return json.text();
}

std::string ToJson(const domain::ParticipantRegistered& event) {
  JsonText json;
  json.Open('{');
  Text(json, "eventId", event.event_id);
  Text(json, "participantId", event.participant_id);
  Text(json, "channel", event.channel);
  Time(json, "registeredAt", event.registered_at);
  Text(json, "purchaseAmount", domain::FormatMoney(event.purchase_amount));
  json.Close('}');
  return json.text();
}

std::string ToJson(const domain::DistributionCompleted& event) {
  JsonText json;
  json.Open('{');
  Text(json, "eventId", event.event_id);
  Time(json, "completedAt", event.completed_at);
  json.Key("distributedChannels");
  json.Open('[');
  for (const domain::ChannelDistribution& channel : event.channels) {
    json.Open('{');
    Text(json, "channel", channel.channel);
    Text(json, "channelType", channel.channel_type);
    Text(json, "status", channel.status);
    Raw(json, "expectedViews", domain::FormatInteger(channel.expected_views));
    Raw(json, "distributionCost", domain::FormatMoney(channel.distribution_cost));
    Text(json, "distributionId", channel.distribution_id);
    json.Close('}');
  }
  json.Close(']');
  json.Close('}');
  return json.text();
}

std::string ToProtobuf(const domain::EventCreated& event) {
  v1::EventCreated message;
  message.set_event_id(Copy(event.event_id));
  message.set_user_id(Copy(event.user_id));
  message.set_event_title(Copy(event.event_title));
  message.set_status(Copy(event.status));
  if (event.start.has_value()) SetTime(*event.start, message.mutable_start_date());
  if (event.end.has_value()) SetTime(*event.end, message.mutable_end_date());
  SetTime(event.created_at, message.mutable_created_at());
  message.set_total_investment(event.total_investment);
  message.set_expected_revenue(event.expected_revenue);
  message.set_target_roi(event.target_roi);
  return message.SerializeAsString();
}

std::string ToProtobuf(const domain::ParticipantRegistered& event) {
  v1::ParticipantRegistered message;
  message.set_event_id(Copy(event.event_id));
  message.set_participant_id(Copy(event.participant_id));
  message.set_channel(Copy(event.channel));
  SetTime(event.registered_at, message.mutable_registered_at());
  message.set_purchase_amount(event.purchase_amount);
  return message.SerializeAsString();
}

std::string ToProtobuf(const domain::DistributionCompleted& event) {
  v1::DistributionCompleted message;
  message.set_event_id(Copy(event.event_id));
  SetTime(event.completed_at, message.mutable_completed_at());
  for (const domain::ChannelDistribution& channel : event.channels) {
    v1::DistributedChannel* element = message.add_distributed_channels();
    element->set_channel(Copy(channel.channel));
    element->set_channel_type(Copy(channel.channel_type));
    element->set_status(Copy(channel.status));
    element->set_expected_views(channel.expected_views);
    element->set_distribution_cost(channel.distribution_cost);
    element->set_distribution_id(Copy(channel.distribution_id));
  }
  return message.SerializeAsString();
}

}  // namespace tally::fuzz
