#include "query/grpc/server.h"

#include <grpcpp/ext/proto_server_reflection_plugin.h>
#include <grpcpp/resource_quota.h>
#include <grpcpp/security/server_credentials.h>
#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>

#include <algorithm>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <chrono>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "query/grpc/credentials.h"
#include "query/grpc/gate.h"
#include "query/grpc/health_service.h"
#include "query/grpc/listener.h"
#include "query/grpc/log.h"
#include "query/grpc/query_service.h"

namespace tally::query::rpc {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;

// How long calls may take to notice that they were cancelled.
constexpr absl::Duration kAbortTime = absl::Seconds(1);
// For those who watch health to hear the last of it.
constexpr auto kGoodbyeTime = std::chrono::milliseconds(200);
// Of gRPC's own, for reflection: a stream of it takes one for as long as it lasts.
constexpr int kReflectionThreadsMax = 8;

int Millis(absl::Duration duration) {
  return static_cast<int>(absl::ToInt64Milliseconds(duration));
}

void Limit(const ServerOptions& options, ::grpc::ServerBuilder& builder) {
  ::grpc::ResourceQuota quota("tally");
  quota.Resize(options.memory_bytes_max).SetMaxThreads(kReflectionThreadsMax);
  builder.SetResourceQuota(quota);
  builder.SetMaxReceiveMessageSize(options.request_bytes_max);
  builder.AddChannelArgument(GRPC_ARG_MAX_METADATA_SIZE, options.metadata_bytes_max);
  builder.AddChannelArgument(GRPC_ARG_MAX_CONCURRENT_STREAMS, options.calls_per_connection_max);
  builder.AddChannelArgument(GRPC_ARG_SERVER_HANDSHAKE_TIMEOUT_MS,
                             Millis(options.handshake_timeout));
  builder.AddChannelArgument(GRPC_ARG_MAX_CONNECTION_IDLE_MS, Millis(options.idle_timeout));
  builder.AddChannelArgument(GRPC_ARG_MAX_CONNECTION_AGE_MS, Millis(options.connection_age_max));
  builder.AddChannelArgument(GRPC_ARG_MAX_CONNECTION_AGE_GRACE_MS,
                             Millis(options.connection_age_grace));
}

// A peer that went away without a word is noticed; clients that ask whether we are still there may
// do so every 10 s, between calls, too.
void KeepAlive(const ServerOptions& options, ::grpc::ServerBuilder& builder) {
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIME_MS, Millis(options.keepalive_interval));
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, 20'000);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1);
  builder.AddChannelArgument(GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS, 9'000);
}

}  // namespace

class Server::Impl {
 public:
  Impl(ServerOptions options, Service& service, const HealthSource& health,
       const Authenticator* authenticator, Metrics* metrics)
      : options_(std::move(options)),
        metrics_(metrics),
        gate_(options_.calls_max),
        work_(asio::make_work_guard(io_)),
        service_(service, authenticator, gate_, {metrics, options_.access_log}, io_.get_executor()),
        health_(health, {"", v1::QueryService::service_full_name()}, options_.watches_max,
                options_.health_interval, io_.get_executor()),
        credentials_(options_.credentials == nullptr ? ::grpc::InsecureServerCredentials()
                                                     : MakeCredentials(*options_.credentials)) {}

  absl::Status Start();
  void BeginDrain();
  bool Drain(absl::Duration grace);
  void Finish();
  const std::string& address() const { return options_.address; }
  uint16_t port() const { return listener_->port(); }

 private:
  void Build();
  void Shutdown(std::chrono::milliseconds grace);

