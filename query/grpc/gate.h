// How many calls are under way, and when there must be no more.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <mutex>

#include "absl/status/status.h"
#include "absl/time/time.h"

namespace tally::query::rpc {

// Thread-safe.
class Gate {
 public:
  explicit Gate(size_t calls_max) : calls_max_(calls_max) {}

  // OK: one more is under way, until Leave. Otherwise kResourceExhausted (calls_max are) or
  // kCancelled (closed).
  absl::Status Enter();
  void Leave();

  // From now on nobody enters.
  void Close();
  // Until nobody is inside, `time` at most; false: somebody still is.
  bool AwaitEmpty(absl::Duration time);

 private:
  const size_t calls_max_;
  std::mutex mutex_;
  std::condition_variable empty_;
  size_t calls_ = 0;
  bool closed_ = false;
};

}  // namespace tally::query::rpc
