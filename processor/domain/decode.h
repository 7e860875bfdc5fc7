// Decoding: one record in, one valid event or one rejection out. Pure: no clock, no I/O.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "processor/domain/events.h"
#include "processor/domain/record.h"

namespace tally::domain {

// Why a record was refused. The names (ReasonName) are stable: they are the `tally-reason` header
// of dead letters and the `reason` label of metrics.
enum class Reason : uint8_t {
  kUndecodable,          // "undecodable": not JSON, not Protobuf, not an object
  kUnknownContentType,   // "unknown_content_type"
  kMissingField,         // "missing_field": a required field is absent, null or empty
  kInvalidField,         // "invalid_field": malformed identifier, time, number, wrong type …
  kOutOfRange,           // "out_of_range"
  kRecordTooLarge,       // "record_too_large": key and value together over 1 MiB
  kKeyMismatch,          // "key_mismatch": record key (or its absence) is not eventId
  kWrongPartition,       // "wrong_partition": found by the shard, not by the decoder
  kUnexpectedTombstone,  // "unexpected_tombstone"
};
std::string_view ReasonName(Reason reason);

struct Rejection {
  Reason reason;
  std::string detail;  // one sentence for a person: field, value (cut to a sane length), allowed
};

inline constexpr size_t kRecordBytesMax = 1 << 20;

struct DecodeOptions {
  // The zone of times that carry none, minutes east of UTC (+09:00 is 540). -1080 to 1080.
  int32_t input_utc_offset_minutes = 540;
};

// Decodes records of all three topics, JSON and Protobuf, by content-type header or first byte.
// Checks everything that domain rules say about a single record, the key included; nothing about
// partitions. One thread; keeps buffers between calls, so a call on the hot path does not allocate.
class Decoder {
 public:
  explicit Decoder(DecodeOptions options);
  ~Decoder();
  Decoder(const Decoder&) = delete;
  Decoder& operator=(const Decoder&) = delete;

  // Fills `event` and returns nullopt, or returns why the record is bad input (`event` is then
  // unspecified). Views in `event` live until the next Decode call.
  [[nodiscard]] std::optional<Rejection> Decode(const Record& record, EventCreated& event);
  [[nodiscard]] std::optional<Rejection> Decode(const Record& record, ParticipantRegistered& event);
  [[nodiscard]] std::optional<Rejection> Decode(const Record& record, DistributionCompleted& event);

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace tally::domain
