#include "query/turnstile.h"

#include <algorithm>
#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/cancellation_state.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <utility>

#include "absl/status/status.h"

namespace tally::query {

namespace asio = boost::asio;

struct Turnstile::Waiting {
  explicit Waiting(const asio::any_io_executor& executor)
      : woken(executor, asio::steady_timer::time_point::max()) {}
  // Never expires: cancelling it is how the coroutine is woken.
  asio::steady_timer woken;
  bool admitted = false;  // guarded by mutex_
};

asio::awaitable<absl::StatusOr<Turnstile::Pass>> Turnstile::Enter() {
  // Asked before there is a place to lose: waiting below throws where this is so.
  const auto cancellation = co_await asio::this_coro::cancellation_state;
  if (cancellation.cancelled() != asio::cancellation_type::none) {
    co_return absl::CancelledError("nobody waits for this any more");
  }
  // A statement of its own: GCC 12 destroys temporaries twice that stand beside a co_await.
  const asio::any_io_executor executor = co_await asio::this_coro::executor;
  const auto waiting = std::make_shared<Waiting>(executor);
  {
    const std::lock_guard lock(mutex_);
    if (inside_ < inside_max_) {
      ++inside_;
      co_return Pass(this);
    }
    if (waiting_.size() >= waiting_max_) {
      co_return absl::ResourceExhaustedError("too many large reads at once; try again later");
    }
    waiting_.push_back(waiting);
  }
  boost::system::error_code ignored;
  co_await waiting->woken.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
  if (EndWait(waiting)) co_return Pass(this);
  co_return absl::CancelledError("nobody waits for this any more");
}

bool Turnstile::EndWait(const std::shared_ptr<Waiting>& waiting) {
  const std::lock_guard lock(mutex_);
  if (!waiting->admitted) std::erase(waiting_, waiting);
  return waiting->admitted;
}

void Turnstile::Leave() {
  std::unique_lock lock(mutex_);
  if (waiting_.empty()) {
    --inside_;
    return;
  }
  const std::shared_ptr<Waiting> next = std::move(waiting_.front());
  waiting_.pop_front();
  next->admitted = true;
  lock.unlock();
  asio::post(next->woken.get_executor(), [next] { next->woken.cancel(); });
}

}  // namespace tally::query
