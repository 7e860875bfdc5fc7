// Long computations go to a thread of their own: whoever wants little does not wait for them.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <cstddef>
#include <limits>
#include <type_traits>
#include <utility>

namespace tally::query {

// Thread-safe if its executor is.
class Aside {
 public:
  // Steps of a computation (an event, a channel, a point: about a microsecond each) that are done
  // sooner than the way to another thread and back.
  static constexpr size_t kStepsHereMax = 1000;
  static constexpr size_t kMany = std::numeric_limits<size_t>::max();

  // None: everything is done where it is asked for.
  Aside() = default;
  explicit Aside(boost::asio::any_io_executor executor) : executor_(std::move(executor)) {}

  bool IsFor(size_t steps) const { return steps > kStepsHereMax && executor_; }

  // What `work` returns; the caller resumes where it was. `work` is called and destroyed where the
  // work is done, and what it refers to stays until the caller resumes, also of one who is
  // cancelled.
  template <class Work>
  boost::asio::awaitable<std::invoke_result_t<Work&>> Do(size_t steps, Work work) const {
    if (!IsFor(steps)) co_return work();
    auto doing =
        boost::asio::co_spawn(executor_, Call(std::move(work)), boost::asio::use_awaitable);
    auto done = co_await std::move(doing);
    co_return done;
  }

 private:
  template <class Work>
  static boost::asio::awaitable<std::invoke_result_t<Work&>> Call(Work work) {
    co_return work();
  }

  boost::asio::any_io_executor executor_;
};

}  // namespace tally::query
