#include "tests/fuzz/decode_promises.h"

#include <optional>
#include <string>

#include "processor/domain/decode.h"
#include "processor/domain/decode_json.h"
#include "processor/domain/decode_protobuf.h"
#include "processor/domain/identifier.h"
#include "processor/domain/money.h"
#include "processor/domain/time.h"
#include "tests/fuzz/event_text.h"
#include "tests/fuzz/target.h"

namespace tally::fuzz {
namespace {

using domain::Header;
using domain::Millis;
using domain::Reason;
using domain::Record;
using domain::Rejection;

constexpr Millis kTimestamp = 1'767'225'600'000;  // 2026-01-01T00:00Z
constexpr int32_t kInputOffset = 540;
constexpr size_t kDetailBytesMax = 2000;
constexpr Header kJsonHeader[] = {{"content-type", "application/json"}};
constexpr Header kProtobufHeader[] = {{"content-type", "application/x-protobuf"}};

// The list's elements are of no interest here.
class NoList final : public domain::ChannelListSink {
 public:
  void BeginList() override {}
  std::optional<Rejection> AddElement(const domain::ChannelFields&) override { return {}; }
  std::optional<Rejection> AddOther(const domain::Field&) override { return {}; }
};

template <typename Reader, typename Fields>
std::string KeyOf(Reader& reader, std::string_view value, Fields fields) {
  std::optional<Rejection> rejection;
  if constexpr (std::is_same_v<Fields, domain::DistributionCompletedFields>) {
    NoList list;
    rejection = reader.Read(value, fields, list);
  } else {
    rejection = reader.Read(value, fields);
  }
  const bool named = !rejection.has_value() && fields.event_id.kind == domain::Field::Kind::kText;
  return named ? std::string(fields.event_id.text) : "evt-1";
}

void CheckRejection(const Rejection& rejection) {
  Check(!domain::ReasonName(rejection.reason).empty(), "a refusal has a reason");
  Check(rejection.reason <= Reason::kKeyMismatch, "the decoder gives reasons of its own");
  Check(!rejection.detail.empty(), "a refusal says what is wrong");
  Check(domain::IsUtf8(rejection.detail), "a refusal's detail is UTF-8", rejection.detail);
  Check(rejection.detail.size() <= kDetailBytesMax, "a refusal's detail is short",
        rejection.detail);
}

void CheckIdentifier(std::string_view id) {
  Check(domain::CheckIdentifier(id) == domain::TextStatus::kOk, "identifiers are valid", id);
}
void CheckChannel(std::string_view channel) {
  static domain::ChannelNames names;
  std::string_view normal;
  Check(names.Normalize(channel, normal) == domain::TextStatus::kOk && normal == channel,
        "channels are valid and NFC", channel);
  names.Release();
}
void CheckAmount(int64_t amount, int64_t max) {
  Check(amount >= 0 && amount <= max, "numbers are in range");
}
// What zones and the input's UTC offset can shift.
void CheckYear(std::optional<Millis> time, int64_t last) {
  if (!time.has_value()) return;
  const int64_t year = domain::YearAt(*time, 0);
  Check(year >= 1999 && year <= last + 1, "times are in range");
}

void CheckBounds(const domain::EventCreated& event) {
  CheckIdentifier(event.event_id);
  CheckIdentifier(event.user_id);
  CheckYear(event.start, 2099);
  CheckYear(event.end, 2099);
  CheckYear(event.created_at, 9999);
  CheckAmount(event.total_investment, domain::kMoneyMax);
  CheckAmount(event.expected_revenue, domain::kMoneyMax);
  CheckAmount(event.target_roi, domain::kTargetRoiMax);
}
void CheckBounds(const domain::ParticipantRegistered& event) {
  CheckIdentifier(event.event_id);
  CheckIdentifier(event.participant_id);
  CheckChannel(event.channel);
  CheckYear(event.registered_at, 9999);
  CheckAmount(event.purchase_amount, domain::kMoneyMax);
}
void CheckBounds(const domain::DistributionCompleted& event) {
  CheckIdentifier(event.event_id);
  CheckYear(event.completed_at, 9999);
  Check(!event.channels.empty(), "a distribution names a channel");
  for (const domain::ChannelDistribution& channel : event.channels) {
    CheckChannel(channel.channel);
    if (!channel.distribution_id.empty()) CheckIdentifier(channel.distribution_id);
    CheckAmount(channel.expected_views, domain::kViewsMax);
    CheckAmount(channel.distribution_cost, domain::kMoneyMax);
  }
}

// Protobuf's times have no zone of their own: near the ends of what is allowed, JSON says more.
bool IsPlain(std::optional<Millis> time, int64_t last) {
  if (!time.has_value()) return true;
  const int64_t year = domain::YearAt(*time, kInputOffset);
  return year >= 2000 && year <= last;
}
bool ProtobufSaysAll(const domain::EventCreated& event) {
  return IsPlain(event.start, 2099) && IsPlain(event.end, 2099) && IsPlain(event.created_at, 9999);
}
bool ProtobufSaysAll(const domain::ParticipantRegistered& event) {
  return IsPlain(event.registered_at, 9999);
}
bool ProtobufSaysAll(const domain::DistributionCompleted& event) {
  return IsPlain(event.completed_at, 9999);
}

class Decoding {
 public:
  Decoding(Record record, Encoding encoding) : record_(record) {
    record_.headers = encoding == Encoding::kJson ? kJsonHeader : kProtobufHeader;
  }

