#include "processor/domain/time.h"

#include <gtest/gtest.h>

#include <random>
#include <string>

#include "absl/time/time.h"

namespace tally::domain {
namespace {

constexpr int32_t kSeoul = 540;
constexpr Millis k2026 = 1'767'225'600'000;  // 2026-01-01T00:00:00Z
constexpr Millis kHour = 3'600'000;

struct Row {
  std::string text;
  std::optional<ParsedTime> time;
};

TEST(ParseTime, DateTimes) {
  const Row rows[] = {
      {"2026-01-01T00:00:00Z", ParsedTime{k2026, 2026}},
      {"2026-01-01t00:00:00z", ParsedTime{k2026, 2026}},
      {"2026-01-01 00:00:00Z", ParsedTime{k2026, 2026}},
      {"2026-01-01T00:00:00+00:00", ParsedTime{k2026, 2026}},
      {"2026-01-01T00:00:00-00:00", ParsedTime{k2026, 2026}},
      {"2026-01-01T09:00:00", ParsedTime{k2026, 2026}},
      {"2026-01-01T09:00:00+09:00", ParsedTime{k2026, 2026}},
      {"2025-12-31T18:30:00-05:30", ParsedTime{k2026, 2025}},
      {"2026-01-01T23:59:00+23:59", ParsedTime{k2026, 2026}},
      {"2026-01-01T00:00:00.1Z", ParsedTime{k2026 + 100, 2026}},
      {"2026-01-01T00:00:00.482Z", ParsedTime{k2026 + 482, 2026}},
      {"2026-01-01T00:00:00.4829999999999999999999999Z", ParsedTime{k2026 + 482, 2026}},
      {"2026-01-01T09:00:00.5", ParsedTime{k2026 + 500, 2026}},
      {"1969-12-31T23:59:59.999Z", ParsedTime{-1, 1969}},
      {"0000-01-01T00:00:00Z", ParsedTime{-62'167'219'200'000, 0}},
      {"9999-12-31T23:59:59.999Z", ParsedTime{253'402'300'799'999, 9999}},
      {"2024-02-29T00:00:00Z", ParsedTime{1'709'164'800'000, 2024}},
      {"2000-02-29T00:00:00Z", ParsedTime{951'782'400'000, 2000}},
      {"2016-12-31T23:59:60Z", ParsedTime{1'483'228'799'000, 2016}},
      {"2017-01-01T08:59:60.25", ParsedTime{1'483'228'799'250, 2017}},
      {"2015-06-30T18:59:60-05:00", ParsedTime{1'435'708'799'000, 2015}},

      {"", std::nullopt},
      {"2026-01-01", std::nullopt},
      {"2026-01-01T", std::nullopt},
      {"2026-01-01T09", std::nullopt},
      {"2026-01-01T09:00", std::nullopt},
      {"2026-01-01T09:00Z", std::nullopt},
      {"2026-01-01T09:00:00.", std::nullopt},
      {"2026-01-01T09:00:00.Z", std::nullopt},
      {"2026-01-01T09:00:00,5Z", std::nullopt},
      {"2026-01-01T09:00:00+9:00", std::nullopt},
      {"2026-01-01T09:00:00+09", std::nullopt},
      {"2026-01-01T09:00:00+0900", std::nullopt},
      {"2026-01-01T09:00:00+24:00", std::nullopt},
      {"2026-01-01T09:00:00+09:60", std::nullopt},
      {"2026-01-01T09:00:00 +09:00", std::nullopt},
      {"2026-01-01T09:00:00Z ", std::nullopt},
      {" 2026-01-01T09:00:00Z", std::nullopt},
      {"2026-01-01T09:00:00ZZ", std::nullopt},
      {"2026-01-01T09:00:00KST", std::nullopt},
      {"2026-01-01T09:00:00+09:00[Asia/Seoul]", std::nullopt},
      {"2026-01-01  09:00:00", std::nullopt},
      {"2026-01-01_09:00:00", std::nullopt},
      {"2026-1-01T09:00:00Z", std::nullopt},
      {"2026-13-01T09:00:00Z", std::nullopt},
      {"2026-00-01T09:00:00Z", std::nullopt},
      {"2026-01-00T09:00:00Z", std::nullopt},
      {"2026-04-31T09:00:00Z", std::nullopt},
      {"2025-02-29T09:00:00Z", std::nullopt},
      {"2100-02-29T09:00:00Z", std::nullopt},
      {"2026-01-01T24:00:00Z", std::nullopt},
      {"2026-01-01T09:60:00Z", std::nullopt},
      {"2026-01-01T09:00:61Z", std::nullopt},
      {"2026-01-01T09:00:60Z", std::nullopt},
      {"2016-12-31T23:59:60+09:00", std::nullopt},
      {"2016-12-30T23:59:60Z", std::nullopt},
      {"20260101T090000Z", std::nullopt},
      {"+2026-01-01T09:00:00Z", std::nullopt},
      {"-026-01-01T09:00:00Z", std::nullopt},
      {"12026-01-01T09:00:00Z", std::nullopt},
      {"1767225600000", std::nullopt},
      {"２０26-01-01T09:00:00Z", std::nullopt},
      {std::string("2026-01-01T09:00:00Z\0", 21), std::nullopt},
  };
  for (const Row& row : rows) {
    EXPECT_EQ(ParseTime(row.text, TimeForm::kDateTime, kSeoul), row.time) << row.text;
    EXPECT_EQ(ParseTime(row.text, TimeForm::kDateOrDateTime, kSeoul).has_value(),
              row.time.has_value() || row.text == "2026-01-01")
        << row.text;
  }
}

bool IsDigitIn(char c, char first, char last) { return c >= first && c <= last; }

// Whether `text`, which differs in one character at most from 2024-12-29T13:38:58+09:30, is still a
// time: by the character alone.
bool StaysATime(const std::string& text, size_t place) {
  const char c = text[place];
  switch (place) {
    case 4:
    case 7:
      return c == '-';
    case 5:  // 02 and 12
      return IsDigitIn(c, '0', '1');
    case 6:  // 10 to 12
      return IsDigitIn(c, '0', '2');
    case 8:  // 09, 19 and 29
    case 11:
      return IsDigitIn(c, '0', '2');
    case 10:
      return c == 'T' || c == 't' || c == ' ';
    case 13:
    case 16:
    case 22:
      return c == ':';
    case 14:
    case 17:
    case 23:
      return IsDigitIn(c, '0', '5');
    case 19:
      return c == '+' || c == '-';
    case 20:  // 09 and 19
      return IsDigitIn(c, '0', '1');
    default:
      return IsDigitIn(c, '0', '9');
  }
}

// Texts are looked at eight bytes at once: no byte must make up for another.
TEST(ParseTime, EveryByteAtEveryPlace) {
  const std::string base = "2024-12-29T13:38:58+09:30";
  for (size_t place = 0; place < base.size(); ++place) {
    for (int byte = 0; byte < 256; ++byte) {
      std::string text = base;
      text[place] = static_cast<char>(byte);
      const auto parsed = ParseTime(text, TimeForm::kDateTime, kSeoul);
      ASSERT_EQ(parsed.has_value(), StaysATime(text, place)) << place << ": " << text;
      if (!parsed) continue;
      if (place == 10) text[place] = 'T';
      absl::Time expected;
      ASSERT_TRUE(absl::ParseTime(absl::RFC3339_full, text, &expected, nullptr)) << text;
      ASSERT_EQ(parsed->instant, absl::ToUnixMillis(expected)) << text;
      ASSERT_EQ(parsed->year, std::stoi(text)) << text;
    }
  }
}

TEST(ParseTime, NoBeginningIsATime) {
  const std::string text = "2024-12-29T13:38:58.123+09:30";
  for (size_t size = 0; size < text.size(); ++size) {
    const bool without_zone = size == 19 || (size > 20 && size <= 23);
    const std::string exact = text.substr(0, size);  // so that a sanitizer sees what is read beyond
    EXPECT_EQ(ParseTime(exact, TimeForm::kDateTime, kSeoul).has_value(), without_zone) << exact;
  }
}

TEST(ParseTime, Dates) {
  const Row rows[] = {
      {"2026-01-01", ParsedTime{k2026 - 9 * kHour, 2026}},
      {"2000-01-01", ParsedTime{946'684'800'000 - 9 * kHour, 2000}},
      {"2024-02-29", ParsedTime{1'709'164'800'000 - 9 * kHour, 2024}},
      {"2025-02-29", std::nullopt},
      {"2026-01-01Z", std::nullopt},
      {"2026-01-01+09:00", std::nullopt},
      {"2026-01", std::nullopt},
      {"2026-01-1", std::nullopt},
      {"2026/01/01", std::nullopt},
      {"20260101", std::nullopt},
  };
  for (const Row& row : rows) {
    EXPECT_EQ(ParseTime(row.text, TimeForm::kDateOrDateTime, kSeoul), row.time) << row.text;
  }
  EXPECT_EQ(ParseTime("2026-01-01", TimeForm::kDateOrDateTime, -330),
            (ParsedTime{k2026 + 330 * kMinuteMillis, 2026}));
}

TEST(FormatTime, Table) {
  EXPECT_EQ(FormatTime(1'795'349'111'482, kSeoul), "2026-11-22T21:05:11.482+09:00");
  EXPECT_EQ(FormatTime(k2026 - 9 * kHour, kSeoul), "2026-01-01T00:00:00+09:00");
  EXPECT_EQ(FormatTime(k2026, 0), "2026-01-01T00:00:00+00:00");
  EXPECT_EQ(FormatTime(k2026 + 5, -330), "2025-12-31T18:30:00.005-05:30");
  EXPECT_EQ(FormatTime(-1, 0), "1969-12-31T23:59:59.999+00:00");
  EXPECT_EQ(FormatTime(253'402'300'800'000, 0), "10000-01-01T00:00:00+00:00");
  EXPECT_FALSE(FormatTime(std::numeric_limits<int64_t>::max(), kSeoul).empty());
  EXPECT_FALSE(FormatTime(std::numeric_limits<int64_t>::min(), -1080).empty());
}

TEST(YearAt, TurnsAtTheOffsetsMidnight) {
  EXPECT_EQ(YearAt(k2026 - 1, 0), 2025);
  EXPECT_EQ(YearAt(k2026 - 1, kSeoul), 2026);
  EXPECT_EQ(YearAt(k2026, -1), 2025);
}

TEST(FormatTime, RoundTripAndAgreesWithAbseil) {
  std::mt19937_64 random(20260101);
  const Millis first = ParseTime("0001-01-02T00:00:00Z", TimeForm::kDateTime, 0)->instant;
  const Millis last = ParseTime("9999-12-30T00:00:00Z", TimeForm::kDateTime, 0)->instant;
  for (int i = 0; i < 50'000; ++i) {
    const auto span = static_cast<uint64_t>(last - first);
    const Millis instant = first + static_cast<Millis>(random() % span);
    const auto offset = static_cast<int32_t>(random() % 2160) - 1080;
    const std::string text = FormatTime(instant, offset);
    const auto parsed = ParseTime(text, TimeForm::kDateTime, 0);
    ASSERT_TRUE(parsed) << text;
    ASSERT_EQ(parsed->instant, instant) << text;
    ASSERT_EQ(parsed->year, YearAt(instant, offset)) << text;
    ASSERT_EQ(text.substr(0, 19),
              absl::FormatTime("%E4Y-%m-%dT%H:%M:%S", absl::FromUnixMillis(instant),
                               absl::FixedTimeZone(offset * 60)));
  }
}

}  // namespace
}  // namespace tally::domain
