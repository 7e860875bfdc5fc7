#include "query/http/server.h"

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <unordered_set>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "query/http/dispatch.h"
#include "query/http/problem_response.h"
#include "query/http/session.h"
#include "query/listen_failure.h"

namespace tally::query::http {
namespace {

namespace asio = boost::asio;
using asio::awaitable;
using asio::ip::tcp;
using ErrorCode = boost::system::error_code;

// How long sessions may take to notice that their sockets were closed.
constexpr absl::Duration kAbortTime = absl::Seconds(1);
// Before accepting is tried again, e.g. when there were no file descriptors left.
constexpr auto kAcceptRetry = std::chrono::milliseconds(100);

absl::Status Listen(const tcp::endpoint& endpoint, tcp::acceptor& acceptor) {
  ErrorCode error;
  acceptor.open(endpoint.protocol(), error);
  if (!error) acceptor.set_option(asio::socket_base::reuse_address(true), error);
  if (!error) acceptor.bind(endpoint, error);
  if (!error) acceptor.listen(asio::socket_base::max_listen_connections, error);
  return error ? ListenFailure(endpoint, error) : absl::OkStatus();
}

std::string OverloadedText() {
  const Response problem = ProblemResponse(absl::ResourceExhaustedError("too many connections"));
  std::string text =
      absl::StrCat("HTTP/1.1 503 Service Unavailable\r\nContent-Type: ", problem.content_type,
                   "\r\nContent-Length: ", problem.body.size(), "\r\nConnection: close\r\n");
  for (const auto& [name, value] : problem.headers) {
    absl::StrAppend(&text, name, ": ", value, "\r\n");
  }
  return absl::StrCat(text, "\r\n", problem.body);
}

}  // namespace

class Server::Impl {
 public:
  Impl(ServerOptions options, std::vector<Route> routes, Metrics* metrics)
      : options_(std::move(options)),
        dispatcher_(std::move(routes), options_.target_bytes_max, options_.authenticator),
        metrics_(metrics),
        overloaded_(OverloadedText()),
        io_(options_.threads),
        work_(asio::make_work_guard(io_)),
        acceptor_(asio::make_strand(io_)) {}

  absl::Status Start();
  bool Drain(absl::Duration grace);
  void Finish();
  const tcp::endpoint& endpoint() const { return endpoint_; }

 private:
  awaitable<void> Accept();
  void Admit(tcp::socket socket);
  void Refuse(tcp::socket socket);
  void Remove(const std::shared_ptr<Session>& session);
  std::vector<std::shared_ptr<Session>> Sessions();
  bool AwaitNoSessions(absl::Duration time);

  const ServerOptions options_;
  const Dispatcher dispatcher_;
  Metrics* const metrics_;
  const std::string overloaded_;
  asio::io_context io_;
  asio::executor_work_guard<asio::io_context::executor_type> work_;
  tcp::acceptor acceptor_;
  tcp::endpoint endpoint_;
  std::vector<std::thread> threads_;