  template <typename Event>
  void Run() const {
    Event event;
    const auto rejection = First().Decode(record_, event);
    if (rejection.has_value()) return CheckRejected<Event>(*rejection);
    CheckBounds(event);
    CheckSame(event, record_.value.value(), {});
    CheckSame(event, ToJson(event), kJsonHeader);
    if (ProtobufSaysAll(event)) CheckSame(event, ToProtobuf(event), kProtobufHeader);
    CheckOtherKey<Event>();
  }

 private:
  static domain::Decoder& First() {
    static domain::Decoder decoder({.input_utc_offset_minutes = kInputOffset});
    return decoder;
  }
  static domain::Decoder& Second() {
    static domain::Decoder decoder({.input_utc_offset_minutes = kInputOffset});
    return decoder;
  }
  bool BeginsLikeJson() const {
    const size_t first = record_.value->find_first_not_of(" \t\r\n");
    return first != std::string_view::npos && (*record_.value)[first] == '{';
  }
  // A value without a header is what its first byte says.
  bool MeansTheSame(std::span<const Header> headers) const {
    return !headers.empty() || BeginsLikeJson() == (record_.headers.data() == kJsonHeader);
  }

  template <typename Event>
  void CheckRejected(const Rejection& rejection) const {
    CheckRejection(rejection);
    if (!MeansTheSame({})) return;
    Record record = record_;
    record.headers = {};
    Event event;
    const auto again = Second().Decode(record, event);
    Check(again.has_value() && again->reason == rejection.reason,
          "what is refused with a header is refused without", rejection.detail);
  }

  template <typename Event>
  void CheckSame(const Event& event, std::string_view value,
                 std::span<const Header> headers) const {
    if (!MeansTheSame(headers)) return;
    Record record = record_;
    record.value = value;
    record.headers = headers;
    if (record.key->size() + value.size() > domain::kRecordBytesMax) return;
    Event again;
    const auto rejection = Second().Decode(record, again);
    Check(!rejection.has_value(), "an event that is sent again is accepted",
          rejection.has_value() ? rejection->detail : "");
    Check(event == again, "an event that is sent again is the same", value);
  }

  template <typename Event>
  void CheckOtherKey() const {
    const std::string key = std::string(*record_.key) + "x";
    Record record = record_;
    record.key = key;
    Event event;
    const auto rejection = Second().Decode(record, event);
    Check(rejection.has_value() && (rejection->reason == Reason::kKeyMismatch ||
                                    rejection->reason == Reason::kRecordTooLarge),
          "an event under another key is refused");
  }

  Record record_;
};

template <typename Fields>
std::string KeyOf(Encoding encoding, std::string_view value) {
  static domain::JsonReader json;
  static domain::ProtobufReader protobuf;
  return encoding == Encoding::kJson ? KeyOf(json, value, Fields())
                                     : KeyOf(protobuf, value, Fields());
}

}  // namespace

void CheckDecode(uint8_t topic, Encoding encoding, std::string_view value) {
  Record record;
  record.timestamp_ms = topic >= 0x80 ? domain::kNoTimestamp : kTimestamp;
  record.topic = domain::kTopics[topic % 0x80 % domain::kTopicCount];
  record.value = value;
  std::string key;
  switch (record.topic) {
    case domain::Topic::kEventCreated:
      key = KeyOf<domain::EventCreatedFields>(encoding, value);
      record.key = key;
      return Decoding(record, encoding).Run<domain::EventCreated>();
    case domain::Topic::kParticipantRegistered:
      key = KeyOf<domain::ParticipantRegisteredFields>(encoding, value);
      record.key = key;
      return Decoding(record, encoding).Run<domain::ParticipantRegistered>();
    case domain::Topic::kDistributionCompleted:
      key = KeyOf<domain::DistributionCompletedFields>(encoding, value);
      record.key = key;
      return Decoding(record, encoding).Run<domain::DistributionCompleted>();
  }
}

}  // namespace tally::fuzz
