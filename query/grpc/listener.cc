#include "query/grpc/listener.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <chrono>
#include <utility>

#include "query/listen.h"

namespace tally::query::rpc {
namespace {

namespace asio = boost::asio;
using ErrorCode = boost::system::error_code;

// Before accepting is tried again, e.g. when there were no file descriptors left.
constexpr auto kAcceptRetry = std::chrono::milliseconds(100);

}  // namespace

absl::StatusOr<std::shared_ptr<Listener>> Listener::Open(const asio::any_io_executor& executor,
                                                         const tcp::endpoint& endpoint,
                                                         OpenSockets::Limits limits,
                                                         Metrics* metrics) {
  const std::shared_ptr<Listener> listener(new Listener(executor, limits, metrics));
  if (absl::Status status = query::Listen(endpoint, listener->acceptor_); !status.ok()) {
    return status;
  }
  listener->port_ = listener->acceptor_.local_endpoint().port();
  return listener;
}

Listener::Listener(const asio::any_io_executor& executor, OpenSockets::Limits limits,
                   Metrics* metrics)
    : acceptor_(asio::make_strand(executor)), sockets_(limits), metrics_(metrics) {}

void Listener::Begin(Take take) {
  asio::co_spawn(acceptor_.get_executor(), Accept(std::move(take)),
                 [self = shared_from_this()](const std::exception_ptr&) {});
}

asio::awaitable<void> Listener::Accept(Take take) {
  while (acceptor_.is_open()) {
    ErrorCode error;
    tcp::socket socket(acceptor_.get_executor());
    tcp::endpoint client;
    co_await acceptor_.async_accept(socket, client,
                                    asio::redirect_error(asio::use_awaitable, error));
    if (!error) {
      const int connected = Admit(std::move(socket), client);
      if (connected >= 0) take(acceptor_.native_handle(), connected);
    } else if (error != asio::error::operation_aborted) {
      asio::steady_timer retry(acceptor_.get_executor(), kAcceptRetry);
      co_await retry.async_wait(asio::redirect_error(asio::use_awaitable, error));
    }
  }
}

int Listener::Admit(tcp::socket socket, const tcp::endpoint& client) {
  ErrorCode error;
  if (!sockets_.Admit(socket.native_handle(), ClientKey(client.address()))) {
    if (metrics_ != nullptr) metrics_->ConnectionRefused();
    return -1;
  }
  socket.set_option(tcp::no_delay(true), error);
  socket.native_non_blocking(true, error);
  if (error) return -1;
  const int connected = socket.release(error);
  return error ? -1 : connected;
}

void Listener::Close() {
  asio::post(acceptor_.get_executor(), [self = shared_from_this()] {
    ErrorCode ignored;
    self->acceptor_.close(ignored);
  });
}

}  // namespace tally::query::rpc
