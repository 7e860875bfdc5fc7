// The period parameters (startDate, endDate, timezone) and the clock-dependent windows: which UTC
// hours an answer counts.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "processor/domain/aggregate.h"
#include "query/problem.h"
#include "query/reader.h"

namespace tally::query {

inline constexpr std::string_view kDefaultTimezone = "Asia/Seoul";
inline constexpr int kPeriodYearMin = 2000;
inline constexpr int kPeriodYearMax = 2100;

// The hours that an answer is about. A value.
struct Window {
  absl::TimeZone zone;   // of the times in the answer
  std::string timezone;  // its IANA name, as asked
  bool limited = false;  // a period was asked for; otherwise counts are lifetime
  // With a period: the period, and the one of equal length just before. Without: the last 24 full
  // hours, and the 24 before; participantsDelta is made of them.
  HourRange current;
  HourRange previous;
};

struct PeriodParameters {
  std::optional<std::string> start_date;
  std::optional<std::string> end_date;
  std::optional<std::string> timezone;
};

// Reads the parameters as of `now`; what is wrong is appended to `errors` and the result is then
// meaningless. Dates are 00:00 in the zone; a local time that a clock change skips is the moment of
// the change, one that it repeats is the first. Zones must be whole hours from UTC now and all over
// the period.
Window ParseWindow(const PeriodParameters& parameters, absl::Time now,
                   std::vector<ParameterError>& errors);

// Appends the error of a zone that is not whole hours from UTC all over `range`: for ranges that
// only reading tells. Periods are checked already.
void CheckZone(const Window& window, const HourRange& range, std::vector<ParameterError>& errors);

// Without a period, nothing of the clock is left in it: for answers that compare no days.
Window WithoutClock(Window window);

// RFC 3339 with the zone's offset; milliseconds only when they are not zero.
std::string FormatTime(domain::Millis time, absl::TimeZone zone);
std::string FormatHour(domain::Hour hour, absl::TimeZone zone);

// OK, or why zones cannot be loaded on this machine and what to install. For start-up.
absl::Status CheckTimeZoneData();

}  // namespace tally::query
