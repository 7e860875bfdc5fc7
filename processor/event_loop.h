// What a worker runs on: a queue of functions that run one at a time, and timers. The daemon's is a
// thread; a simulation moves one of its own by hand, on a clock of its own.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <functional>
#include <memory>
#include <string>

#include "absl/time/time.h"
#include "processor/steady_now.h"

namespace tally {

// Belongs to a loop and is used on it. Must not outlive it.
class Timer {
 public:
  virtual ~Timer() = default;  // as Cancel
  // Runs `then` on the loop once `after` has passed. Replaces what it was to run before.
  virtual void Start(absl::Duration after, std::function<void()> then) = 0;
  // What it was to run does not run any more, even if its time had come.
  virtual void Cancel() = 0;
};

class EventLoop {
 public:
  virtual ~EventLoop() = default;
  // Functions posted to it run on the loop, in the order of posting. Any thread.
  virtual boost::asio::any_io_executor executor() = 0;
  virtual std::unique_ptr<Timer> NewTimer() = 0;

  // From now on what was posted runs. Call once.
  virtual void Start() = 0;
  // On the loop: it ends once nothing is left to run.
  virtual void Finish() = 0;
  // Waits for that. Nothing if Start was not called.
  virtual void Join() = 0;
};

// Runs on a thread of its own, of this name (at most 15 bytes).
std::unique_ptr<EventLoop> NewThreadLoop(std::string name);

}  // namespace tally
