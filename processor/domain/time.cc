#include "processor/domain/time.h"

#include <array>
#include <cstdio>

namespace tally::domain {
namespace {

struct CivilDate {
  int64_t year = 1970;
  int32_t month = 1;  // 1 to 12
  int32_t day = 1;    // 1 to 31
};

constexpr int64_t kDaysPerEra = 146'097;  // 400 Gregorian years
constexpr int64_t kEpochFromMarch0 = 719'468;

constexpr int64_t FloorDivide(int64_t a, int64_t b) { return a / b - (a % b < 0 ? 1 : 0); }

// Days since 1970-01-01; years begin in March here, so that the leap day is the last one.
// http://howardhinnant.github.io/date_algorithms.html
int64_t DaysFromCivil(const CivilDate& date) {
  const int64_t year = date.year - (date.month <= 2 ? 1 : 0);
  const int64_t era = FloorDivide(year, 400);
  const int64_t year_of_era = year - era * 400;
  const int64_t month = (date.month + 9) % 12;
  const int64_t day_of_year = (153 * month + 2) / 5 + date.day - 1;
  const int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
  return era * kDaysPerEra + day_of_era - kEpochFromMarch0;
}

CivilDate CivilFromDays(int64_t days) {
  days += kEpochFromMarch0;
  const int64_t era = FloorDivide(days, kDaysPerEra);
  const int64_t day_of_era = days - era * kDaysPerEra;
  const int64_t year_of_era =
      (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
  const int64_t day_of_year =
      day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  const int64_t month = (5 * day_of_year + 2) / 153;
  CivilDate date;
  date.day = static_cast<int32_t>(day_of_year - (153 * month + 2) / 5 + 1);
  date.month = static_cast<int32_t>(month < 10 ? month + 3 : month - 9);
  date.year = year_of_era + era * 400 + (date.month <= 2 ? 1 : 0);
  return date;
}

bool IsLeapYear(int64_t year) { return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0); }

int32_t DaysInMonth(int64_t year, int32_t month) {
  constexpr std::array<int32_t, 12> kDays = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  return month == 2 && IsLeapYear(year) ? 29 : kDays[static_cast<size_t>(month - 1)];
}

bool TakeChar(std::string_view& text, std::string_view allowed) {
  if (text.empty() || allowed.find(text[0]) == std::string_view::npos) return false;
  text.remove_prefix(1);
  return true;
}

bool TakeNumber(std::string_view& text, size_t digits, int32_t min, int32_t max, int32_t& value) {
  if (text.size() < digits) return false;
  value = 0;
  for (size_t i = 0; i < digits; ++i) {
    if (text[i] < '0' || text[i] > '9') return false;
    value = value * 10 + (text[i] - '0');
  }
  text.remove_prefix(digits);
  return value >= min && value <= max;
}

bool TakeDate(std::string_view& text, CivilDate& date) {
  int32_t year = 0;
  if (!TakeNumber(text, 4, 0, 9999, year)) return false;
  date.year = year;
  return TakeChar(text, "-") && TakeNumber(text, 2, 1, 12, date.month) && TakeChar(text, "-") &&
         TakeNumber(text, 2, 1, DaysInMonth(year, date.month), date.day);
}

struct TimeOfDay {
  Millis millis = 0;         // since midnight
  bool leap_second = false;  // written as second 60; `millis` has it as second 59
};

bool TakeFraction(std::string_view& text, Millis& millis) {
  size_t digits = 0;
  Millis unit = 100;
  while (digits < text.size() && text[digits] >= '0' && text[digits] <= '9') {
    millis += unit * (text[digits] - '0');
    unit /= 10;
    ++digits;
  }
  text.remove_prefix(digits);
  return digits > 0;
}

bool TakeTimeOfDay(std::string_view& text, TimeOfDay& time) {
  int32_t hour = 0;
  int32_t minute = 0;
  int32_t second = 0;
  if (!TakeNumber(text, 2, 0, 23, hour) || !TakeChar(text, ":") ||
      !TakeNumber(text, 2, 0, 59, minute) || !TakeChar(text, ":") ||
      !TakeNumber(text, 2, 0, 60, second)) {
    return false;
  }
  time.leap_second = second == 60;
  if (time.leap_second) second = 59;
  time.millis = (hour * 60 + minute) * kMinuteMillis + second * kSecondMillis;
  return !TakeChar(text, ".") || TakeFraction(text, time.millis);
}

// Nothing left means the default; anything left after the zone is refused by the caller.
bool TakeZone(std::string_view& text, int32_t& offset_minutes) {
  if (text.empty()) return true;
  if (TakeChar(text, "Zz")) {
    offset_minutes = 0;
    return true;
  }
  const bool west = text[0] == '-';
  int32_t hours = 0;
  int32_t minutes = 0;
  if (!TakeChar(text, "+-") || !TakeNumber(text, 2, 0, 23, hours) || !TakeChar(text, ":") ||
      !TakeNumber(text, 2, 0, 59, minutes)) {
    return false;
  }
  offset_minutes = (west ? -1 : 1) * (hours * 60 + minutes);
  return true;
}

bool IsLastMinuteOfMonth(Millis instant) {
  const int64_t next_minute = FloorDivide(instant, kMinuteMillis) + 1;
  constexpr int64_t kMinutesPerDay = 1440;
  return next_minute % kMinutesPerDay == 0 && CivilFromDays(next_minute / kMinutesPerDay).day == 1;
}

}  // namespace

std::optional<ParsedTime> ParseTime(std::string_view text, TimeForm form,
                                    int32_t default_offset_minutes) {
  CivilDate date;
  TimeOfDay time;
  int32_t offset_minutes = default_offset_minutes;
  if (!TakeDate(text, date)) return std::nullopt;
  if (!text.empty() || form == TimeForm::kDateTime) {
    if (!TakeChar(text, "Tt ") || !TakeTimeOfDay(text, time)) return std::nullopt;
    if (!TakeZone(text, offset_minutes) || !text.empty()) return std::nullopt;
  }
  const Millis instant =
      DaysFromCivil(date) * kDayMillis + time.millis - offset_minutes * kMinuteMillis;
  if (time.leap_second && !IsLastMinuteOfMonth(instant)) return std::nullopt;
  return ParsedTime{instant, static_cast<int32_t>(date.year)};
}

int64_t YearAt(Millis instant, int32_t utc_offset_minutes) {
  const int64_t minutes = FloorDivide(instant, kMinuteMillis) + utc_offset_minutes;
  return CivilFromDays(FloorDivide(minutes, kDayMillis / kMinuteMillis)).year;
}

std::string FormatTime(Millis instant, int32_t utc_offset_minutes) {
  const int64_t minutes = FloorDivide(instant, kMinuteMillis) + utc_offset_minutes;
  const int64_t days = FloorDivide(minutes, kDayMillis / kMinuteMillis);
  const auto minute_of_day = static_cast<int>(minutes - days * (kDayMillis / kMinuteMillis));
  const auto millis = static_cast<int>((instant % kMinuteMillis + kMinuteMillis) % kMinuteMillis);
  const CivilDate date = CivilFromDays(days);
  const int offset = utc_offset_minutes < 0 ? -utc_offset_minutes : utc_offset_minutes;

  char buffer[80];
  int size = std::snprintf(buffer, sizeof buffer, "%04lld-%02d-%02dT%02d:%02d:%02d",
                           static_cast<long long>(date.year), date.month, date.day,
                           minute_of_day / 60, minute_of_day % 60, millis / 1000);
  std::string text(buffer, static_cast<size_t>(size));
  if (millis % 1000 != 0) {
    size = std::snprintf(buffer, sizeof buffer, ".%03d", millis % 1000);
    text.append(buffer, static_cast<size_t>(size));
  }
  size = std::snprintf(buffer, sizeof buffer, "%c%02d:%02d", utc_offset_minutes < 0 ? '-' : '+',
                       offset / 60, offset % 60);
  return text.append(buffer, static_cast<size_t>(size));
}

}  // namespace tally::domain
