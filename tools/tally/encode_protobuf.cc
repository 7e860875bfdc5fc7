#include "tally/v1/events.pb.h"
#include "tools/tally/encode.h"

namespace tally::cli {
namespace {

std::string Text(std::string_view text) { return std::string(text); }

void SetTime(domain::Millis time, google::protobuf::Timestamp* out) {
  const int64_t millis = (time % 1000 + 1000) % 1000;
  out->set_seconds((time - millis) / 1000);
  out->set_nanos(static_cast<int32_t>(millis * 1'000'000));
}

}  // namespace

void AppendProtobuf(const domain::EventCreated& event, std::string* out) {
  v1::EventCreated message;
  message.set_event_id(Text(event.event_id));
  message.set_user_id(Text(event.user_id));
  message.set_event_title(Text(event.event_title));
  message.set_status(Text(event.status));
  if (event.start) SetTime(*event.start, message.mutable_start_date());
  if (event.end) SetTime(*event.end, message.mutable_end_date());
  SetTime(event.created_at, message.mutable_created_at());
  message.set_total_investment(event.total_investment);
  message.set_expected_revenue(event.expected_revenue);
  message.set_target_roi(event.target_roi);
  message.AppendToString(out);
}

void AppendProtobuf(const domain::ParticipantRegistered& event, std::string* out) {
  v1::ParticipantRegistered message;
  message.set_event_id(Text(event.event_id));
  message.set_participant_id(Text(event.participant_id));
  message.set_channel(Text(event.channel));
  SetTime(event.registered_at, message.mutable_registered_at());
  message.set_purchase_amount(event.purchase_amount);
  message.AppendToString(out);
}

void AppendProtobuf(const domain::DistributionCompleted& event, std::string* out) {
  v1::DistributionCompleted message;
  message.set_event_id(Text(event.event_id));
  SetTime(event.completed_at, message.mutable_completed_at());
  for (const domain::ChannelDistribution& channel : event.channels) {
    v1::DistributedChannel& element = *message.add_distributed_channels();
    element.set_channel(Text(channel.channel));
    element.set_channel_type(Text(channel.channel_type));
    element.set_status(Text(channel.status));
    element.set_expected_views(channel.expected_views);
    element.set_distribution_cost(channel.distribution_cost);
    element.set_distribution_id(Text(channel.distribution_id));
  }
  message.AppendToString(out);
}

}  // namespace tally::cli
