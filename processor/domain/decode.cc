#include "processor/domain/decode.h"

#include "absl/strings/str_cat.h"
#include "processor/domain/decode_checks.h"
#include "processor/domain/decode_fields.h"
#include "processor/domain/decode_format.h"
#include "processor/domain/decode_json.h"
#include "processor/domain/decode_protobuf.h"
#include "processor/domain/quote.h"

namespace tally::domain {
namespace {

size_t SizeOf(const Record& record) {
  return (record.key ? record.key->size() : 0) + (record.value ? record.value->size() : 0);
}

[[gnu::cold]] Rejection TooLarge(const Record& record) {
  return {Reason::kRecordTooLarge, absl::StrCat("key and value have ", SizeOf(record),
                                                " bytes; allowed: ", kRecordBytesMax)};
}

[[gnu::cold]] Rejection KeyMismatch(const Record& record, std::string_view event_id) {
  const std::string key = record.key ? Quote(*record.key) : "null";
  return {Reason::kKeyMismatch,
          absl::StrCat("the record's key ", key, " is not eventId ", Quote(event_id))};
}

// Checks elements as they are read, so that only valid ones are kept.
class CheckingSink : public ChannelListSink {
 public:
  CheckingSink(FieldChecker& checker, DistributionCompleted& event)
      : checker_(checker), event_(event) {}

  void BeginList() override { event_.channels.clear(); }
  std::optional<Rejection> AddElement(const ChannelFields& element) override {
    const size_t index = event_.channels.size();
    return checker_.CheckElement(index, element, event_.channels.emplace_back());
  }
  std::optional<Rejection> AddOther(const Field& element) override {
    return checker_.NotAnElement(event_.channels.size(), element);
  }

 private:
  FieldChecker& checker_;
  DistributionCompleted& event_;
};

}  // namespace

std::string_view ReasonName(Reason reason) {
  switch (reason) {
    case Reason::kUndecodable:
      return "undecodable";
    case Reason::kUnknownContentType:
      return "unknown_content_type";
    case Reason::kMissingField:
      return "missing_field";
    case Reason::kInvalidField:
      return "invalid_field";
    case Reason::kOutOfRange:
      return "out_of_range";
    case Reason::kRecordTooLarge:
      return "record_too_large";
    case Reason::kKeyMismatch:
      return "key_mismatch";
    case Reason::kWrongPartition:
      return "wrong_partition";
    case Reason::kUnexpectedTombstone:
      return "unexpected_tombstone";
  }
  return "";
}

class Decoder::Impl {
 public:
  explicit Impl(DecodeOptions options) : checker_(options) {}

  // `sink` is what the readers take beside the fields: a list sink or nothing.
  template <typename Fields, typename Event, typename... Sink>
  std::optional<Rejection> Decode(const Record& record, Event& event, Sink&... sink) {
    if (SizeOf(record) > kRecordBytesMax) return TooLarge(record);
    if (!record.value) return Rejection{Reason::kUnexpectedTombstone, "the value is null"};
    Format format;
    if (auto rejection = DetectFormat(record, *record.value, format)) return rejection;
    checker_.Begin(record.timestamp_ms);
    Fields fields;
    auto rejection = format == Format::kJson ? json_.Read(*record.value, fields, sink...)
                                             : protobuf_.Read(*record.value, fields, sink...);
    if (rejection) return rejection;
    if (auto bad = checker_.Check(fields, event)) return bad;
    if (record.key != event.event_id) return KeyMismatch(record, event.event_id);
    return std::nullopt;
  }

  FieldChecker& checker() { return checker_; }

 private:
  JsonReader json_;
  ProtobufReader protobuf_;
  FieldChecker checker_;
};

Decoder::Decoder(DecodeOptions options) : impl_(std::make_unique<Impl>(options)) {}
Decoder::~Decoder() = default;

std::optional<Rejection> Decoder::Decode(const Record& record, EventCreated& event) {
  return impl_->Decode<EventCreatedFields>(record, event);
}

std::optional<Rejection> Decoder::Decode(const Record& record, ParticipantRegistered& event) {
  return impl_->Decode<ParticipantRegisteredFields>(record, event);
}

std::optional<Rejection> Decoder::Decode(const Record& record, DistributionCompleted& event) {
  event.channels.clear();
  CheckingSink sink(impl_->checker(), event);
  return impl_->Decode<DistributionCompletedFields>(record, event,
                                                    static_cast<ChannelListSink&>(sink));
}

}  // namespace tally::domain
