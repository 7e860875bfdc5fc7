// One service over the sample data, served by gRPC and by HTTP on free loopback ports; a clock that
// stands still.
#pragma once

#include <gtest/gtest.h>
#include <prometheus/registry.h>

#include <atomic>
#include <memory>
#include <string>
#include <utility>

#include "query/grpc/server.h"
#include "query/http/api.h"
#include "query/http/server.h"
#include "tests/fakes/sample_reader.h"
#include "tests/query/grpc/grpc_client.h"
#include "tests/query/http_client.h"

namespace tally::query::rpc {

class FakeHealth : public HealthSource {
 public:
  Health GetHealth() const override {
    Health health;
    health.reached_start_end = ready;
    return health;
  }
  std::atomic<bool> ready = true;
};

// Bearer tokens that say who one is.
class FakeAuthenticator : public Authenticator {
 public:
  absl::StatusOr<Viewer> Authenticate(
      absl::Span<const std::string_view> authorization) const override {
    if (authorization.size() == 1 && authorization[0] == "Bearer operator") return Viewer();
    if (authorization.size() == 1 && authorization[0] == "Bearer user-2") {
      return Viewer::User("user-2");
    }
    return absl::UnauthenticatedError("a Bearer token is needed");
  }
};

class GrpcTest : public ::testing::Test {
 protected:
  GrpcTest() { ::tally::testing::FeedSamples(reader_); }

  // Both servers anew.
  void Serve(ServerOptions options = {}, const Authenticator* authenticator = nullptr) {
    server_.reset();
    server_ =
        Server::Start(std::move(options), service_, health_, authenticator, &metrics_).value();
    http::ServerOptions http_options;
    http_options.authenticator = authenticator;
    http_.reset();
    http_ = http::Server::Start(http_options, http::ApiRoutes(service_), nullptr).value();
    client_ = std::make_unique<::tally::testing::GrpcClient>(server_->port());
  }
  ::tally::testing::GrpcReply Call(const std::string& method, const std::string& request,
                                   const ::tally::testing::Metadata& metadata = {}) {
    return client_->Call(method, request, metadata);
  }

  absl::Time now_ =
      absl::FromCivil(absl::CivilSecond(2026, 11, 22, 21, 10, 0), absl::FixedTimeZone(9 * 3600));
  ::tally::testing::FakeReader reader_;
  FakeHealth health_;
  const FakeAuthenticator authenticator_;
  prometheus::Registry registry_;
  Metrics metrics_{registry_};
  Service service_{reader_, [this] { return now_; }, "1.0"};
  std::unique_ptr<Server> server_;
  std::unique_ptr<http::Server> http_;
  std::unique_ptr<::tally::testing::GrpcClient> client_;
};

}  // namespace tally::query::rpc
