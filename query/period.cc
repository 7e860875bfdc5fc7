#include "query/period.h"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <system_error>

#include "absl/strings/str_cat.h"
#include "absl/time/civil_time.h"

namespace tally::query {
namespace {

constexpr std::string_view kZoneAllowed =
    "an IANA time zone whose offset from UTC is in whole hours, e.g. Asia/Seoul, UTC, "
    "Europe/Berlin";
constexpr std::string_view kDateAllowed =
    "an ISO 8601 date or date-time, e.g. 2026-01-31 or 2026-01-31T09:00:00+09:00";
constexpr std::string_view kHourAllowed = "a full hour (minutes and seconds are 0)";
constexpr size_t kZoneNameBytesMax = 64;
constexpr int kDeltaHours = 24;

// A date or date-time as written.
struct WrittenTime {
  absl::CivilSecond civil;
  std::optional<int> offset_minutes;
  bool whole_second = true;
};

// Reads text from left to right; every method is false when the text does not go on like that.
class Scanner {
 public:
  explicit Scanner(std::string_view text) : rest_(text) {}

  bool Number(size_t digits, int& value) {
    if (rest_.size() < digits) return false;
    value = 0;
    for (const char c : rest_.substr(0, digits)) {
      if (c < '0' || c > '9') return false;
      value = value * 10 + (c - '0');
    }
    rest_.remove_prefix(digits);
    return true;
  }
  bool AnyOf(std::string_view characters) {
    if (rest_.empty() || characters.find(rest_.front()) == std::string_view::npos) return false;
    last_ = rest_.front();
    rest_.remove_prefix(1);
    return true;
  }
  // One or more digits; `zero` tells whether all of them are 0.
  bool Fraction(bool& zero) {
    const size_t digits = std::min(rest_.find_first_not_of("0123456789"), rest_.size());
    zero = rest_.substr(0, digits).find_first_not_of('0') == std::string_view::npos;
    rest_.remove_prefix(digits);
    return digits > 0;
  }
  char last() const { return last_; }
  bool AtEnd() const { return rest_.empty(); }

