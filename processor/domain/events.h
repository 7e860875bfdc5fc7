// The three input messages after decoding, validation and defaulting. `proto/tally/v1/events.proto`
// is their wire schema; decode.h makes them from records.
//
// All string_views point into the decoder's buffers and are valid until its next Decode call.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace tally::domain {

// Money and percentages are exact, in hundredths of their unit (15'000'000 KRW is 1'500'000'000).
using Hundredths = int64_t;
// Points in time: milliseconds since the Unix epoch, UTC.
using Millis = int64_t;

inline constexpr std::string_view kDefaultChannel = "기타";
inline constexpr std::string_view kDefaultEventStatus = "ACTIVE";
inline constexpr std::string_view kSuccessStatus = "SUCCESS";

struct EventCreated {
  std::string_view event_id;
  std::string_view user_id;
  std::string_view event_title;
  std::string_view status;
  std::optional<Millis> start;
  std::optional<Millis> end;
  Millis created_at = 0;
  Hundredths total_investment = 0;
  Hundredths expected_revenue = 0;
  Hundredths target_roi = 0;  // percent, in hundredths

  friend bool operator==(const EventCreated&, const EventCreated&) = default;
};

struct ParticipantRegistered {
  std::string_view event_id;
  std::string_view participant_id;
  std::string_view channel;  // NFC
  Millis registered_at = 0;
  Hundredths purchase_amount = 0;

  friend bool operator==(const ParticipantRegistered&, const ParticipantRegistered&) = default;
};

// One element of a DistributionCompleted record.
struct ChannelDistribution {
  std::string_view channel;  // NFC
  std::string_view channel_type;
  std::string_view status;
  std::string_view distribution_id;  // may be empty
  int64_t expected_views = 0;        // 0 to 10^12
  Hundredths distribution_cost = 0;

  friend bool operator==(const ChannelDistribution&, const ChannelDistribution&) = default;
};

struct DistributionCompleted {
  std::string_view event_id;
  Millis completed_at = 0;
  // In the record's order; the decoder keeps repeats of an identity, the fold lets the later win.
  std::vector<ChannelDistribution> channels;

  friend bool operator==(const DistributionCompleted&, const DistributionCompleted&) = default;
};

}  // namespace tally::domain
