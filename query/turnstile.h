// So many at once, the others wait in line: for reads that need much memory.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <cstddef>
#include <deque>
#include <functional>
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

  // First come, first served; resumes on the caller's executor. kResourceExhausted at once when
  // too many wait already.
  boost::asio::awaitable<absl::StatusOr<Pass>> Enter();

 private:
  using Admit = std::function<void(bool)>;

  // Calls `admit` now or later, with whether there is room.
  void Queue(Admit admit);
  void Leave();

  const size_t inside_max_;
  const size_t waiting_max_;
  std::mutex mutex_;
  size_t inside_ = 0;          // guarded by mutex_
  std::deque<Admit> waiting_;  // guarded by mutex_
};

}  // namespace tally::query
