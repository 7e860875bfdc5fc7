#include "query/period.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tally::query {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using Text = std::optional<std::string>;

absl::Time Utc(const std::string& text) {
  absl::Time time;
  std::string error;
  EXPECT_TRUE(absl::ParseTime(absl::RFC3339_full, text, &time, &error)) << text << error;
  return time;
}

const absl::Time kNow = Utc("2026-11-22T12:34:56.789Z");

std::string Show(domain::Hour hour) {
  return absl::FormatTime("%Y-%m-%dT%H", absl::FromUnixSeconds(int64_t{hour} * 3600),
                          absl::UTCTimeZone());
}

struct Row {
  Text start, end, zone;
  const char* begin;  // UTC
  const char* finish;
};

TEST(PeriodTest, HoursOfThePeriod) {
  const Row rows[] = {
      {"2026-01-01", "2026-02-01", {}, "2025-12-31T15", "2026-01-31T15"},
      {"2026-01-01", "2026-02-01", "UTC", "2026-01-01T00", "2026-02-01T00"},
      {"2026-02-28", "2026-03-01", {}, "2026-02-27T15", "2026-02-28T15"},
      {"2024-02-29", "2024-03-01", "UTC", "2024-02-29T00", "2024-03-01T00"},
      {"2000-01-01", "2100-12-31", "UTC", "2000-01-01T00", "2100-12-31T00"},
      {"2026-01-01T09:00", "2026-01-01T10:00", {}, "2026-01-01T00", "2026-01-01T01"},
      {"2026-01-01T09:00:00", "2026-01-01T10:00:00.000", {}, "2026-01-01T00", "2026-01-01T01"},
      {"2026-01-01t09:00:00z", "2026-01-01T10:00Z", {}, "2026-01-01T09", "2026-01-01T10"},
      // A '+' that arrived as a space.
      {"2026-01-01T09:00:00 09:00", "2026-01-01T10:00:00+09:00", "UTC", "2026-01-01T00",
       "2026-01-01T01"},
      {"2026-01-01T00:00:00-05:00", "2026-01-02", "UTC", "2026-01-01T05", "2026-01-02T00"},
      // A written offset may be anything that ends on a full hour.
      {"2026-01-01T05:30:00+05:30", "2026-01-02", "UTC", "2026-01-01T00", "2026-01-02T00"},
      // Berlin: winter +01:00, summer +02:00; the day of the change has 23 or 25 hours.
      {"2026-03-29", "2026-03-30", "Europe/Berlin", "2026-03-28T23", "2026-03-29T22"},
      {"2026-10-25", "2026-10-26", "Europe/Berlin", "2026-10-24T22", "2026-10-25T23"},
      {"2026-03-01", "2026-04-01", "Europe/Berlin", "2026-02-28T23", "2026-03-31T22"},
      // 02:00 to 03:00 does not exist on that day; on the other it exists twice: the first counts.
      {"2026-03-29T02:00", "2026-03-29T03:00:00+02:00", "Europe/Berlin", nullptr, nullptr},
      {"2026-03-29T02:00", "2026-03-29T04:00", "Europe/Berlin", "2026-03-29T01", "2026-03-29T02"},
      {"2026-10-25T02:00", "2026-10-25T03:00", "Europe/Berlin", "2026-10-25T00", "2026-10-25T02"},
      // Midnight does not exist in Cairo on the last Friday of April: the day begins at 01:00.
      {"2026-04-24", "2026-04-25", "Africa/Cairo", "2026-04-23T22", "2026-04-24T21"},
      {"2026-01-01", "2026-01-02", "Etc/GMT+9", "2026-01-01T09", "2026-01-02T09"},
      {"2026-01-01", "2026-01-02", "America/Argentina/Buenos_Aires", "2026-01-01T03",
       "2026-01-02T03"},
  };
  for (const Row& row : rows) {
    std::vector<ParameterError> errors;
    const Window window = ParseWindow({row.start, row.end, row.zone}, kNow, errors);
    if (row.begin == nullptr) {
      EXPECT_FALSE(errors.empty()) << *row.start;
      continue;
    }
    ASSERT_THAT(errors, IsEmpty()) << *row.start << " " << errors[0].parameter << errors[0].allowed;
    EXPECT_TRUE(window.limited);
    EXPECT_EQ(Show(window.current.begin), row.begin) << *row.start;
    EXPECT_EQ(Show(window.current.end), row.finish) << *row.end;
    EXPECT_EQ(window.previous.end, window.current.begin);
    EXPECT_EQ(window.previous.end - window.previous.begin,
              window.current.end - window.current.begin);
  }
}

