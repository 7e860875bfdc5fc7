#include "processor/domain/decode_protobuf.h"

#include <google/protobuf/stubs/common.h>
#if GOOGLE_PROTOBUF_VERSION < 4022000
#include <google/protobuf/stubs/logging.h>
#endif

namespace tally::domain {
namespace {

// Protobuf up to version 21 writes a line to standard error for every string that is not UTF-8;
// later ones log through Abseil, which the program configures. The rejection says it all.
void SilenceProtobuf() {
#if GOOGLE_PROTOBUF_VERSION < 4022000
  [[maybe_unused]] static const google::protobuf::LogSilencer silencer;
#endif
}

std::optional<Rejection> Parse(std::string_view value, google::protobuf::Message& message) {
  if (message.ParseFromArray(value.data(), static_cast<int>(value.size()))) return std::nullopt;
  return Rejection{Reason::kUndecodable,
                   "the value is not a Protobuf " + message.GetDescriptor()->full_name()};
}

Field Text(const std::string& text) { return text.empty() ? Field() : Field::Text(text); }

Field Text(bool present, const std::string& text) { return present ? Field::Text(text) : Field(); }

Field Integer(bool present, int64_t value) { return present ? Field::Integer(value) : Field(); }

Field Instant(bool present, const google::protobuf::Timestamp& time) {
  return present ? Field::Instant(time.seconds(), time.nanos()) : Field();
}

ChannelFields Element(const v1::DistributedChannel& message) {
  ChannelFields fields;
  fields.channel = Text(message.channel());
  fields.channel_type = Text(message.channel_type());
  fields.status = Text(message.has_status(), message.status());
  fields.expected_views = Integer(message.has_expected_views(), message.expected_views());
  fields.distribution_cost = Field::Integer(message.distribution_cost());
  fields.distribution_id = Text(message.distribution_id());
  return fields;
}

}  // namespace

ProtobufReader::ProtobufReader() { SilenceProtobuf(); }

std::optional<Rejection> ProtobufReader::Read(std::string_view value, EventCreatedFields& fields) {
  if (auto rejection = Parse(value, created_)) return rejection;
  const v1::EventCreated& message = created_;
  fields.event_id = Text(message.event_id());
  fields.user_id = Text(message.user_id());
  fields.store_id = Text(message.store_id());
  fields.event_title = Text(message.event_title());
  fields.status = Text(message.has_status(), message.status());
  fields.start_date = Instant(message.has_start_date(), message.start_date());
  fields.end_date = Instant(message.has_end_date(), message.end_date());
  fields.created_at = Instant(message.has_created_at(), message.created_at());
  fields.total_investment = Field::Integer(message.total_investment());
  fields.expected_revenue = Field::Integer(message.expected_revenue());
  fields.target_roi = Field::Integer(message.target_roi());
  return std::nullopt;
}

std::optional<Rejection> ProtobufReader::Read(std::string_view value,
                                              ParticipantRegisteredFields& fields) {
  if (auto rejection = Parse(value, registered_)) return rejection;
  const v1::ParticipantRegistered& message = registered_;
  fields.event_id = Text(message.event_id());
  fields.participant_id = Text(message.participant_id());
  fields.channel = Text(message.has_channel(), message.channel());
  fields.registered_at = Instant(message.has_registered_at(), message.registered_at());
  fields.purchase_amount = Field::Integer(message.purchase_amount());
  return std::nullopt;
}

std::optional<Rejection> ProtobufReader::Read(std::string_view value,
                                              DistributionCompletedFields& fields,
                                              ChannelListSink& list) {
  // A cleared message keeps its elements for reuse; a mebibyte can hold half a million of them.
  constexpr int kElementsKept = 1024;
  if (completed_.distributed_channels_size() > kElementsKept) completed_ = {};
  if (auto rejection = Parse(value, completed_)) return rejection;
  const v1::DistributionCompleted& message = completed_;
  fields.event_id = Text(message.event_id());
  fields.completed_at = Instant(message.has_completed_at(), message.completed_at());
  fields.channel = Text(message.has_channel(), message.channel());
  fields.channel_type = Text(message.has_channel_type(), message.channel_type());
  fields.status = Text(message.has_status(), message.status());
  fields.expected_views = Integer(message.has_expected_views(), message.expected_views());
  fields.distribution_cost = Integer(message.has_distribution_cost(), message.distribution_cost());
  fields.distribution_id = Text(message.has_distribution_id(), message.distribution_id());
  list.BeginList();
  for (const v1::DistributedChannel& element : message.distributed_channels()) {
    if (auto rejection = list.AddElement(Element(element))) return rejection;
  }
  return std::nullopt;
}

}  // namespace tally::domain
