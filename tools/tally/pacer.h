// Holds a stream to a number of records a second, measured from its start, so that a delay is made
// up for and no error accumulates.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>

namespace tally::cli {

class Pacer {
 public:
  using TimePoint = std::chrono::steady_clock::time_point;
  using Clock = std::function<TimePoint()>;
  using Sleep = std::function<void(std::chrono::nanoseconds)>;

  // 0: no limit. A wait is at most 100 ms at a time; between, `stop` is asked.
  Pacer(double records_per_second, std::function<bool()> stop, Clock clock, Sleep sleep)
      : rate_(records_per_second),
        stop_(std::move(stop)),
        clock_(std::move(clock)),
        sleep_(std::move(sleep)),
        started_(clock_()) {}

  // Waits until one more record is due.
  void Wait() {
    if (rate_ <= 0) return;
    const auto due =
        started_ + std::chrono::duration_cast<std::chrono::nanoseconds>(
                       std::chrono::duration<double>(static_cast<double>(records_++) / rate_));
    for (auto now = clock_(); now < due && !stop_(); now = clock_()) {
      const std::chrono::nanoseconds step = std::chrono::milliseconds(100);
      sleep_(due - now < step ? due - now : step);
    }
  }

 private:
  double rate_;
  std::function<bool()> stop_;
  Clock clock_;
  Sleep sleep_;
  TimePoint started_;
  int64_t records_ = 0;
};

}  // namespace tally::cli
