// How far a long command has come, on `err`: a bar that is redrawn on a terminal, a plain line now
// and then elsewhere. Nothing at all for what is done at once.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>

#include "tools/tally/console.h"

namespace tally::cli {

class Progress {
 public:
  using Clock = std::function<std::chrono::steady_clock::time_point()>;

  // `total`: what `done` will reach; 0: unknown.
  Progress(Console& console, std::string what, int64_t total,
           Clock clock = std::chrono::steady_clock::now);
  ~Progress() { Finish(); }

  // Cheap enough to be called for every record: looks at the clock only now and then.
  void Update(int64_t done, int64_t records) {
    if (++calls_ % 256 == 0) Show(done, records);
  }
  // For calls that are rare by themselves.
  void Show(int64_t done, int64_t records);
  // Takes the bar away. Also done by the destructor.
  void Finish();

 private:
  std::string Text(int64_t done, int64_t records, double seconds) const;

  Console& console_;
  std::string what_;
  int64_t total_;
  Clock clock_;
  std::chrono::steady_clock::time_point started_;
  std::chrono::steady_clock::time_point next_;
  uint64_t calls_ = 0;
  bool drawn_ = false;
};

}  // namespace tally::cli
