// Messages as they were sent, JSON and Protobuf alike, before any rule is applied: the readers
// (decode_json.h, decode_protobuf.h) fill these in, the checks (decode_checks.h) judge them.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "processor/domain/decode.h"

namespace tally::domain {

// One field's value. The text belongs to the reader and lives until its next Read.
struct Field {
  enum class Kind : uint8_t {
    kAbsent,     // not there, or JSON null
    kText,       // `text` is a string, valid UTF-8
    kNumber,     // `text` is the text of a JSON number
    kInteger,    // `integer`; money and percent in hundredths
    kInstant,    // `integer` seconds since the Unix epoch and `nanos`, of a Protobuf Timestamp
    kOtherType,  // `text` is JSON of another type: true, false, an object or an array
  };

  Kind kind = Kind::kAbsent;
  int32_t nanos = 0;
  int64_t integer = 0;
  std::string_view text;

  // Written out: if it were defaulted, messages would be cleared by a string instruction, which
  // takes longer to start than the few stores that it stands for.
  Field() {}
  Field(Kind its_kind, int32_t its_nanos, int64_t its_integer, std::string_view its_text)
      : kind(its_kind), nanos(its_nanos), integer(its_integer), text(its_text) {}

  static Field Text(std::string_view text) { return {Kind::kText, 0, 0, text}; }
  static Field Number(std::string_view text) { return {Kind::kNumber, 0, 0, text}; }
  static Field Integer(int64_t value) { return {Kind::kInteger, 0, value, {}}; }
  static Field Instant(int64_t seconds, int32_t nanos) {
    return {Kind::kInstant, nanos, seconds, {}};
  }
  static Field OtherType(std::string_view json) { return {Kind::kOtherType, 0, 0, json}; }

  bool IsAbsent() const { return kind == Kind::kAbsent; }
  bool IsEmptyText() const { return kind == Kind::kText && text.empty(); }
};

struct EventCreatedFields {
  Field event_id;
  Field user_id;
  Field store_id;
  Field event_title;
  Field status;
  Field start_date;
  Field end_date;
  Field created_at;
  Field total_investment;
  Field expected_revenue;
  Field target_roi;
};

struct ParticipantRegisteredFields {
  Field event_id;
  Field participant_id;
  Field channel;
  Field registered_at;
  Field purchase_amount;
};

// An element of the list, or the inline channel.
struct ChannelFields {
  Field channel;
  Field channel_type;
  Field status;
  Field expected_views;
  Field distribution_cost;
  Field distribution_id;
};

// The list's elements go to a ChannelListSink instead, one by one.
struct DistributionCompletedFields : ChannelFields {
  Field event_id;
  Field completed_at;
  Field distributed_channels;  // kOtherType if it is there but no array, else absent
};

class ChannelListSink {
 public:
  virtual ~ChannelListSink() = default;
  // A list begins; if there was one before, it is void (the last of repeated keys wins).
  virtual void BeginList() = 0;
  // The next element. A rejection ends the reading.
  [[nodiscard]] virtual std::optional<Rejection> AddElement(const ChannelFields& element) = 0;
  // The next element, which is not an object.
  [[nodiscard]] virtual std::optional<Rejection> AddOther(const Field& element) = 0;
};

}  // namespace tally::domain
