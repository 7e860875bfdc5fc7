#include "processor/domain/time.h"

#include <array>
#include <cstdio>

#include "processor/domain/little_endian.h"

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

// Days since 1970-01-01, of a year not before 0; years begin in March here, so that the leap day is
// the last one, and an era earlier, so that none is negative.
// http://howardhinnant.github.io/date_algorithms.html
int64_t DaysFromCivil(const CivilDate& date) {
  const bool before_march = date.month <= 2;
  const auto year = static_cast<uint32_t>(date.year + 400 - (before_march ? 1 : 0));
  const auto month = static_cast<uint32_t>(before_march ? date.month + 9 : date.month - 3);
  const uint32_t century = year / 100;
  const uint32_t day_of_year = (153 * month + 2) / 5 + static_cast<uint32_t>(date.day) - 1;
  const uint32_t days = year * 365 + year / 4 - century + century / 4 + day_of_year;
  return days - kDaysPerEra - kEpochFromMarch0;
}

CivilDate CivilFromDays(int64_t days) {
  days += kEpochFromMarch0;
  const int64_t era = FloorDivide(days, kDaysPerEra);
  const auto day_of_era = static_cast<uint32_t>(days - era * kDaysPerEra);
  const uint32_t year_of_era =
      (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
  const uint32_t day_of_year =
      day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  const uint32_t month = (5 * day_of_year + 2) / 153;
  CivilDate date;
  date.day = static_cast<int32_t>(day_of_year - (153 * month + 2) / 5 + 1);
  date.month = static_cast<int32_t>(month < 10 ? month + 3 : month - 9);
  date.year = year_of_era + era * 400 + (date.month <= 2 ? 1 : 0);
  return date;
}

bool IsLeapYear(int64_t year) { return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0); }

int32_t DaysInMonth(int64_t year, int32_t month) {
  static constexpr std::array<int32_t, 12> kDays = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  return month == 2 && IsLeapYear(year) ? 29 : kDays[static_cast<size_t>(month - 1)];
}

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

bool TakeChar(std::string_view& text, char c) {
  if (text.empty() || text[0] != c) return false;
  text.remove_prefix(1);
  return true;
}

// The two digits at `begin`, which are there.
bool ParsePair(std::string_view text, size_t begin, int32_t& value) {
  const int32_t tens = text[begin] - '0';
  const int32_t ones = text[begin + 1] - '0';
  value = tens * 10 + ones;
  return tens >= 0 && tens <= 9 && ones >= 0 && ones <= 9;
}

// How eight characters must look; '0' stands for any digit. Bytes of the numbers are characters,
// the first one lowest.
struct Form {
  uint64_t characters = 0;
  uint64_t headroom = 0;  // what each may differ from `characters` by, subtracted from 0x7f
};

consteval Form MakeForm(const char (&text)[9]) {
  Form form;
  for (int i = 7; i >= 0; --i) {
    const bool digit = text[i] == '0';
    form.characters = form.characters << 8 | static_cast<uint8_t>(text[i]);
    form.headroom = form.headroom << 8 | (digit ? 0x7f - 9 : 0x7f);
  }
  return form;
}

constexpr Form kYearAndMonth = MakeForm("0000-00-");
constexpr Form kHourMinuteSecond = MakeForm("00:00:00");

// The two-digit numbers in eight characters of a form: number i begins at character i.
class Pairs {
 public:
  // All eight characters at once: a byte that differs too much has bit 7, or sets it with the
  // headroom. A carry into the next byte is of no account, since only a byte with bit 7 makes one.
  bool Take(std::string_view& text, const Form& form) {
    if (text.size() < sizeof(uint64_t)) return false;
    const uint64_t characters = LoadU64(reinterpret_cast<const uint8_t*>(text.data()));
    const uint64_t digits = characters ^ form.characters;
    if (((digits | (digits + form.headroom)) & 0x8080808080808080) != 0) return false;
    pairs_ = digits * 10 + (digits >> 8);
    text.remove_prefix(sizeof(uint64_t));
    return true;
  }

  int32_t operator[](int i) const { return static_cast<uint8_t>(pairs_ >> (8 * i)); }

 private:
  uint64_t pairs_ = 0;
};

bool TakeDate(std::string_view& text, CivilDate& date) {
  Pairs pairs;
  if (!pairs.Take(text, kYearAndMonth)) return false;
  date.year = pairs[0] * 100 + pairs[2];
  date.month = pairs[5];
  if (date.month < 1 || date.month > 12) return false;
  if (text.size() < 2 || !ParsePair(text, 0, date.day)) return false;
  text.remove_prefix(2);
  return date.day >= 1 && date.day <= DaysInMonth(date.year, date.month);
}

struct TimeOfDay {
  Millis millis = 0;         // since midnight
  bool leap_second = false;  // written as second 60; `millis` has it as second 59
};

bool TakeFraction(std::string_view& text, Millis& millis) {
  size_t digits = 0;
  Millis unit = 100;
  while (digits < text.size() && IsDigit(text[digits])) {
    millis += unit * (text[digits] - '0');
    unit /= 10;
    ++digits;
  }
  text.remove_prefix(digits);
  return digits > 0;
}

bool TakeTimeOfDay(std::string_view& text, TimeOfDay& time) {
  Pairs pairs;
  if (!pairs.Take(text, kHourMinuteSecond)) return false;
  const int32_t hour = pairs[0];
  const int32_t minute = pairs[3];
  int32_t second = pairs[6];
  if (hour > 23 || minute > 59 || second > 60) return false;
  time.leap_second = second == 60;
  if (time.leap_second) second = 59;
  time.millis = (hour * 60 + minute) * kMinuteMillis + second * kSecondMillis;
  return !TakeChar(text, '.') || TakeFraction(text, time.millis);
}

// All that is left of a text; nothing means the default.
bool ParseZone(std::string_view text, int32_t& offset_minutes) {
  if (text.empty()) return true;
  if (text == "Z" || text == "z") {
    offset_minutes = 0;
    return true;
  }
  constexpr size_t kSize = std::string_view("+hh:mm").size();
  int32_t hours = 0;
  int32_t minutes = 0;
  if (text.size() != kSize || (text[0] != '+' && text[0] != '-') || text[3] != ':') return false;
  if (!ParsePair(text, 1, hours) || !ParsePair(text, 4, minutes)) return false;
  offset_minutes = hours * 60 + minutes;
  if (text[0] == '-') offset_minutes = -offset_minutes;
  return hours <= 23 && minutes <= 59;
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
    if (!TakeChar(text, 'T') && !TakeChar(text, 't') && !TakeChar(text, ' ')) return std::nullopt;
    if (!TakeTimeOfDay(text, time)) return std::nullopt;
    if (!ParseZone(text, offset_minutes)) return std::nullopt;
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