  std::mutex mutex_;
  std::condition_variable no_sessions_;
  bool draining_ = false;                                  // guarded by mutex_
  std::unordered_set<std::shared_ptr<Session>> sessions_;  // guarded by mutex_
};

absl::Status Server::Impl::Start() {
  ErrorCode error;
  const asio::ip::address address = asio::ip::make_address(options_.address, error);
  if (error) {
    return absl::InvalidArgumentError(
        absl::StrCat("\"", options_.address, "\" is not an IP address; use e.g. 127.0.0.1 or ::1"));
  }
  if (absl::Status status = Listen({address, options_.port}, acceptor_); !status.ok()) {
    return status;
  }
  endpoint_ = acceptor_.local_endpoint();
  asio::co_spawn(acceptor_.get_executor(), Accept(), asio::detached);
  for (int i = 0; i < std::max(1, options_.threads); ++i) {
    threads_.emplace_back([this] { io_.run(); });
  }
  return absl::OkStatus();
}

awaitable<void> Server::Impl::Accept() {
  while (acceptor_.is_open()) {
    ErrorCode error;
    tcp::socket socket(asio::make_strand(io_));
    co_await acceptor_.async_accept(socket, asio::redirect_error(asio::use_awaitable, error));
    if (!error) {
      Admit(std::move(socket));
    } else if (error != asio::error::operation_aborted) {
      asio::steady_timer retry(acceptor_.get_executor(), kAcceptRetry);
      co_await retry.async_wait(asio::redirect_error(asio::use_awaitable, error));
    }
  }
}

void Server::Impl::Admit(tcp::socket socket) {
  ErrorCode ignored;
  socket.set_option(tcp::no_delay(true), ignored);
  std::shared_ptr<Session> session;
  {
    const std::lock_guard lock(mutex_);
    if (draining_) return;
    if (sessions_.size() < options_.connections_max) {
      session = std::make_shared<Session>(std::move(socket), options_, dispatcher_, metrics_);
      sessions_.insert(session);
    }
  }
  if (session == nullptr) return Refuse(std::move(socket));
  asio::co_spawn(session->executor(), session->Run(),
                 [this, session](const std::exception_ptr&) { Remove(session); });
}

void Server::Impl::Refuse(tcp::socket socket) {
  if (metrics_ != nullptr) metrics_->ConnectionRefused();
  ErrorCode ignored;
  socket.non_blocking(true, ignored);
  socket.write_some(asio::buffer(overloaded_), ignored);
  socket.shutdown(tcp::socket::shutdown_send, ignored);
}

void Server::Impl::Remove(const std::shared_ptr<Session>& session) {
  const std::lock_guard lock(mutex_);
  sessions_.erase(session);
  if (sessions_.empty()) no_sessions_.notify_all();
}

std::vector<std::shared_ptr<Session>> Server::Impl::Sessions() {
  const std::lock_guard lock(mutex_);
  return {sessions_.begin(), sessions_.end()};
}

bool Server::Impl::AwaitNoSessions(absl::Duration time) {
  std::unique_lock lock(mutex_);
  return no_sessions_.wait_for(lock, absl::ToChronoNanoseconds(time),
                               [this] { return sessions_.empty(); });
}

bool Server::Impl::Drain(absl::Duration grace) {
  {
    const std::lock_guard lock(mutex_);
    draining_ = true;
  }
  asio::post(acceptor_.get_executor(), [this] {
    ErrorCode ignored;
    acceptor_.close(ignored);
  });
  for (const auto& session : Sessions()) session->Stop();
  if (AwaitNoSessions(grace)) return true;
  for (const auto& session : Sessions()) session->Abort();
  AwaitNoSessions(kAbortTime);
  return false;
}

void Server::Impl::Finish() {
  if (!threads_.empty()) {
    Drain(absl::ZeroDuration());
    std::unique_lock lock(mutex_);
    no_sessions_.wait(lock, [this] { return sessions_.empty(); });
  }
  work_.reset();
  io_.stop();
  for (std::thread& thread : threads_) thread.join();
}

absl::StatusOr<std::unique_ptr<Server>> Server::Start(ServerOptions options,
                                                      std::vector<Route> routes, Metrics* metrics) {
  auto impl = std::make_unique<Impl>(std::move(options), std::move(routes), metrics);
  if (absl::Status status = impl->Start(); !status.ok()) return status;
  return std::unique_ptr<Server>(new Server(std::move(impl)));
}

Server::Server(std::unique_ptr<Impl> impl)
    : impl_(std::move(impl)), address_(impl_->endpoint().address().to_string()) {}
Server::~Server() { impl_->Finish(); }

uint16_t Server::port() const { return impl_->endpoint().port(); }
bool Server::Drain(absl::Duration grace) { return impl_->Drain(grace); }

}  // namespace tally::query::http