  const ServerOptions options_;
  Metrics* const metrics_;
  Gate gate_;
  asio::io_context io_;
  asio::executor_work_guard<asio::io_context::executor_type> work_;
  QueryService service_;
  HealthService health_;
  const std::shared_ptr<::grpc::ServerCredentials> credentials_;
  std::unique_ptr<::grpc::experimental::ExternalConnectionAcceptor> connections_;
  std::unique_ptr<::grpc::Server> server_;
  std::shared_ptr<Listener> listener_;
  std::vector<std::thread> threads_;
  std::thread shutdown_;  // of gRPC's server, which waits until every call is over
};

void Server::Impl::Build() {
  ::grpc::ServerBuilder builder;
  Limit(options_, builder);
  KeepAlive(options_, builder);
  connections_ = builder.experimental().AddExternalConnectionAcceptor(
      ::grpc::ServerBuilder::experimental_type::ExternalConnectionType::FROM_FD, credentials_);
  builder.RegisterService(&service_);
  builder.RegisterService(&health_);
  server_ = builder.BuildAndStart();
}

absl::Status Server::Impl::Start() {
  boost::system::error_code error;
  const asio::ip::address address = asio::ip::make_address(options_.address, error);
  if (error) {
    return absl::InvalidArgumentError(
        absl::StrCat("\"", options_.address, "\" is not an IP address; use e.g. 127.0.0.1 or ::1"));
  }
  for (int i = 0; i < std::max(1, options_.threads); ++i) {
    threads_.emplace_back([this] { io_.run(); });
  }
  auto listener =
      Listener::Open(io_.get_executor(), {address, options_.port},
                     {options_.connections_max, options_.connections_per_client_max}, metrics_);
  if (!listener.ok()) return listener.status();
  Build();
  if (server_ == nullptr) return absl::InternalError("gRPC does not start");
  listener_ = *std::move(listener);
  listener_->Begin([this](int listening, int connected) {
    ::grpc::experimental::ExternalConnectionAcceptor::NewConnectionParameters connection;
    connection.listener_fd = listening;
    connection.fd = connected;
    connections_->HandleNewConnection(&connection);
  });
  return absl::OkStatus();
}

void Server::Impl::BeginDrain() {
  gate_.Close();
  health_.Stop();
}

void Server::Impl::Shutdown(std::chrono::milliseconds grace) {
  if (server_ == nullptr || shutdown_.joinable()) return;
  listener_->Close();
  shutdown_ =
      std::thread([this, grace] { server_->Shutdown(std::chrono::system_clock::now() + grace); });
}

bool Server::Impl::Drain(absl::Duration grace) {
  BeginDrain();
  const bool drained = gate_.AwaitEmpty(grace);
  Shutdown(drained ? kGoodbyeTime : std::chrono::milliseconds(0));
  if (!drained) gate_.AwaitEmpty(kAbortTime);
  return drained;
}

void Server::Impl::Finish() {
  Drain(absl::ZeroDuration());
  if (shutdown_.joinable()) shutdown_.join();
  server_.reset();
  work_.reset();
  for (std::thread& thread : threads_) thread.join();
}

absl::StatusOr<std::unique_ptr<Server>> Server::Start(ServerOptions options, Service& service,
                                                      const HealthSource& health,
                                                      const Authenticator* authenticator,
                                                      Metrics* metrics) {
  // Once for the process; every server made from then on has them.
  static std::once_flag plugins;
  std::call_once(plugins, [] {
    LogAsWeDo();
    ::grpc::reflection::InitProtoReflectionServerBuilderPlugin();
  });
  std::unique_ptr<Server> server(new Server(
      std::make_unique<Impl>(std::move(options), service, health, authenticator, metrics)));
  if (absl::Status status = server->impl_->Start(); !status.ok()) return status;
  return server;
}

Server::Server(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Server::~Server() { impl_->Finish(); }

const std::string& Server::address() const { return impl_->address(); }
uint16_t Server::port() const { return impl_->port(); }
void Server::BeginDrain() { impl_->BeginDrain(); }
bool Server::Drain(absl::Duration grace) { return impl_->Drain(grace); }

}  // namespace tally::query::rpc
