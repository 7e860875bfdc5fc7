#include "query/turnstile.h"

#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <utility>

#include "absl/status/status.h"

namespace tally::query {

namespace asio = boost::asio;

asio::awaitable<absl::StatusOr<Turnstile::Pass>> Turnstile::Enter() {
  const bool admitted = co_await asio::async_initiate<const asio::use_awaitable_t<>, void(bool)>(
      [this](auto handler) {
        auto executor = asio::get_associated_executor(handler);
        // A std::function is copied, a handler is not.
        auto shared = std::make_shared<decltype(handler)>(std::move(handler));
        Queue([executor, shared](bool room) {
          asio::post(executor, [shared, room] { std::move (*shared)(room); });
        });
      },
      asio::use_awaitable);
  if (!admitted) {
    co_return absl::ResourceExhaustedError("too many large reads at once; try again later");
  }
  co_return Pass(this);
}

void Turnstile::Queue(Admit admit) {
  std::unique_lock lock(mutex_);
  const bool room = inside_ < inside_max_;
  if (!room && waiting_.size() < waiting_max_) {
    waiting_.push_back(std::move(admit));
    return;
  }
  if (room) ++inside_;
  lock.unlock();
  admit(room);
}

void Turnstile::Leave() {
  std::unique_lock lock(mutex_);
  if (waiting_.empty()) {
    --inside_;
    return;
  }
  const Admit next = std::move(waiting_.front());
  waiting_.pop_front();
  lock.unlock();
  next(true);
}

}  // namespace tally::query
