#include "bench/expectation/text.h"

#include <stdexcept>
#include <string>

namespace tally::bench {
namespace {

[[noreturn]] void Refuse(std::string_view what, std::string_view text) {
  throw std::runtime_error(std::string(what) + " is not understood: " + std::string(text));
}

class Digits {
 public:
  explicit Digits(std::string_view text) : text_(text) {}

  int64_t Number(size_t width) {
    int64_t number = 0;
    for (const char c : text_.substr(at_, width)) {
      if (c < '0' || c > '9') Refuse("number", text_);
      number = number * 10 + (c - '0');
    }
    at_ += width;
    if (at_ > text_.size()) Refuse("number", text_);
    return number;
  }
  char Sign() {
    if (at_ >= text_.size()) Refuse("time", text_);
    return text_[at_++];
  }
  bool Next(char c) {
    if (at_ >= text_.size() || text_[at_] != c) return false;
    ++at_;
    return true;
  }
  bool AtEnd() const { return at_ == text_.size(); }

 private:
  const std::string_view text_;
  size_t at_ = 0;
};

// Days since 1970-01-01: counted from March on, a leap day is a year's last.
int64_t DaysSince1970(int64_t year, int64_t month, int64_t day) {
  if (month <= 2) --year;
  const int64_t from_march = (month + 9) % 12;
  return year * 365 + year / 4 - year / 100 + year / 400 + (from_march * 306 + 5) / 10 + day - 1 -
         719'468;
}

int64_t Fraction(Digits& digits) {
  int64_t millis = 0;
  if (digits.Next('.')) millis = digits.Number(3);
  return millis;
}

int64_t ZoneMinutes(Digits& digits, std::string_view text) {
  const char sign = digits.Sign();
  if (sign == 'Z') return 0;
  if (sign != '+' && sign != '-') Refuse("time", text);
  const int64_t hours = digits.Number(2);
  if (!digits.Next(':')) Refuse("time", text);
  const int64_t minutes = hours * 60 + digits.Number(2);
  return sign == '-' ? -minutes : minutes;
}

}  // namespace

int64_t ParseTime(std::string_view text) {
  Digits digits(text);
  const int64_t year = digits.Number(4);
  if (!digits.Next('-')) Refuse("time", text);
  const int64_t month = digits.Number(2);
  if (!digits.Next('-')) Refuse("time", text);
  const int64_t days = DaysSince1970(year, month, digits.Number(2));
  if (!digits.Next('T')) Refuse("time", text);
  const int64_t hours = days * 24 + digits.Number(2);
  if (!digits.Next(':')) Refuse("time", text);
  const int64_t minutes = hours * 60 + digits.Number(2);
  if (!digits.Next(':')) Refuse("time", text);
  const int64_t seconds = minutes * 60 + digits.Number(2);
  const int64_t millis = seconds * 1000 + Fraction(digits);
  const int64_t zone = ZoneMinutes(digits, text);
  if (!digits.AtEnd()) Refuse("time", text);
  return millis - zone * 60'000;
}

int64_t ParseMoney(std::string_view text) {
  const size_t point = text.find('.');
  const std::string_view decimals =
      point == std::string_view::npos ? std::string_view() : text.substr(point + 1);
  const std::string_view whole = text.substr(0, point);
  if (whole.empty() || whole.size() > 14 || decimals.size() > 2) Refuse("money", text);
  int64_t hundredths = Digits(whole).Number(whole.size()) * 100;
  if (!decimals.empty()) {
    const int64_t number = Digits(decimals).Number(decimals.size());
    hundredths += decimals.size() == 1 ? number * 10 : number;
  }
  return hundredths;
}

}  // namespace tally::bench
