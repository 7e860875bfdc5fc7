#include "processor/domain/money.h"

#include <gtest/gtest.h>

#include <limits>
#include <random>
#include <string>

namespace tally::domain {
namespace {

constexpr Int128 kInt128Max = static_cast<Int128>(~Uint128{0} >> 1);

struct ParseRow {
  std::string text;
  NumberStatus status;
  int64_t value = -1;  // unchanged unless kOk
};

void CheckRows(NumberStatus (*parse)(std::string_view, int64_t&),
               const std::vector<ParseRow>& rows) {
  for (const ParseRow& row : rows) {
    int64_t value = -1;
    EXPECT_EQ(parse(row.text, value), row.status) << row.text.substr(0, 80);
    EXPECT_EQ(value, row.value) << row.text.substr(0, 80);
  }
}

constexpr NumberStatus kOk = NumberStatus::kOk;
constexpr NumberStatus kMalformed = NumberStatus::kMalformed;
constexpr NumberStatus kTooPrecise = NumberStatus::kTooPrecise;
constexpr NumberStatus kOutOfRange = NumberStatus::kOutOfRange;

TEST(ParseMoney, Table) {
  const std::string zeros(100'000, '0');
  CheckRows(ParseMoney, {
                            {"0", kOk, 0},
                            {"-0", kOk, 0},
                            {"-0.00e5", kOk, 0},
                            {"0e999999999999999999999", kOk, 0},
                            {"1", kOk, 100},
                            {"15000000", kOk, 1'500'000'000},
                            {"0.5", kOk, 50},
                            {"12.34", kOk, 1234},
                            {"12.340000", kOk, 1234},
                            {"0.05", kOk, 5},
                            {"0.01", kOk, 1},
                            {"1e3", kOk, 100'000},
                            {"1E+3", kOk, 100'000},
                            {"12340e-3", kOk, 1234},
                            {"0.00001234e6", kOk, 1234},
                            {"100e-4", kOk, 1},
                            {"1e-2", kOk, 1},
                            {"9999999999999", kOk, kMoneyMax - 100},
                            {"10000000000000", kOk, kMoneyMax},
                            {"1e13", kOk, kMoneyMax},
                            {"1" + zeros + "e-100000", kOk, 100},
                            {"0." + zeros + "1e100001", kOk, 100},
                            {"12." + zeros, kOk, 1200},

                            {"0.001", kTooPrecise},
                            {"12.345", kTooPrecise},
                            {"1e-3", kTooPrecise},
                            {"1e-999999999999999999999", kTooPrecise},
                            {"0." + zeros + "1", kTooPrecise},
                            {"9999999999999.999", kTooPrecise},

                            {"10000000000000.01", kOutOfRange},
                            {"10000000000001", kOutOfRange},
                            {"12345678901234567", kOutOfRange},
                            {"99999999999999999", kOutOfRange},
                            {"100000000000000000", kOutOfRange},
                            {"184467440737095517", kOutOfRange},
                            {"1e14", kOutOfRange},
                            {"1e999999999", kOutOfRange},
                            {"1e9223372036854775807", kOutOfRange},
                            {"1e99999999999999999999999", kOutOfRange},
                            {"184467440737095516.16", kOutOfRange},
                            {"99999999999999999999", kOutOfRange},
                            {"1" + zeros, kOutOfRange},
                            {"-1", kOutOfRange},
                            {"-0.01", kOutOfRange},

                            {"", kMalformed},
                            {"-", kMalformed},
                            {"+1", kMalformed},
                            {"--1", kMalformed},
                            {".5", kMalformed},
                            {"5.", kMalformed},
                            {"01", kMalformed},
                            {"00", kMalformed},
                            {"1e", kMalformed},
                            {"1e+", kMalformed},
                            {"e5", kMalformed},
                            {"1e5.0", kMalformed},
                            {"1.2.3", kMalformed},
                            {" 1", kMalformed},
                            {"1 ", kMalformed},
                            {"1,000", kMalformed},
                            {"1_000", kMalformed},
                            {"0x10", kMalformed},
                            {"NaN", kMalformed},
                            {"Infinity", kMalformed},
                            {"null", kMalformed},
                            {"₩100", kMalformed},
                            {"１", kMalformed},
                            {std::string("1\0", 2), kMalformed},
                        });
}

TEST(ParseDecimal, LongestIntegers) {
  constexpr int64_t kMax = std::numeric_limits<int64_t>::max();
  const auto whole = [](std::string_view text, int64_t& value) {
    return ParseDecimal(text, 0, kMax, value);
  };
  CheckRows(whole, {
                       {"1000000000000000000", kOk, 1'000'000'000'000'000'000},
                       {"9223372036854775807", kOk, kMax},
                       {"9223372036854775808", kOutOfRange},
                       {"9999999999999999999", kOutOfRange},
                       {"10000000000000000000", kOutOfRange},
                       {"18446744073709551617", kOutOfRange},
                   });
  const auto scaled = [](std::string_view text, int64_t& value) {
    return ParseDecimal(text, 18, kMax, value);
  };
  CheckRows(scaled, {
                        {"9", kOk, 9'000'000'000'000'000'000},
                        {"10", kOutOfRange},
                        {"19", kOutOfRange},
                    });
}

TEST(ParseTargetRoi, Table) {
  CheckRows(ParseTargetRoi, {
                                {"200", kOk, 20'000},
                                {"1e6", kOk, kTargetRoiMax},
                                {"1000000.01", kOutOfRange},
                                {"-5", kOutOfRange},
                                {"0.125", kTooPrecise},
                                {"200%", kMalformed},
                            });
}

TEST(ParseViews, Table) {
  CheckRows(ParseViews, {
                            {"0", kOk, 0},
                            {"5000", kOk, 5000},
                            {"5000.0", kOk, 5000},
                            {"5e3", kOk, 5000},
                            {"50000e-1", kOk, 5000},
                            {"1e12", kOk, kViewsMax},
                            {"1.5", kTooPrecise},
                            {"5e-1", kTooPrecise},
                            {"1000000000001", kOutOfRange},
                            {"-1", kOutOfRange},
                            {"five", kMalformed},
                        });
}

TEST(FormatMoney, Table) {
  EXPECT_EQ(FormatMoney(1'500'000'000), "15000000");
  EXPECT_EQ(FormatMoney(50), "0.5");
  EXPECT_EQ(FormatMoney(1234), "12.34");
  EXPECT_EQ(FormatMoney(5), "0.05");
  EXPECT_EQ(FormatMoney(0), "0");
  EXPECT_EQ(FormatMoney(-1), "-0.01");
  EXPECT_EQ(FormatMoney(-1250), "-12.5");
  EXPECT_EQ(FormatMoney(kInt128Max), "1701411834604692317316873037158841057.27");
  EXPECT_EQ(FormatMoney(-kInt128Max - 1), "-1701411834604692317316873037158841057.28");
}

TEST(FormatFixed2, Table) {
  EXPECT_EQ(FormatFixed2(8750), "87.50");
  EXPECT_EQ(FormatFixed2(0), "0.00");
  EXPECT_EQ(FormatFixed2(-5), "-0.05");
  EXPECT_EQ(FormatFixed2(-9250), "-92.50");
  EXPECT_EQ(FormatFixed2(20'000), "200.00");
}

TEST(FormatInteger, Table) {
  EXPECT_EQ(FormatInteger(0), "0");
  EXPECT_EQ(FormatInteger(20'000), "20000");
  EXPECT_EQ(FormatInteger(-7), "-7");
}

TEST(FormatMoney, RoundTrip) {
  std::mt19937_64 random(20260101);
  for (int i = 0; i < 100'000; ++i) {
    const uint64_t bits = random() >> (random() % 64);
    const auto amount = static_cast<Hundredths>(bits % (kMoneyMax + 1));
    for (const std::string& text : {FormatMoney(amount), FormatFixed2(amount)}) {
      Hundredths parsed = -1;
      ASSERT_EQ(ParseMoney(text, parsed), kOk) << text;
      ASSERT_EQ(parsed, amount) << text;
    }
  }
}

struct QuotientRow {
  Int128 numerator;
  Int128 denominator;
  uint64_t scale;
  std::optional<Int128> result;
};

TEST(RoundedQuotient, Table) {
  constexpr Int128 k1e24 = Int128{1'000'000'000'000} * 1'000'000'000'000;
  constexpr Int128 k1e30 = k1e24 * 1'000'000;
  const QuotientRow rows[] = {
      {1, 0, 10'000, std::nullopt},
      {0, 0, 10'000, std::nullopt},
      {0, 7, 10'000, 0},
      {100, 20'000, 10'000, 50},                                       // engagementRate 0.50
      {700'000'000, 800'000'000, 10'000, 8750},                        // roi 87.50
      {-740'000'000, 800'000'000, 10'000, -9250},                      // realizedRoi -92.50
      {700'000'000, Int128{800'000'000} * 20'000, 100'000'000, 4375},  // roiAchievement 43.75
      {800'000'000, 100, 1, 8'000'000},  // costPerAcquisition 80000.00
      {1, 2, 1, 1},
      {-1, 2, 1, -1},
      {1, -2, 1, -1},
      {-1, -2, 1, 1},
      {5, 2, 1, 3},
      {-5, 2, 1, -3},
      {1, 3, 1, 0},
      {2, 3, 1, 1},
      {4999, 10'000, 1, 0},
      {5000, 10'000, 1, 1},
      {1, 3, 10'000, 3333},
      {2, 3, 10'000, 6667},
      {-2, 3, 10'000, -6667},
      {k1e24, k1e24, 10'000, 10'000},
      {k1e24, 3, 10'000, k1e24 * 10'000 / 3},
      {k1e30, 1, 100'000'000, k1e30 * 100'000'000},
      {k1e30 * 1'000'000, k1e30 * 1'000'000, 100'000'000, 100'000'000},
      {kInt128Max, kInt128Max, std::numeric_limits<uint64_t>::max(),
       static_cast<Int128>(std::numeric_limits<uint64_t>::max())},
      {kInt128Max, kInt128Max - 1, 1, 1},
      {kInt128Max / 2 + 1, kInt128Max, 1, 1},  // just above one half
      {kInt128Max / 2, kInt128Max, 1, 0},      // just below
      {-kInt128Max - 1, -kInt128Max - 1, 3, 3},
      {-kInt128Max - 1, 1, 1, -kInt128Max},  // cut
      {kInt128Max, 1, 2, kInt128Max},        // cut
      {-kInt128Max, 1, 100, -kInt128Max},    // cut
  };
  for (const QuotientRow& row : rows) {
    const std::optional<Int128> result = RoundedQuotient(row.numerator, row.denominator, row.scale);
    ASSERT_EQ(result.has_value(), row.result.has_value()) << FormatInteger(row.numerator);
    if (result) {
      EXPECT_EQ(*result, *row.result)
          << FormatInteger(row.numerator) << " * " << row.scale << " / "
          << FormatInteger(row.denominator) << " gave " << FormatInteger(*result);
    }
  }
}

// Against plain arithmetic where that fits, which also crosses the 128-bit path by scaling both.
TEST(RoundedQuotient, AgreesWithPlainArithmetic) {
  std::mt19937_64 random(7);
  for (int i = 0; i < 100'000; ++i) {
    const Int128 n = static_cast<int64_t>(random()) >> (random() % 63);
    const Int128 d = (static_cast<int64_t>(random()) >> (random() % 63)) | 1;
    const uint64_t scale = random() % 100'000'001;
    const Int128 product = n * scale;
    const Int128 abs_product = product < 0 ? -product : product;
    const Int128 abs_d = d < 0 ? -d : d;
    const Int128 magnitude = (2 * abs_product + abs_d) / (2 * abs_d);
    const Int128 expected = (product < 0) != (d < 0) ? -magnitude : magnitude;
    ASSERT_EQ(*RoundedQuotient(n, d, scale), expected);
    const Int128 factor = Int128{1} << 62;
    ASSERT_EQ(*RoundedQuotient(n * factor, d * factor, scale), expected);
  }
}

}  // namespace
}  // namespace tally::domain
