#include "tools/tally/progress.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "tools/tally/table.h"

namespace tally::cli {
namespace {

constexpr std::chrono::milliseconds kRedrawEvery{100};
constexpr std::chrono::seconds kLineEvery{5};
constexpr int kBarWidth = 30;

std::string Bar(double fraction) {
  const int full = static_cast<int>(fraction * kBarWidth);
  std::string bar = "[";
  for (int i = 0; i < kBarWidth; ++i) bar += i < full ? "#" : "-";
  return bar + "]";
}

}  // namespace

Progress::Progress(Console& console, std::string what, int64_t total, Clock clock)
    : console_(console), what_(std::move(what)), total_(total), clock_(std::move(clock)) {
  started_ = clock_();
  next_ = started_ + (console_.err_is_terminal ? std::chrono::nanoseconds(kRedrawEvery)
                                               : std::chrono::nanoseconds(kLineEvery));
}

std::string Progress::Text(int64_t done, int64_t records, double seconds) const {
  std::string text = what_;
  if (total_ > 0) {
    const double fraction =
        std::clamp(static_cast<double>(done) / static_cast<double>(total_), 0.0, 1.0);
    if (console_.err_is_terminal) absl::StrAppend(&text, " ", Bar(fraction));
    absl::StrAppendFormat(&text, " %3.0f %%", fraction * 100);
  }
  const auto rate = static_cast<int64_t>(static_cast<double>(records) / std::max(seconds, 0.001));
  absl::StrAppend(&text, "  ", GroupDigits(absl::StrCat(records)), " records, ",
                  GroupDigits(absl::StrCat(rate)), "/s");
  return text;
}

void Progress::Show(int64_t done, int64_t records) {
  const auto now = clock_();
  if (now < next_) return;
  const double seconds = std::chrono::duration<double>(now - started_).count();
  const std::string text = Text(done, records, seconds);
  if (console_.err_is_terminal) {
    console_.err << '\r' << text << "\x1b[K" << std::flush;
    drawn_ = true;
    next_ = now + kRedrawEvery;
  } else {
    console_.Message(text);
    next_ = now + kLineEvery;
  }
}

void Progress::Finish() {
  if (drawn_) console_.err << "\r\x1b[K" << std::flush;
  drawn_ = false;
}

}  // namespace tally::cli