TEST(PeriodTest, WithoutAPeriodTheLastFullDays) {
  std::vector<ParameterError> errors;
  const Window window = ParseWindow({}, kNow, errors);
  EXPECT_THAT(errors, IsEmpty());
  EXPECT_FALSE(window.limited);
  EXPECT_EQ(window.timezone, "Asia/Seoul");
  EXPECT_EQ(Show(window.current.begin), "2026-11-21T12");
  EXPECT_EQ(Show(window.current.end), "2026-11-22T12");
  EXPECT_EQ(Show(window.previous.begin), "2026-11-20T12");
  EXPECT_EQ(Show(window.previous.end), "2026-11-21T12");
}

struct Refusal {
  Text start, end, zone;
  const char* parameter;
  const char* allowed;
};

TEST(PeriodTest, Refusals) {
  const Text good = "2026-01-01", later = "2026-02-01";
  const Refusal rows[] = {
      {good, {}, {}, "endDate", "together with startDate"},
      {{}, good, {}, "startDate", "together with endDate"},
      {good, good, {}, "endDate", "later than startDate"},
      {later, good, {}, "endDate", "later than startDate"},
      {"", later, {}, "startDate", "ISO 8601"},
      {"2026", later, {}, "startDate", "ISO 8601"},
      {"2026-1-1", later, {}, "startDate", "ISO 8601"},
      {"20260101", later, {}, "startDate", "ISO 8601"},
      {"2026-02-29", later, {}, "startDate", "ISO 8601"},
      {"2026-13-01", later, {}, "startDate", "ISO 8601"},
      {"2026-00-01", later, {}, "startDate", "ISO 8601"},
      {"2026-01-32", later, {}, "startDate", "ISO 8601"},
      {"2026-01-01T24:00", later, {}, "startDate", "ISO 8601"},
      {"2026-01-01T09", later, {}, "startDate", "ISO 8601"},
      {"2026-01-01 09:00", later, {}, "startDate", "ISO 8601"},
      {"2026-01-01T09:00:60", later, {}, "startDate", "ISO 8601"},
      {"2026-01-01T09:60", later, {}, "startDate", "ISO 8601"},
      {"2026-01-01T09:00.0", later, {}, "startDate", "ISO 8601"},
      {"2026-01-01T09:00:00.", later, {}, "startDate", "ISO 8601"},
      {"2026-01-01T09:00+0900", later, {}, "startDate", "ISO 8601"},
      {"2026-01-01T09:00+09", later, {}, "startDate", "ISO 8601"},
      {"2026-01-01T09:00+24:00", later, {}, "startDate", "ISO 8601"},
      {"2026-01-01T09:00+09:60", later, {}, "startDate", "ISO 8601"},
      {"2026-01-01T09:00ZZ", later, {}, "startDate", "ISO 8601"},
      {"2026-01-01T09:00  09:00", later, {}, "startDate", "ISO 8601"},
      {"2026-01-01Z", later, {}, "startDate", "ISO 8601"},
      {"2026-01-01 ", later, {}, "startDate", "ISO 8601"},
      {" 2026-01-01", later, {}, "startDate", "ISO 8601"},
      {"-026-01-01", later, {}, "startDate", "ISO 8601"},
      {"yesterday", later, {}, "startDate", "ISO 8601"},
      {"2026-01-01T09:30", later, {}, "startDate", "full hour"},
      {"2026-01-01T09:00:01", later, {}, "startDate", "full hour"},
      {"2026-01-01T09:00:00.001", later, {}, "startDate", "full hour"},
      {"2026-01-01T09:00:00+05:30", later, {}, "startDate", "full hour"},
      {"1999-12-31", later, {}, "startDate", "year from 2000 to 2100"},
      {good, "2101-01-01", {}, "endDate", "year from 2000 to 2100"},
      {good, later, "Asia/Kolkata", "timezone", "whole hours"},
      {{}, {}, "Asia/Kolkata", "timezone", "whole hours"},
      {{}, {}, "Asia/Kathmandu", "timezone", "whole hours"},
      // +11:00 in summer, +10:30 in winter.
      {good, "2026-06-01", "Australia/Lord_Howe", "timezone", "whole hours"},
      // +09:00 until 2015-08-15, +08:30 until 2018-05-05.
      {"2015-01-01", "2016-01-01", "Asia/Pyongyang", "timezone", "whole hours"},
      {"2016-01-01", "2016-02-01", "Asia/Pyongyang", "timezone", "whole hours"},
      {"2026-10-04T02:00", "2026-10-05", "Australia/Lord_Howe", "timezone", "whole hours"},
      {{}, {}, "", "timezone", "IANA"},
      {{}, {}, "KST", "timezone", "IANA"},
      {{}, {}, "asia/seoul", "timezone", "IANA"},
      {{}, {}, "Asia", "timezone", "IANA"},
      {{}, {}, "Asia/", "timezone", "IANA"},
      {{}, {}, "/etc/localtime", "timezone", "IANA"},
      {{}, {}, "localtime", "timezone", "IANA"},
      {{}, {}, "posix/Asia/Seoul", "timezone", "IANA"},
      {{}, {}, "right/Asia/Seoul", "timezone", "IANA"},
      {{}, {}, "../zoneinfo/Asia/Seoul", "timezone", "IANA"},
      {{}, {}, "Asia/../Asia/Seoul", "timezone", "IANA"},
      {{}, {}, "Asia//Seoul", "timezone", "IANA"},
      {{}, {}, "Fixed/UTC+09:00:00", "timezone", "IANA"},
      {{}, {}, "+09:00", "timezone", "IANA"},
      {{}, {}, "tzdata.zi", "timezone", "IANA"},
      {{}, {}, "zone1970.tab", "timezone", "IANA"},
      {{}, {}, "Asia/Seoul ", "timezone", "IANA"},
      {{}, {}, std::string("Asia/Seoul\0", 11), "timezone", "IANA"},
      {{}, {}, std::string(5000, 'A'), "timezone", "IANA"},
  };
  for (const Refusal& row : rows) {
    std::vector<ParameterError> errors;
    ParseWindow({row.start, row.end, row.zone}, kNow, errors);
    const std::string shown = row.start.value_or("-") + " " + row.zone.value_or("-");
    ASSERT_EQ(errors.size(), 1u) << shown;
    EXPECT_EQ(errors[0].parameter, row.parameter) << shown;
    EXPECT_THAT(errors[0].allowed, HasSubstr(row.allowed)) << shown;
  }
}