 private:
  std::string_view rest_;
  char last_ = 0;
};

// A '+' that was decoded as a space is taken for the '+' that it was.
bool ScanOffset(Scanner& in, std::optional<int>& offset_minutes) {
  if (in.AtEnd()) return true;
  if (in.AnyOf("Zz")) {
    offset_minutes = 0;
    return in.AtEnd();
  }
  if (!in.AnyOf("+ -")) return false;
  const int sign = in.last() == '-' ? -1 : 1;
  int hours = 0;
  int minutes = 0;
  if (!in.Number(2, hours) || !in.AnyOf(":") || !in.Number(2, minutes)) return false;
  if (hours > 23 || minutes > 59) return false;
  offset_minutes = sign * (hours * 60 + minutes);
  return in.AtEnd();
}

// Seconds may be left out, and have a fraction.
bool ScanSecond(Scanner& in, int& second, bool& whole_second) {
  if (!in.AnyOf(":")) return true;
  if (!in.Number(2, second)) return false;
  return !in.AnyOf(".") || in.Fraction(whole_second);
}

bool ScanTime(std::string_view text, WrittenTime& time) {
  Scanner in(text);
  int year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0;
  if (!in.Number(4, year) || !in.AnyOf("-") || !in.Number(2, month) || !in.AnyOf("-") ||
      !in.Number(2, day)) {
    return false;
  }
  if (!in.AtEnd()) {
    if (!in.AnyOf("Tt") || !in.Number(2, hour) || !in.AnyOf(":") || !in.Number(2, minute) ||
        !ScanSecond(in, second, time.whole_second) || !ScanOffset(in, time.offset_minutes)) {
      return false;
    }
  }
  time.civil = absl::CivilSecond(year, month, day, hour, minute, second);
  const bool normal = time.civil.month() == month && time.civil.day() == day &&
                      time.civil.hour() == hour && time.civil.minute() == minute &&
                      time.civil.second() == second;
  return normal;
}

absl::Time ToTime(const WrittenTime& time, absl::TimeZone zone) {
  if (time.offset_minutes.has_value()) {
    return absl::FromCivil(time.civil, absl::UTCTimeZone()) - absl::Minutes(*time.offset_minutes);
  }
  const absl::TimeZone::TimeInfo info = zone.At(time.civil);
  return info.kind == absl::TimeZone::TimeInfo::SKIPPED ? info.trans : info.pre;
}

bool IsFullHour(absl::Time time) { return absl::ToUnixSeconds(time) % 3600 == 0; }

// Of a local time only what is written is looked at: the rest is the zone's fault.
bool IsFullHour(const WrittenTime& time) {
  if (!time.whole_second) return false;
  if (time.offset_minutes.has_value()) return IsFullHour(ToTime(time, absl::UTCTimeZone()));
  return time.civil.minute() == 0 && time.civil.second() == 0;
}

// What is written, also where it is refused for more than how it is written.
std::optional<WrittenTime> ParseTime(std::string_view name, const std::string& text,
                                     std::vector<ParameterError>& errors) {
  const auto refuse = [&](std::string_view allowed) {
    errors.push_back({std::string(name), text, std::string(allowed)});
  };
  WrittenTime time;
  if (!ScanTime(text, time)) {
    refuse(kDateAllowed);
    return std::nullopt;
  }
  if (time.civil.year() < kPeriodYearMin || time.civil.year() > kPeriodYearMax) {
    refuse(absl::StrCat("a year from ", kPeriodYearMin, " to ", kPeriodYearMax));
  }
  if (!IsFullHour(time)) refuse(kHourAllowed);
  return time;
}

// Only names of the tz database: absl also opens absolute paths and the machine's own zone.
bool IsZoneName(std::string_view name) {
  if (name.empty() || name.size() > kZoneNameBytesMax) return false;
  for (const std::string_view other : {"localtime", "posixrules", "Factory", "leapseconds"}) {
    if (name == other) return false;
  }
  for (const std::string_view prefix : {"posix/", "right/", "SystemV/"}) {
    if (name.substr(0, prefix.size()) == prefix) return false;
  }
  char previous = '/';
  for (const char c : name) {
    const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    const bool inner = letter || (c >= '0' && c <= '9') || c == '_' || c == '+' || c == '-';
    const bool good = previous == '/' ? letter : inner || c == '/';
    if (!good) return false;
    previous = c;
  }
  return previous != '/';
}

// absl remembers every name that it was asked for, good or bad, for ever: so it is only asked for
// names that exist.
bool LoadZone(std::string_view name, absl::TimeZone& zone) {
  if (name == "UTC") {
    zone = absl::UTCTimeZone();
    return true;
  }
  if (!IsZoneName(name)) return false;
  const char* folder = std::getenv("TZDIR");
  if (folder == nullptr || *folder == 0) folder = "/usr/share/zoneinfo";
  std::error_code error;
  const auto file = std::filesystem::path(folder) / std::string(name);
  if (!std::filesystem::is_regular_file(file, error)) return false;
  return absl::LoadTimeZone(std::string(name), &zone);
}

bool IsWholeHours(absl::TimeZone zone, absl::Time time) { return zone.At(time).offset % 3600 == 0; }

bool IsWholeHours(absl::TimeZone zone, absl::Time begin, absl::Time end) {
  if (!IsWholeHours(zone, begin)) return false;
  absl::Time time = begin;
  absl::TimeZone::CivilTransition transition;
  while (zone.NextTransition(time, &transition)) {
    time = zone.At(transition.to).trans;
    if (time > end) break;
    if (!IsWholeHours(zone, time)) return false;
  }
  return true;
}

domain::Hour ToHour(absl::Time time) {
  return static_cast<domain::Hour>(absl::ToUnixSeconds(time) / 3600);
}

absl::Time ToTime(domain::Hour hour) { return absl::FromUnixSeconds(int64_t{hour} * 3600); }

HourRange RangeBefore(const HourRange& range) {
  return {range.begin - (range.end - range.begin), range.begin};
}

void Limit(absl::Time begin, absl::Time end, Window& window) {
  window.limited = true;
  window.current = {ToHour(begin), ToHour(end)};
  window.previous = RangeBefore(window.current);
}

std::optional<WrittenTime> ParseEnd(std::string_view name, std::string_view other,
                                    const std::optional<std::string>& text,
                                    std::vector<ParameterError>& errors) {
  if (text.has_value()) return ParseTime(name, *text, errors);
  errors.push_back({std::string(name), "",
                    absl::StrCat("to be given together with ",
                                 absl::string_view(other.data(), other.size()), ", or neither")});
  return std::nullopt;
}

// Without the zone it is only known of two local times, or of two that say their offset.
bool IsBefore(const WrittenTime& a, const WrittenTime& b, bool zone_known, absl::TimeZone zone) {
  const bool alike = a.offset_minutes.has_value() == b.offset_minutes.has_value();
  if (!zone_known && !alike) return true;
  return ToTime(a, zone) < ToTime(b, zone);
}

void ParsePeriod(const PeriodParameters& parameters, bool zone_known, Window& window,
                 std::vector<ParameterError>& errors) {
  const size_t errors_before = errors.size();
  const auto begin = ParseEnd("startDate", "endDate", parameters.start_date, errors);
  const auto end = ParseEnd("endDate", "startDate", parameters.end_date, errors);
  if (!begin.has_value() || !end.has_value()) return;
  if (!IsBefore(*begin, *end, zone_known, window.zone)) {
    errors.push_back({"endDate", *parameters.end_date,
                      "later than startDate (the period is half-open: January is 2026-01-01 … "
                      "2026-02-01)"});
  }
  if (!zone_known || errors.size() > errors_before) return;
  const absl::Time first = ToTime(*begin, window.zone);
  const absl::Time last = ToTime(*end, window.zone);
  if (!IsFullHour(first) || !IsFullHour(last) || !IsWholeHours(window.zone, first, last)) {
    errors.push_back({"timezone", window.timezone, std::string(kZoneAllowed)});
    return;
  }
  Limit(first, last, window);
}

}  // namespace

Window ParseWindow(const PeriodParameters& parameters, absl::Time now,
                   std::vector<ParameterError>& errors) {
  Window window;
  window.timezone = parameters.timezone.value_or(std::string(kDefaultTimezone));
  const bool zone_known = LoadZone(window.timezone, window.zone) && IsWholeHours(window.zone, now);
  if (!zone_known) {
    errors.push_back({"timezone", window.timezone, std::string(kZoneAllowed)});
    window.zone = absl::UTCTimeZone();  // to look at the dates all the same
  }
  if (parameters.start_date.has_value() || parameters.end_date.has_value()) {
    ParsePeriod(parameters, zone_known, window, errors);
    return window;
  }
  const domain::Hour hour = ToHour(now);
  window.current = {hour - kDeltaHours, hour};
  window.previous = RangeBefore(window.current);
  return window;
}

void CheckZone(const Window& window, const HourRange& range, std::vector<ParameterError>& errors) {
  if (IsWholeHours(window.zone, ToTime(range.begin), ToTime(range.end))) return;
  errors.push_back(
      {"timezone", window.timezone, std::string(kZoneAllowed) + ", all over the time shown"});
}

Window WithoutClock(Window window) {
  if (!window.limited) window.current = window.previous = {};
  return window;
}

std::string FormatTime(domain::Millis time, absl::TimeZone zone) {
  const char* format = time % 1000 == 0 ? "%Y-%m-%dT%H:%M:%S%Ez" : "%Y-%m-%dT%H:%M:%E3S%Ez";
  return absl::FormatTime(format, absl::FromUnixMillis(time), zone);
}

std::string FormatHour(domain::Hour hour, absl::TimeZone zone) {
  return FormatTime(static_cast<domain::Millis>(hour) * 3'600'000, zone);
}

absl::Status CheckTimeZoneData() {
  absl::TimeZone zone;
  if (LoadZone(kDefaultTimezone, zone)) return absl::OkStatus();
  return absl::FailedPreconditionError(
      absl::StrCat("time zone ", std::string(kDefaultTimezone),
                   " cannot be loaded: install the tz database (Debian: apt-get install tzdata) or "
                   "name its folder in TZDIR"));
}

}  // namespace tally::query
