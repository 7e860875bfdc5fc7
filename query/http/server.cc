#include "query/http/server.h"

#include <netinet/tcp.h>
#include <pthread.h>
#include <signal.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <atomic>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <mutex>
#include <thread>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "query/http/connections.h"
#include "query/http/cors.h"
#include "query/http/dispatch.h"
#include "query/http/problem_response.h"
#include "query/http/response_text.h"
#include "query/http/session.h"
#include "query/http/stream.h"
#include "query/listen.h"
#include "query/tls/server_context.h"

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
constexpr int kAcceptsAtOnce = 64;
// What the kernel holds for one slow reader, beyond what is on its way.
constexpr int kUnsentBytesMax = 64 << 10;
using UnsentBytesMax = asio::detail::socket_option::integer<IPPROTO_TCP, TCP_NOTSENT_LOWAT>;

std::string OverloadedText() {
  const Response problem = ProblemResponse(absl::ResourceExhaustedError("too many connections"));
  return HeadText(problem, {.keep_alive = false, .now = absl::Now()}) + problem.body;
}

// The context that connections begin with; replaced when certificates are read again.
class CurrentContext {
 public:
  void Set(const tls::Credentials& credentials) {
    auto made = tls::MakeServerContext(credentials);
    if (!made.ok()) {
      spdlog::error("HTTP goes on with the certificate it has: {}",
                    std::string(made.status().message()));
      return;
    }
    const std::lock_guard lock(mutex_);
    context_ = *std::move(made);
  }
  tls::ServerContext Get() const {
    const std::lock_guard lock(mutex_);
    return context_;
  }

 private:
  mutable std::mutex mutex_;
  tls::ServerContext context_;  // guarded by mutex_
};

// One thread's: what belongs to a connection runs on it alone.
struct Loop {
  asio::io_context io{1};
  asio::executor_work_guard<asio::io_context::executor_type> work = asio::make_work_guard(io);
};

std::vector<std::unique_ptr<Loop>> MakeLoops(int threads) {
  std::vector<std::unique_ptr<Loop>> loops;
  for (int i = 0; i < std::max(1, threads); ++i) loops.push_back(std::make_unique<Loop>());
  return loops;
}

}  // namespace

class Server::Impl {
 public:
  Impl(ServerOptions options, std::vector<Route> routes, Metrics* metrics)
      : options_(std::move(options)),
        dispatcher_(std::move(routes), options_.target_bytes_max, options_.authenticator),
        metrics_(metrics),
        overloaded_(OverloadedText()),
        connections_({.total_max = options_.connections_max,
                      .per_client_max = options_.connections_per_client_max,
                      .backlog_bytes_max = options_.backlog_bytes_max,
                      .newcomer_grace = options_.newcomer_grace}),
        cors_(options_.cors_origins),
        context_{options_, dispatcher_, cors_, connections_, last_answers_, metrics_},
        loops_(MakeLoops(options_.threads)),
        acceptor_(loops_.front()->io) {}

  absl::Status Start();
  void BeginDrain() { last_answers_ = true; }
  bool Drain(absl::Duration grace);
  void Finish();
  const tcp::endpoint& endpoint() const { return endpoint_; }

 private:
  awaitable<void> Accept();
  void AdmitMore();
  void Admit(tcp::socket socket, const tcp::endpoint& client);
  static void Work(asio::io_context& io);
  // Connections are dealt out in turn.
  asio::io_context& NextLoop() { return loops_[next_loop_ % loops_.size()]->io; }

