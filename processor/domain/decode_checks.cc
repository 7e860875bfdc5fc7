#include "processor/domain/decode_checks.h"

#include "absl/strings/str_cat.h"
#include "processor/domain/quote.h"

namespace tally::domain {
namespace {

constexpr int64_t kYearMin = 2000;
constexpr int64_t kDateYearMax = 2099;
constexpr int64_t kTimeYearMax = 9999;

constexpr std::string_view kMoneyAllowed =
    "allowed: a number or its text, 0 to 10000000000000 with at most 2 decimals";
constexpr std::string_view kTargetRoiAllowed =
    "allowed: a number or its text, 0 to 1000000 with at most 2 decimals";
constexpr std::string_view kViewsAllowed = "allowed: an integer, 0 to 1000000000000";

absl::string_view Abseil(std::string_view text) { return {text.data(), text.size()}; }

bool Any(const ChannelFields& fields) {
  return !(fields.channel.IsAbsent() && fields.channel_type.IsAbsent() &&
           fields.status.IsAbsent() && fields.expected_views.IsAbsent() &&
           fields.distribution_cost.IsAbsent() && fields.distribution_id.IsAbsent());
}

std::string_view NotOfForm(TimeForm form) {
  return form == TimeForm::kDateTime
             ? "is not a time; allowed: RFC 3339, such as 2026-01-01T09:00:00+09:00"
             : "is not a date or time; allowed: RFC 3339, such as 2026-01-01 or "
               "2026-01-01T09:00:00+09:00";
}

std::string Show(const Field& field) {
  switch (field.kind) {
    case Field::Kind::kAbsent:
      return "";
    case Field::Kind::kText:
      return absl::StrCat(" ", Quote(field.text));
    case Field::Kind::kNumber:
    case Field::Kind::kOtherType:
      return absl::StrCat(" (JSON ", Quote(field.text), ")");
    case Field::Kind::kInteger:
      return absl::StrCat(" ", field.integer);
    case Field::Kind::kInstant:
      return absl::StrCat(" ", field.integer, " s ", field.nanos, " ns");
  }
  return "";
}

}  // namespace

void FieldChecker::Begin(int64_t timestamp_ms) {
  timestamp_ms_ = timestamp_ms;
  element_.reset();
  channels_.Release();
}

std::optional<Rejection> FieldChecker::Check(const EventCreatedFields& fields,
                                             EventCreated& event) {
  const bool old_name = fields.user_id.IsAbsent() || fields.user_id.IsEmptyText();
  const bool ok = RequiredIdentifier("eventId", fields.event_id, event.event_id) &&
                  (old_name && !fields.store_id.IsAbsent()
                       ? RequiredIdentifier("storeId", fields.store_id, event.user_id)
                       : RequiredIdentifier("userId", fields.user_id, event.user_id)) &&
                  TextOr("eventTitle", fields.event_title, "", event.event_title) &&
                  TextOr("status", fields.status, kDefaultEventStatus, event.status) &&
                  Date("startDate", fields.start_date, event.start) &&
                  Date("endDate", fields.end_date, event.end) &&
                  RecordTime("createdAt", fields.created_at, event.created_at) &&
                  Money("totalInvestment", fields.total_investment, event.total_investment) &&
                  Money("expectedRevenue", fields.expected_revenue, event.expected_revenue) &&
                  TargetRoi(fields.target_roi, event.target_roi);
  return ok ? std::nullopt : std::optional(std::move(rejection_));
}

std::optional<Rejection> FieldChecker::Check(const ParticipantRegisteredFields& fields,
                                             ParticipantRegistered& event) {
  const bool ok =
      RequiredIdentifier("eventId", fields.event_id, event.event_id) &&
      RequiredIdentifier("participantId", fields.participant_id, event.participant_id) &&
      ChannelOr("channel", fields.channel, kDefaultChannel, event.channel) &&
      RecordTime("registeredAt", fields.registered_at, event.registered_at) &&
      Money("purchaseAmount", fields.purchase_amount, event.purchase_amount);
  return ok ? std::nullopt : std::optional(std::move(rejection_));
}

std::optional<Rejection> FieldChecker::Check(const DistributionCompletedFields& fields,
                                             DistributionCompleted& event) {
  element_.reset();
  bool ok = RequiredIdentifier("eventId", fields.event_id, event.event_id) &&
            RecordTime("completedAt", fields.completed_at, event.completed_at);
  const bool inline_channel = Any(fields);
  if (ok && !fields.distributed_channels.IsAbsent()) {
    ok = Reject(Reason::kInvalidField, "distributedChannels", fields.distributed_channels,
                "is not an array");
  } else if (ok && inline_channel && !event.channels.empty()) {
    ok = Reject(Reason::kInvalidField, "distributedChannels", Field(),
                "is given together with an inline channel; allowed: one of the two");
  } else if (ok && !inline_channel && event.channels.empty()) {
    ok = Reject(Reason::kMissingField, "channel", Field(),
                "is missing, and so is a list distributedChannels with an element");
  } else if (ok && inline_channel) {
    ok = Channel(fields, event.channels.emplace_back());
  }
  return ok ? std::nullopt : std::optional(std::move(rejection_));
}

std::optional<Rejection> FieldChecker::CheckElement(size_t index, const ChannelFields& fields,
                                                    ChannelDistribution& element) {
  element_ = index;
  return Channel(fields, element) ? std::nullopt : std::optional(std::move(rejection_));
}

Rejection FieldChecker::NotAnElement(size_t index, const Field& field) {
  element_.reset();
  Reject(Reason::kInvalidField, absl::StrCat("distributedChannels[", index, "]"), field,
         "is not an object");
  return std::move(rejection_);
}

bool FieldChecker::Channel(const ChannelFields& fields, ChannelDistribution& element) {
  return RequiredChannel("channel", fields.channel, element.channel) &&
         TextOr("channelType", fields.channel_type, "", element.channel_type) &&
         TextOr("status", fields.status, kSuccessStatus, element.status) &&
         RequiredViews("expectedViews", fields.expected_views, element.expected_views) &&
         Money("distributionCost", fields.distribution_cost, element.distribution_cost) &&
         IdentifierOrEmpty("distributionId", fields.distribution_id, element.distribution_id);
}

bool FieldChecker::RequiredIdentifier(std::string_view name, const Field& field,
                                      std::string_view& id) {
  if (!Present(name, field) || !IsText(name, field)) return false;
  id = field.text;
  const TextStatus status = CheckIdentifier(field.text);
  return status == TextStatus::kOk || RejectText(name, field, status);
}

bool FieldChecker::IdentifierOrEmpty(std::string_view name, const Field& field,
                                     std::string_view& id) {
  id = {};
  if (field.IsAbsent() || field.IsEmptyText()) return true;
  return RequiredIdentifier(name, field, id);
}

bool FieldChecker::RequiredChannel(std::string_view name, const Field& field,
                                   std::string_view& channel) {
  return Present(name, field) && ChannelOr(name, field, {}, channel);
}

bool FieldChecker::ChannelOr(std::string_view name, const Field& field, std::string_view fallback,
                             std::string_view& channel) {
  channel = fallback;
  if (field.IsAbsent()) return true;
  if (!IsText(name, field)) return false;
  const TextStatus status = channels_.Normalize(field.text, channel);
  return status == TextStatus::kOk || RejectText(name, field, status);
}

bool FieldChecker::TextOr(std::string_view name, const Field& field, std::string_view fallback,
                          std::string_view& text) {
  text = fallback;
  if (field.IsAbsent()) return true;
  text = field.text;
  return IsText(name, field);
}

bool FieldChecker::Present(std::string_view name, const Field& field) {
  if (field.IsAbsent()) return Reject(Reason::kMissingField, name, field, "is required");
  if (field.IsEmptyText()) return Reject(Reason::kMissingField, name, field, "is empty");
  return true;
}

bool FieldChecker::IsText(std::string_view name, const Field& field) {
  return field.kind == Field::Kind::kText ||
         Reject(Reason::kInvalidField, name, field, "is not a string");
}

bool FieldChecker::RejectText(std::string_view name, const Field& field, TextStatus status) {
  switch (status) {
    case TextStatus::kOk:
      break;
    case TextStatus::kEmpty:
      return Reject(Reason::kInvalidField, name, field, "is empty; allowed: 1 to 256 bytes");
    case TextStatus::kTooLong:
      return Reject(Reason::kInvalidField, name, field,
                    absl::StrCat("has ", field.text.size(), " bytes; allowed: 1 to 256"));
    case TextStatus::kNotUtf8:
      return Reject(Reason::kInvalidField, name, field, "is not valid UTF-8");
    case TextStatus::kControlCharacter:
      return Reject(Reason::kInvalidField, name, field, "has a control character");
  }
  return false;
}

bool FieldChecker::RejectNumber(std::string_view name, const Field& field, NumberStatus status,
                                std::string_view allowed) {
  const bool range = status == NumberStatus::kOutOfRange;
  std::string problem = range                                 ? "is out of range; "
                        : status == NumberStatus::kTooPrecise ? "has too many decimals; "
                                                              : "is not a number; ";
  absl::StrAppend(&problem, Abseil(allowed));
  return Reject(range ? Reason::kOutOfRange : Reason::kInvalidField, name, field, problem);
}

bool FieldChecker::Number(std::string_view name, const Field& field, NumberParser parse,
                          int64_t max, std::string_view allowed, int64_t& value) {
  value = 0;
  NumberStatus status = NumberStatus::kMalformed;
  switch (field.kind) {
    case Field::Kind::kAbsent:
      return true;
    case Field::Kind::kText:
    case Field::Kind::kNumber:
      status = parse(field.text, value);
      break;
    case Field::Kind::kInteger:
      value = field.integer;
      status = value >= 0 && value <= max ? NumberStatus::kOk : NumberStatus::kOutOfRange;
      break;
    default:
      break;
  }
  return status == NumberStatus::kOk || RejectNumber(name, field, status, allowed);
}

bool FieldChecker::Money(std::string_view name, const Field& field, Hundredths& amount) {
  return Number(name, field, ParseMoney, kMoneyMax, kMoneyAllowed, amount);
}

bool FieldChecker::TargetRoi(const Field& field, Hundredths& percent) {
  return Number("targetRoi", field, ParseTargetRoi, kTargetRoiMax, kTargetRoiAllowed, percent);
}

bool FieldChecker::RequiredViews(std::string_view name, const Field& field, int64_t& views) {
  if (!Present(name, field)) return false;
  if (field.kind == Field::Kind::kText) {
    return RejectNumber(name, field, NumberStatus::kMalformed, kViewsAllowed);
  }
  return Number(name, field, ParseViews, kViewsMax, kViewsAllowed, views);
}

std::optional<ParsedTime> FieldChecker::Time(std::string_view name, const Field& field,
                                             TimeForm form) {
  if (field.kind == Field::Kind::kInstant) return Timestamp(name, field);
  if (!IsText(name, field)) return std::nullopt;
  auto time = ParseTime(field.text, form, options_.input_utc_offset_minutes);
  if (!time) Reject(Reason::kInvalidField, name, field, NotOfForm(form));
  return time;
}

ParsedTime FieldChecker::InInputZone(Millis instant) const {
  return {instant, static_cast<int32_t>(YearAt(instant, options_.input_utc_offset_minutes))};
}

std::optional<ParsedTime> FieldChecker::Timestamp(std::string_view name, const Field& field) {
  constexpr int64_t kSecondsMin = -62'135'596'800;  // 0001-01-01, as google.protobuf.Timestamp says
  constexpr int64_t kSecondsMax = 253'402'300'799;  // 9999-12-31
  constexpr int32_t kNanosMax = 999'999'999;
  if (field.integer < kSecondsMin || field.integer > kSecondsMax || field.nanos < 0 ||
      field.nanos > kNanosMax) {
    Reject(Reason::kOutOfRange, name, field, "is not a valid Timestamp");
    return std::nullopt;
  }
  return InInputZone(field.integer * kSecondMillis + field.nanos / 1'000'000);
}

bool FieldChecker::RecordTime(std::string_view name, const Field& field, Millis& instant) {
  const bool record_has_time = timestamp_ms_ >= 0;
  std::optional<ParsedTime> time;
  if (!field.IsAbsent()) {
    time = Time(name, field, TimeForm::kDateTime);
    if (!time) return false;
  } else if (record_has_time) {
    time = InInputZone(timestamp_ms_);
  } else {
    return Reject(Reason::kMissingField, name, field,
                  "is missing, and the record has no timestamp to stand in for it");
  }
  if (time->year < kYearMin || time->year > kTimeYearMax) {
    return Reject(Reason::kOutOfRange, name, field, "is out of range; allowed: from 2000-01-01 on");
  }
  if (record_has_time && time->instant - kDayMillis > timestamp_ms_) {
    return RejectLate(name, field);
  }
  instant = time->instant;
  return true;
}

bool FieldChecker::RejectLate(std::string_view name, const Field& field) {
  return Reject(Reason::kOutOfRange, name, field,
                absl::StrCat("is more than 24 h after the record's timestamp, ",
                             FormatTime(timestamp_ms_, options_.input_utc_offset_minutes)));
}

bool FieldChecker::Date(std::string_view name, const Field& field, std::optional<Millis>& instant) {
  instant.reset();
  if (field.IsAbsent()) return true;
  const std::optional<ParsedTime> time = Time(name, field, TimeForm::kDateOrDateTime);
  if (!time) return false;
  if (time->year < kYearMin || time->year > kDateYearMax) {
    return Reject(Reason::kOutOfRange, name, field, "is out of range; allowed: 2000 to 2099");
  }
  instant = time->instant;
  return true;
}

bool FieldChecker::Reject(Reason reason, std::string_view name, const Field& field,
                          std::string_view problem) {
  const std::string place =
      element_ ? absl::StrCat("distributedChannels[", *element_, "].") : std::string();
  rejection_ = {reason, absl::StrCat(place, Abseil(name), Show(field), " ", Abseil(problem))};
  return false;
}

}  // namespace tally::domain
