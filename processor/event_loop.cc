#include "processor/event_loop.h"

#include <pthread.h>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <cstdint>
#include <thread>
#include <utility>

namespace tally {
namespace {

namespace asio = boost::asio;

class ThreadTimer final : public Timer {
 public:
  explicit ThreadTimer(asio::io_context& io) : timer_(io) {}

  void Start(absl::Duration after, std::function<void()> then) override {
    timer_.expires_after(absl::ToChronoMicroseconds(after));
    const uint64_t start = ++*starts_;
    // Cancelling is not enough: a handler that is queued already runs all the same, without error.
    timer_.async_wait(
        [starts = starts_, start, then = std::move(then)](const boost::system::error_code& error) {
          if (!error && *starts == start) then();
        });
  }
  void Cancel() override {
    ++*starts_;
    timer_.cancel();
  }
  ~ThreadTimer() override { Cancel(); }

 private:
  asio::steady_timer timer_;
  const std::shared_ptr<uint64_t> starts_ = std::make_shared<uint64_t>(0);
};

class ThreadLoop final : public EventLoop {
 public:
  explicit ThreadLoop(std::string name) : name_(std::move(name)) {}
  ~ThreadLoop() override { Join(); }

  asio::any_io_executor executor() override { return io_.get_executor(); }
  std::unique_ptr<Timer> NewTimer() override { return std::make_unique<ThreadTimer>(io_); }

  void Start() override {
    thread_ = std::thread([this] {
      pthread_setname_np(pthread_self(), name_.c_str());
      io_.run();
    });
  }
  void Finish() override { work_.reset(); }
  void Join() override {
    if (thread_.joinable()) thread_.join();
  }

 private:
  const std::string name_;
  asio::io_context io_{1};
  asio::executor_work_guard<asio::io_context::executor_type> work_{io_.get_executor()};
  std::thread thread_;
};

}  // namespace

std::unique_ptr<EventLoop> NewThreadLoop(std::string name) {
  return std::make_unique<ThreadLoop>(std::move(name));
}

}  // namespace tally
