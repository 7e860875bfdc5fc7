// The rules about one record's content: required fields, types, ranges, defaults. Fields as sent
// go in, events come out.
//
// Where the public rules are silent:
// - `userId` wins over its old name `storeId`; an empty or null `userId` counts as absent, and then
//   `storeId` is read. Otherwise `storeId` is not looked at.
// - An optional identifier (`channel` of a participant) that is sent as "" is invalid; only an
//   absent or null one has the default. An optional text (`status`) is kept as sent, also "".
// - The year 2000 begins, and the year 2099 ends, in the time's own zone; for a time that has none
//   (no offset written, Protobuf Timestamp, record timestamp), at the input UTC offset.
// - `createdAt`, `registeredAt` and `completedAt` end with the year 9999 where the record has no
//   timestamp to compare with, and a record timestamp that stands in for one is held to both.
// - An inline channel is there if any of its six fields is; an empty list is as absent.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "processor/domain/decode.h"
#include "processor/domain/decode_fields.h"
#include "processor/domain/events.h"
#include "processor/domain/identifier.h"
#include "processor/domain/money.h"
#include "processor/domain/record.h"
#include "processor/domain/time.h"

namespace tally::domain {

// One thread. The events' texts are the fields' own or, for channel names that were not NFC, live
// until the next Begin.
class FieldChecker {
 public:
  explicit FieldChecker(DecodeOptions options) : options_(options) {}

  // Before each record; `timestamp_ms` is the record's, negative if it has none.
  void Begin(int64_t timestamp_ms);

  [[nodiscard]] std::optional<Rejection> Check(const EventCreatedFields& fields,
                                               EventCreated& event);
  [[nodiscard]] std::optional<Rejection> Check(const ParticipantRegisteredFields& fields,
                                               ParticipantRegistered& event);
  // `event.channels` holds the list's elements already.
  [[nodiscard]] std::optional<Rejection> Check(const DistributionCompletedFields& fields,
                                               DistributionCompleted& event);
  // Element `index` of the list.
  [[nodiscard]] std::optional<Rejection> CheckElement(size_t index, const ChannelFields& fields,
                                                      ChannelDistribution& element);
  [[nodiscard]] Rejection NotAnElement(size_t index, const Field& field);

 private:
  // These return false after setting rejection_.
  bool Channel(const ChannelFields& fields, ChannelDistribution& element);
  bool RequiredIdentifier(std::string_view name, const Field& field, std::string_view& id);
  bool IdentifierOrEmpty(std::string_view name, const Field& field, std::string_view& id);
  bool RequiredChannel(std::string_view name, const Field& field, std::string_view& channel);
  bool ChannelOr(std::string_view name, const Field& field, std::string_view fallback,
                 std::string_view& channel);
  bool TextOr(std::string_view name, const Field& field, std::string_view fallback,
              std::string_view& text);
  bool Present(std::string_view name, const Field& field);
  bool IsText(std::string_view name, const Field& field);
  using NumberParser = NumberStatus (*)(std::string_view, Hundredths&);
  bool Number(std::string_view name, const Field& field, NumberParser parse, int64_t max,
              std::string_view allowed, int64_t& value);
  bool Money(std::string_view name, const Field& field, Hundredths& amount);
  bool TargetRoi(const Field& field, Hundredths& percent);
  bool RequiredViews(std::string_view name, const Field& field, int64_t& views);

  // nullopt after setting rejection_.
  std::optional<ParsedTime> Time(std::string_view name, const Field& field, TimeForm form);
  std::optional<ParsedTime> Timestamp(std::string_view name, const Field& field);
  ParsedTime InInputZone(Millis instant) const;

  bool RecordTime(std::string_view name, const Field& field, Millis& instant);
  bool Date(std::string_view name, const Field& field, std::optional<Millis>& instant);

  // Always false: `name`, the value if there is one, and what is wrong or allowed.
  [[gnu::cold]] bool Reject(Reason reason, std::string_view name, const Field& field,
                            std::string_view problem);
  // Always false, too; a status is not kOk.
  [[gnu::cold]] bool RejectLate(std::string_view name, const Field& field);
  [[gnu::cold]] bool RejectText(std::string_view name, const Field& field, TextStatus status);
  [[gnu::cold]] bool RejectNumber(std::string_view name, const Field& field, NumberStatus status,
                                  std::string_view allowed);

  DecodeOptions options_;
  int64_t timestamp_ms_ = kNoTimestamp;
  ChannelNames channels_;
  std::optional<size_t> element_;  // index of the list's element being checked
  Rejection rejection_{};
};

}  // namespace tally::domain
