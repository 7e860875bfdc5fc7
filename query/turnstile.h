// So many at once, the others wait in line: for reads that need much memory.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <cstddef>
#include <deque>
#include <memory>
#include <mutex>

#include "absl/status/statusor.h"

namespace tally::query {

// Thread-safe. Outlives everybody who is inside or waits.
class Turnstile {
 public:
  // Whoever holds one is inside.
  class Pass {
   public:
    Pass() = default;  // of no turnstile
    explicit Pass(Turnstile* turnstile) : turnstile_(turnstile) {}

   private:
    struct Leave {
      void operator()(Turnstile* turnstile) const { turnstile->Leave(); }
    };
    std::unique_ptr<Turnstile, Leave> turnstile_;
  };

  Turnstile(size_t inside_max, size_t waiting_max)
      : inside_max_(inside_max), waiting_max_(waiting_max) {}

  // First come, first served; resumes on the caller's executor, which must run one thing at a time
  // (a strand). kResourceExhausted at once when too many wait already; kCancelled when the
  // coroutine is cancelled while it waits, which gives up its place in the line.
  boost::asio::awaitable<absl::StatusOr<Pass>> Enter();

 private:
  struct Waiting;

  void Leave();
  // Whether it was admitted; otherwise it is in the line no more.
  bool EndWait(const std::shared_ptr<Waiting>& waiting);

  const size_t inside_max_;
  const size_t waiting_max_;
  std::mutex mutex_;
  size_t inside_ = 0;                             // guarded by mutex_
  std::deque<std::shared_ptr<Waiting>> waiting_;  // guarded by mutex_
};

}  // namespace tally::query
