#include "processor/domain/money.h"

#include <algorithm>
#include <limits>

namespace tally::domain {
namespace {

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

// The parts of a JSON number. Leading and trailing zeros stay in `integer` and `fraction`.
struct NumberText {
  bool negative = false;
  std::string_view integer;
  std::string_view fraction;
  int64_t exponent = 0;  // saturated far beyond any text's length
};

std::string_view TakeDigits(std::string_view& text) {
  size_t count = 0;
  while (count < text.size() && IsDigit(text[count])) ++count;
  const std::string_view digits = text.substr(0, count);
  text.remove_prefix(count);
  return digits;
}

bool TakeExponent(std::string_view& text, int64_t& exponent) {
  constexpr int64_t kSaturated = int64_t{1} << 50;
  bool negative = false;
  if (!text.empty() && (text[0] == '+' || text[0] == '-')) {
    negative = text[0] == '-';
    text.remove_prefix(1);
  }
  const std::string_view digits = TakeDigits(text);
  for (const char c : digits) exponent = std::min(exponent * 10 + (c - '0'), kSaturated);
  if (negative) exponent = -exponent;
  return !digits.empty();
}

bool SplitNumber(std::string_view text, NumberText& number) {
  if (!text.empty() && text[0] == '-') {
    number.negative = true;
    text.remove_prefix(1);
  }
  number.integer = TakeDigits(text);
  if (number.integer.empty()) return false;
  if (number.integer.size() > 1 && number.integer[0] == '0') return false;
  if (!text.empty() && text[0] == '.') {
    text.remove_prefix(1);
    number.fraction = TakeDigits(text);
    if (number.fraction.empty()) return false;
  }
  if (!text.empty() && (text[0] == 'e' || text[0] == 'E')) {
    text.remove_prefix(1);
    if (!TakeExponent(text, number.exponent)) return false;
  }
  return text.empty();
}

// Makes value = digits(integer fraction) * 10^exponent with the fewest digits: what remains of
// `integer` and `fraction`, read one after the other, neither starts nor ends with a zero.
void DropZeros(NumberText& number) {
  number.exponent -= static_cast<int64_t>(number.fraction.size());
  const auto drop_back = [&](std::string_view& digits) {
    while (!digits.empty() && digits.back() == '0') {
      digits.remove_suffix(1);
      ++number.exponent;
    }
  };
  drop_back(number.fraction);
  if (number.fraction.empty()) drop_back(number.integer);
  const auto drop_front = [](std::string_view& digits) {
    while (!digits.empty() && digits.front() == '0') digits.remove_prefix(1);
  };
  drop_front(number.integer);
  if (number.integer.empty()) drop_front(number.fraction);
}

constexpr size_t kDigitsMax = 19;  // that any uint64_t holds

// Most numbers are sent as digits alone: true if `text` is one, and short enough to be followed by
// `zeros` more digits.
bool IsShortInteger(std::string_view text, size_t zeros, uint64_t& value) {
  if (text.empty() || text.size() + zeros > kDigitsMax) return false;
  if (text[0] == '0' && text.size() > 1) return false;
  value = 0;
  for (const char c : text) {
    const auto digit = static_cast<uint8_t>(c - '0');
    if (digit > 9) return false;
    value = value * 10 + digit;
  }
  return true;
}

// Sets `scaled` to value * 10^zeros, which has at most kDigitsMax digits, if that is in range.
NumberStatus Scale(uint64_t value, int64_t zeros, int64_t scaled_max, int64_t& scaled) {
  for (int64_t i = 0; i < zeros; ++i) value *= 10;
  if (value > static_cast<uint64_t>(scaled_max)) return NumberStatus::kOutOfRange;
  scaled = static_cast<int64_t>(value);
  return NumberStatus::kOk;
}

std::string FormatDigits(Uint128 value) {
  char buffer[40];
  char* begin = std::end(buffer);
  do {
    *--begin = static_cast<char>('0' + static_cast<int>(value % 10));
    value /= 10;
  } while (value != 0);
  return std::string(begin, std::end(buffer));
}

Uint128 Magnitude(Int128 value) {
  return value < 0 ? -static_cast<Uint128>(value) : static_cast<Uint128>(value);
}

std::string FormatHundredths(Int128 hundredths, bool drop_zeros) {
  const Uint128 magnitude = Magnitude(hundredths);
  const int rest = static_cast<int>(magnitude % 100);
  std::string text = hundredths < 0 ? "-" : "";
  text += FormatDigits(magnitude / 100);
  if (rest == 0 && drop_zeros) return text;
  text += '.';
  text += static_cast<char>('0' + rest / 10);
  if (rest % 10 != 0 || !drop_zeros) text += static_cast<char>('0' + rest % 10);
  return text;
}

// high * 2^128 + low.
struct Uint256 {
  Uint128 high = 0;
  Uint128 low = 0;
};

Uint256 Multiply(Uint128 a, uint64_t b) {
  const Uint128 low = static_cast<Uint128>(static_cast<uint64_t>(a)) * b;
  const Uint128 high = (a >> 64) * b + (low >> 64);
  return {high >> 64, (high << 64) | static_cast<uint64_t>(low)};
}

struct Division {
  Uint128 quotient = 0;
  Uint128 remainder = 0;
  bool overflow = false;  // the quotient has more than 128 bits
};

Division Divide(Uint256 dividend, Uint128 divisor) {
  if (dividend.high == 0) return {dividend.low / divisor, dividend.low % divisor, false};
  if (dividend.high >= divisor) return {0, 0, true};
  Division result{0, dividend.high, false};
  for (int bit = 127; bit >= 0; --bit) {
    const bool carry = (result.remainder >> 127) != 0;
    result.remainder = (result.remainder << 1) | ((dividend.low >> bit) & 1);
    result.quotient <<= 1;
    if (carry || result.remainder >= divisor) {
      result.remainder -= divisor;
      result.quotient |= 1;
    }
  }
  return result;
}

// Of any form.
NumberStatus ParseNumber(std::string_view text, int decimals, int64_t scaled_max, int64_t& scaled) {
  NumberText number;
  if (!SplitNumber(text, number)) return NumberStatus::kMalformed;
  DropZeros(number);
  const size_t digits = number.integer.size() + number.fraction.size();
  if (digits == 0) {
    scaled = 0;
    return NumberStatus::kOk;
  }
  const int64_t zeros = number.exponent + decimals;
  if (zeros < 0) return NumberStatus::kTooPrecise;
  if (number.negative || digits + static_cast<uint64_t>(zeros) > kDigitsMax) {
    return NumberStatus::kOutOfRange;
  }
  uint64_t value = 0;
  for (const char c : number.integer) value = value * 10 + static_cast<uint64_t>(c - '0');
  for (const char c : number.fraction) value = value * 10 + static_cast<uint64_t>(c - '0');
  return Scale(value, zeros, scaled_max, scaled);
}

}  // namespace

NumberStatus ParseDecimal(std::string_view text, int decimals, int64_t scaled_max,
                          int64_t& scaled) {
  uint64_t value = 0;
  if (IsShortInteger(text, static_cast<size_t>(decimals), value)) {
    return Scale(value, decimals, scaled_max, scaled);
  }
  return ParseNumber(text, decimals, scaled_max, scaled);
}

NumberStatus ParseMoney(std::string_view text, Hundredths& amount) {
  return ParseDecimal(text, 2, kMoneyMax, amount);
}

NumberStatus ParseTargetRoi(std::string_view text, Hundredths& percent) {
  return ParseDecimal(text, 2, kTargetRoiMax, percent);
}

NumberStatus ParseViews(std::string_view text, int64_t& views) {
  return ParseDecimal(text, 0, kViewsMax, views);
}

std::string FormatMoney(Int128 hundredths) { return FormatHundredths(hundredths, true); }

std::string FormatFixed2(Int128 hundredths) { return FormatHundredths(hundredths, false); }

std::string FormatInteger(Int128 value) {
  return (value < 0 ? "-" : "") + FormatDigits(Magnitude(value));
}

std::optional<Int128> RoundedQuotient(Int128 numerator, Int128 denominator, uint64_t scale) {
  if (denominator == 0) return std::nullopt;
  constexpr Uint128 kMax = ~Uint128{0} >> 1;
  const Uint128 divisor = Magnitude(denominator);
  const Division division = Divide(Multiply(Magnitude(numerator), scale), divisor);
  Uint128 magnitude = division.overflow ? kMax : std::min(division.quotient, kMax);
  const bool round_up = division.remainder >= divisor - division.remainder;
  if (round_up && !division.overflow && magnitude < kMax) ++magnitude;
  const bool negative = (numerator < 0) != (denominator < 0);
  return negative ? -static_cast<Int128>(magnitude) : static_cast<Int128>(magnitude);
}

}  // namespace tally::domain
