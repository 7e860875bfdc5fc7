// Time and event loops that the simulation moves by hand.
#pragma once

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <utility>

#include "absl/time/time.h"
#include "processor/event_loop.h"

namespace tally::sim {

// Stands still until it is moved. Outlives the loops that use it.
class Clock {
 public:
  absl::Time now() const { return now_; }
  // Runs what has come due meanwhile, in the order of its time.
  void Advance(absl::Duration time);
  // Until the next thing is due, `most` at most.
  absl::Duration ToNext(absl::Duration most) const;

  // For loops: calls `then` when `after` has passed; Forget before that takes it back.
  using Key = std::pair<absl::Time, uint64_t>;
  Key At(absl::Duration after, std::function<void()> then);
  void Forget(const Key& key) { due_.erase(key); }

 private:
  absl::Time now_ = absl::FromUnixSeconds(1'767'312'000);  // 2026-01-02T00:00Z
  uint64_t next_ = 0;
  std::map<Key, std::function<void()>> due_;
};

class Loop final : public EventLoop {
 public:
  explicit Loop(Clock& clock) : clock_(clock) {}

  // Runs the next function. False: there is none, or the loop has not been started.
  bool RunOne() { return started_ && io_ != nullptr && io_->poll_one() > 0; }
  // Destroys what waits to run. Nothing runs any more.
  void Discard();
  bool finished() const { return finished_; }

  boost::asio::any_io_executor executor() override { return io_->get_executor(); }
  std::unique_ptr<Timer> NewTimer() override;
  void Start() override { started_ = true; }
  void Finish() override { finished_ = true; }
  void Join() override {}

 private:
  class SimTimer;

  Clock& clock_;
  std::unique_ptr<boost::asio::io_context> io_ = std::make_unique<boost::asio::io_context>(1);
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_{
      io_->get_executor()};
  bool started_ = false;
  bool finished_ = false;
};

}  // namespace tally::sim
