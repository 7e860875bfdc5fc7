// RFC 3339 text and instants. Proleptic Gregorian calendar, fixed UTC offsets only, no clock, no
// time zone data. Only FormatTime allocates (its result).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "processor/domain/events.h"

namespace tally::domain {

inline constexpr Millis kSecondMillis = 1'000;
inline constexpr Millis kMinuteMillis = 60'000;
inline constexpr Millis kDayMillis = 86'400'000;

enum class TimeForm : uint8_t {
  kDateTime,        // "2026-01-01T09:00:00.5+09:00", "2026-01-01 00:00:00Z", "2026-01-01T09:00:00"
  kDateOrDateTime,  // also "2026-01-01", which is 00:00 of that day
};

struct ParsedTime {
  Millis instant = 0;
  int32_t year = 0;  // as written, so in the time's own zone

  friend bool operator==(const ParsedTime&, const ParsedTime&) = default;
};

// Parses an RFC 3339 date-time: years 0000 to 9999; 'T', 't' or a space between date and time; 'Z',
// 'z', "+hh:mm" or "-hh:mm" at the end, and without any the time is at `default_offset_minutes`
// east of UTC (as is a date). The fraction may have any number of digits; what is finer than a
// millisecond is cut off. A leap second (23:59:60 UTC at the end of a month) is read as the
// second before it, so that it stays in its own hour. nullopt: anything else.
[[nodiscard]] std::optional<ParsedTime> ParseTime(std::string_view text, TimeForm form,
                                                  int32_t default_offset_minutes);

// The year of an instant at a UTC offset.
int64_t YearAt(Millis instant, int32_t utc_offset_minutes);

// "2026-11-22T21:05:11.482+09:00", without a fraction where it is zero, and "+00:00" for UTC. Years
// beyond 9999 have as many digits as they need.
std::string FormatTime(Millis instant, int32_t utc_offset_minutes);

}  // namespace tally::domain
