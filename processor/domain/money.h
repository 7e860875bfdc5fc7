// Exact numbers: decimal text in, decimal text out, quotients rounded once. No floating point.
//
// Money and percentages are integers in hundredths of their unit (events.h: Hundredths); sums of
// them are Int128. Nothing here throws; only the Format functions allocate (their result).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "processor/domain/events.h"
#include "processor/domain/int128.h"

namespace tally::domain {

inline constexpr Hundredths kMoneyMax = 1'000'000'000'000'000;  // 10^13 units
inline constexpr Hundredths kTargetRoiMax = 100'000'000;        // 10^6 percent
inline constexpr int64_t kViewsMax = 1'000'000'000'000;         // 10^12 views

enum class NumberStatus : uint8_t {
  kOk,
  kMalformed,   // not the text of a JSON number
  kTooPrecise,  // more decimals than allowed, after dropping trailing zeros
  kOutOfRange,  // negative, or above the maximum
};

// Parses the text of a JSON number (RFC 8259 grammar: no leading '+', no leading zeros, no spaces;
// exponents allowed, however large) and sets `scaled` to value * 10^decimals, exactly, if that is
// an integer from 0 to `scaled_max`; otherwise `scaled` is unchanged. "-0" is 0. Time is linear in
// the text's length, whatever the exponent says. 0 <= decimals <= 18, 0 <= scaled_max.
[[nodiscard]] NumberStatus ParseDecimal(std::string_view text, int decimals, int64_t scaled_max,
                                        int64_t& scaled);

// 0 to 10^13 with at most 2 decimals.
[[nodiscard]] NumberStatus ParseMoney(std::string_view text, Hundredths& amount);
// 0 to 10^6 percent with at most 2 decimals.
[[nodiscard]] NumberStatus ParseTargetRoi(std::string_view text, Hundredths& percent);
// An integer from 0 to 10^12; "5000.0" and "5e3" are integers.
[[nodiscard]] NumberStatus ParseViews(std::string_view text, int64_t& views);

// Hundredths as decimal text without needless zeros: "15000000", "0.5", "-12.34".
std::string FormatMoney(Int128 hundredths);
// Hundredths with exactly two decimals: "87.50", "-0.05", "0.00".
std::string FormatFixed2(Int128 hundredths);
// A whole number (participants, views): "20000".
std::string FormatInteger(Int128 value);

// numerator * scale / denominator, rounded half away from zero to an integer; nullopt when
// denominator is 0. The product is taken in 256 bits, so every argument is allowed. A result
// beyond Int128 (none while |numerator| <= 10^30 and scale <= 10^8) is cut to Int128's range.
//
// With n and d both in hundredths, or both counts, and a result in hundredths:
//   percentage n/d*100 to 2 places      RoundedQuotient(n, d, 10'000)
//   count per count to 2 places         RoundedQuotient(n, d, 100)
//   money (hundredths) per count        RoundedQuotient(n, d, 1)
//   roiAchievement                      RoundedQuotient(net_profit, sum of total_cost * target_roi,
//                                                       100'000'000)
[[nodiscard]] std::optional<Int128> RoundedQuotient(Int128 numerator, Int128 denominator,
                                                    uint64_t scale);

}  // namespace tally::domain
