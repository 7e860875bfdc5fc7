#include "processor/finding.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "processor/domain/quote.h"
#include "processor/domain/time.h"

namespace tally {
namespace {

constexpr domain::Millis kHourMillis = 3'600'000;

}  // namespace

std::string ToText(const Finding& finding) {
  std::string text;
  const auto add = [&text](const std::string& part) {
    absl::StrAppend(&text, text.empty() ? "" : ", ", part);
  };
  if (!finding.event_id.empty()) add(absl::StrCat("event ", domain::Quote(finding.event_id)));
  if (!finding.row.empty()) add(finding.row);
  if (!finding.field.empty()) add(finding.field);
  return absl::StrCat(text, text.empty() ? "" : ": ", "is ", finding.stored, ", should be ",
                      finding.expected);
}

void Findings::Add(Finding finding) {
  ++count_;
  if (kept_.size() < kept_max_) kept_.push_back(std::move(finding));
}

std::string NameOfChannel(std::string_view channel) {
  return absl::StrCat("channel ", domain::Quote(channel));
}

std::string NameOfDistribution(std::string_view channel_as_sent, std::string_view distribution_id) {
  return absl::StrCat("distribution ", domain::Quote(distribution_id), " of channel ",
                      domain::Quote(channel_as_sent));
}

std::string NameOfHour(domain::Hour hour) { return absl::StrCat("timeline ", HourText(hour)); }

std::string NameOfParticipant(const domain::ParticipantHashBytes& hash) {
  std::string text = "participant ";
  for (const uint8_t byte : hash) absl::StrAppend(&text, absl::Hex(byte, absl::kZeroPad2));
  return text;
}

std::string NameOfUser(std::string_view user_id) {
  return absl::StrCat("entry of user ", domain::Quote(user_id));
}

std::string HourText(domain::Hour hour) {
  std::string text = domain::FormatTime(domain::Millis{hour} * kHourMillis, 0);
  text.resize(text.size() - std::string_view("+00:00").size());
  return text + "Z";
}

}  // namespace tally