TEST(PeriodTest, NamesEverythingThatIsWrong) {
  using Names = std::vector<std::string>;
  const struct {
    Text start, end, zone;
    Names parameters;
  } rows[] = {
      {"x", "y", "z", {"timezone", "startDate", "endDate"}},
      {"2026-01-02T00:30", "2026-01-01T00:30", {}, {"startDate", "endDate", "endDate"}},
      {"2026-01-02T00:30", "2026-01-01", {}, {"startDate", "endDate"}},
      {"2026-01-02", "2026-01-01T00:00:00.5", {}, {"endDate", "endDate"}},
      {"2026-01-02", "1999-01-01", {}, {"endDate", "endDate"}},
      {"1999-01-01T00:30", "2026-01-01", {}, {"startDate", "startDate"}},
      {"2026-01-02", "2026-01-01", "Asia/Kolkata", {"timezone", "endDate"}},
      {"2026-01-02T00:00Z", "2026-01-02T09:00+09:00", "z", {"timezone", "endDate"}},
      {{}, "2026-01-01T00:30", "z", {"timezone", "startDate", "endDate"}},
      // Which of these is earlier, only the zone could tell.
      {"2026-01-02", "2026-01-01T23:00Z", "z", {"timezone"}},
      // The zone is to blame for neither of two ends that are wrong by themselves.
      {"2016-01-02", "2016-01-01", "Asia/Pyongyang", {"endDate"}},
  };
  for (const auto& row : rows) {
    std::vector<ParameterError> errors;
    ParseWindow({row.start, row.end, row.zone}, kNow, errors);
    Names named;
    for (const ParameterError& error : errors) named.push_back(error.parameter);
    EXPECT_EQ(named, row.parameters) << row.start.value_or("-") << " " << *row.end;
  }
}

TEST(PeriodTest, TimesCarryTheZonesOffset) {
  absl::TimeZone seoul, berlin;
  ASSERT_TRUE(absl::LoadTimeZone("Asia/Seoul", &seoul));
  ASSERT_TRUE(absl::LoadTimeZone("Europe/Berlin", &berlin));
  const domain::Millis time = absl::ToUnixMillis(Utc("2026-11-22T12:05:11Z"));
  EXPECT_EQ(FormatTime(time + 482, seoul), "2026-11-22T21:05:11.482+09:00");
  EXPECT_EQ(FormatTime(time, seoul), "2026-11-22T21:05:11+09:00");
  EXPECT_EQ(FormatTime(time + 50, berlin), "2026-11-22T13:05:11.050+01:00");
  EXPECT_EQ(FormatTime(time, absl::UTCTimeZone()), "2026-11-22T12:05:11+00:00");
  EXPECT_EQ(FormatHour(static_cast<domain::Hour>(time / 3'600'000), seoul),
            "2026-11-22T21:00:00+09:00");
}

TEST(PeriodTest, TimeZoneDataIsThere) { EXPECT_TRUE(CheckTimeZoneData().ok()); }

}  // namespace
}  // namespace tally::query