  const ServerOptions options_;
  const Dispatcher dispatcher_;
  Metrics* const metrics_;
  const std::string overloaded_;
  Connections connections_;
  std::atomic<bool> last_answers_ = false;
  const CorsPolicy cors_;
  const SessionContext context_;
  // Shared with the credentials' store, which may call when the server is gone.
  const std::shared_ptr<CurrentContext> tls_ = std::make_shared<CurrentContext>();
  const std::vector<std::unique_ptr<Loop>> loops_;
  size_t next_loop_ = 0;    // of the acceptor's thread
  tcp::acceptor acceptor_;  // of the first loop
  tcp::endpoint endpoint_;
  std::vector<std::thread> threads_;
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
  if (options_.credentials != nullptr) {
    options_.credentials->Subscribe(
        [tls = tls_](const auto& credentials) { tls->Set(*credentials); });
  }
  asio::co_spawn(acceptor_.get_executor(), Accept(), asio::detached);
  for (const auto& loop : loops_) threads_.emplace_back([&io = loop->io] { Work(io); });
  return absl::OkStatus();
}

void Server::Impl::Work(asio::io_context& io) {
  // OpenSSL writes to sockets whose other side may be gone: an error is enough.
  sigset_t pipe;
  sigemptyset(&pipe);
  sigaddset(&pipe, SIGPIPE);
  pthread_sigmask(SIG_BLOCK, &pipe, nullptr);
  io.run();
}

awaitable<void> Server::Impl::Accept() {
  while (acceptor_.is_open()) {
    ErrorCode error;
    tcp::socket socket(NextLoop());
    tcp::endpoint client;
    co_await acceptor_.async_accept(socket, client,
                                    asio::redirect_error(asio::use_awaitable, error));
    if (!error) {
      Admit(std::move(socket), client);
      AdmitMore();
    } else if (error != asio::error::operation_aborted) {
      asio::steady_timer retry(acceptor_.get_executor(), kAcceptRetry);
      co_await retry.async_wait(asio::redirect_error(asio::use_awaitable, error));
    }
  }
}

// Whoever waits behind many does not wait for an answer to each of them.
void Server::Impl::AdmitMore() {
  for (int i = 1; i < kAcceptsAtOnce; ++i) {
    ErrorCode error;
    tcp::socket socket(NextLoop());
    tcp::endpoint client;
    acceptor_.accept(socket, client, error);
    if (error) return;
    Admit(std::move(socket), client);
  }
}

void Server::Impl::Admit(tcp::socket socket, const tcp::endpoint& client) {
  ++next_loop_;
  ErrorCode ignored;
  socket.set_option(tcp::no_delay(true), ignored);
  socket.set_option(UnsentBytesMax(kUnsentBytesMax), ignored);
  const tls::ServerContext tls = tls_->Get();
  auto session = std::make_shared<Session>(
      context_, std::make_shared<Stream>(std::move(socket), tls.get()), client.address());
  const auto admission = connections_.Admit(session, client.address());
  if (admission == Connections::Admission::kRefused) {
    if (metrics_ != nullptr) metrics_->ConnectionRefused();
    return session->TurnAway(overloaded_);
  }
  if (admission == Connections::Admission::kAdmittedForAnother && metrics_ != nullptr) {
    metrics_->ConnectionsEvicted(1);
  }
  asio::co_spawn(session->executor(), session->Run(), [this, session](const std::exception_ptr&) {
    connections_.Remove(session.get());
  });
}

bool Server::Impl::Drain(absl::Duration grace) {
  connections_.CloseForGood();
  asio::post(acceptor_.get_executor(), [this] {
    ErrorCode ignored;
    acceptor_.close(ignored);
  });
  connections_.StopAll();
  if (connections_.AwaitNone(grace)) return true;
  connections_.AbortAll();
  connections_.AwaitNone(kAbortTime);
  return false;
}

void Server::Impl::Finish() {
  if (!threads_.empty()) {
    Drain(absl::ZeroDuration());
    connections_.AwaitNone(absl::InfiniteDuration());
  }
  for (const auto& loop : loops_) loop->io.stop();
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
void Server::BeginDrain() { impl_->BeginDrain(); }
bool Server::Drain(absl::Duration grace) { return impl_->Drain(grace); }

}  // namespace tally::query::http
