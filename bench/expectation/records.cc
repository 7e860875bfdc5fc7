#include "bench/expectation/records.h"

#include <simdjson.h>

#include <stdexcept>

#include "bench/expectation/text.h"
#include "tally/v1/events.pb.h"

namespace tally::bench {
namespace {

using simdjson::ondemand::object;
using simdjson::ondemand::value;

bool IsJson(std::string_view bytes) { return !bytes.empty() && bytes.front() == '{'; }

void Require(bool given, const char* what) {
  if (!given) throw std::runtime_error(std::string("a record has no ") + what);
}

std::string_view Text(value json) { return json.get_string(); }

int64_t Money(value json) {
  std::string_view text = json.raw_json_token();
  while (!text.empty() && (text.back() == ' ' || text.back() == '\n')) text.remove_suffix(1);
  return ParseMoney(text);
}

int64_t Millis(const google::protobuf::Timestamp& time) {
  return time.seconds() * 1000 + time.nanos() / 1'000'000;
}

template <typename Message>
void ParseProtobuf(std::string_view bytes, Message& message) {
  if (!message.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
    throw std::runtime_error("a record is no Protobuf message");
  }
}

}  // namespace

struct RecordReader::Impl {
  // The fields of a JSON object, in their order: on_field(name, value).
  template <typename OnField>
  void EachField(std::string_view bytes, OnField on_field) {
    padded.reserve(bytes.size() + simdjson::SIMDJSON_PADDING);
    padded.assign(bytes);
    auto document = parser.iterate(padded.data(), padded.size(), padded.capacity());
    for (auto field : document.get_object()) on_field(field.unescaped_key().value(), field.value());
  }

  void ReadJson(std::string_view bytes, Registered& record) {
    EachField(bytes, [&record](std::string_view name, value json) {
      if (name == "eventId") {
        record.event_id = Text(json);
      } else if (name == "participantId") {
        record.participant_id = Text(json);
      } else if (name == "channel") {
        record.channel = Text(json);
      } else if (name == "registeredAt") {
        record.at = ParseTime(Text(json));
      } else if (name == "purchaseAmount") {
        record.amount = Money(json);
      }
    });
  }

  static void ReadJson(object json, Distribution& channel) {
    for (auto field : json) {
      const std::string_view name = field.unescaped_key();
      if (name == "channel") {
        channel.channel = Text(field.value());
      } else if (name == "distributionId") {
        channel.distribution_id = Text(field.value());
      } else if (name == "status") {
        channel.success = Text(field.value()) == "SUCCESS";
      } else if (name == "expectedViews") {
        channel.views = field.value().get_int64();
      } else if (name == "distributionCost") {
        channel.cost = Money(field.value());
      }
    }
  }

  void ReadJson(std::string_view bytes, Distributed& record) {
    EachField(bytes, [&record](std::string_view name, value json) {
      if (name == "eventId") {
        record.event_id = Text(json);
      } else if (name == "completedAt") {
        record.at = ParseTime(Text(json));
      } else if (name == "distributedChannels") {
        for (auto element : json.get_array()) {
          record.channels.emplace_back();
          ReadJson(element.get_object(), record.channels.back());
        }
      } else if (name == "channel") {
        throw std::runtime_error("an inline channel is not in the workloads");
      }
    });
  }

  void ReadProtobuf(std::string_view bytes, Registered& record) {
    ParseProtobuf(bytes, registered);
    record.event_id = registered.event_id();
    record.participant_id = registered.participant_id();
    record.channel = registered.channel();
    if (registered.has_registered_at()) record.at = Millis(registered.registered_at());
    record.amount = registered.purchase_amount();
  }

  void ReadProtobuf(std::string_view bytes, Distributed& record) {
    ParseProtobuf(bytes, distributed);
    Require(!distributed.has_channel(), "list of channels");
    record.event_id = distributed.event_id();
    if (distributed.has_completed_at()) record.at = Millis(distributed.completed_at());
    for (const v1::DistributedChannel& element : distributed.distributed_channels()) {
      record.channels.push_back({.channel = element.channel(),
                                 .distribution_id = element.distribution_id(),
                                 .success = !element.has_status() || element.status() == "SUCCESS",
                                 .views = element.expected_views(),
                                 .cost = element.distribution_cost()});
    }
  }

  simdjson::ondemand::parser parser;
  std::string padded;
  v1::ParticipantRegistered registered;
  v1::DistributionCompleted distributed;
};

RecordReader::RecordReader() : impl_(std::make_unique<Impl>()) {}
RecordReader::~RecordReader() = default;

std::string RecordReader::CreatedEventId(std::string_view bytes) {
  std::string id;
  if (IsJson(bytes)) {
    impl_->EachField(bytes, [&id](std::string_view name, value json) {
      if (name == "eventId") id = Text(json);
    });
  } else {
    v1::EventCreated created;
    ParseProtobuf(bytes, created);
    id = created.event_id();
  }
  Require(!id.empty(), "eventId");
  return id;
}

void RecordReader::Read(std::string_view value, Registered& record) {
  record.event_id.clear();
  record.participant_id.clear();
  record.channel.clear();
  record.at = 0;
  record.amount = 0;
  IsJson(value) ? impl_->ReadJson(value, record) : impl_->ReadProtobuf(value, record);
  Require(!record.event_id.empty(), "eventId");
  Require(!record.participant_id.empty(), "participantId");
  Require(!record.channel.empty(), "channel");
  Require(record.at != 0, "registeredAt");
}

void RecordReader::Read(std::string_view value, Distributed& record) {
  record.event_id.clear();
  record.at = 0;
  record.channels.clear();
  IsJson(value) ? impl_->ReadJson(value, record) : impl_->ReadProtobuf(value, record);
  Require(!record.event_id.empty(), "eventId");
  Require(record.at != 0, "completedAt");
  Require(!record.channels.empty(), "channels");
  for (const Distribution& channel : record.channels) Require(!channel.channel.empty(), "channel");
}

}  // namespace tally::bench
