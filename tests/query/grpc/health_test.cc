// grpc.health.v1 as probes see it.
#include <gtest/gtest.h>

#include "grpc/health/v1/health.grpc.pb.h"
#include "tests/query/grpc/grpc_fixture.h"

namespace tally::query::rpc {
namespace {

using ::grpc::StatusCode;
using ::grpc::health::v1::Health;
using ::grpc::health::v1::HealthCheckRequest;
using ::grpc::health::v1::HealthCheckResponse;

constexpr char kQueryService[] = "tally.v1.QueryService";

HealthCheckRequest Of(const std::string& service) {
  HealthCheckRequest request;
  request.set_service(service);
  return request;
}

class HealthTest : public GrpcTest {
 protected:
  HealthTest() { ServeHealth(); }
  void ServeHealth(size_t watches_max = 100) {
    ServerOptions options;
    options.watches_max = watches_max;
    options.health_interval = absl::Milliseconds(1);
    Serve(options);
    stub_ = Health::NewStub(client_->channel());
  }
  HealthCheckResponse::ServingStatus Check(const std::string& service) {
    ::grpc::ClientContext context;
    context.set_deadline(::tally::testing::Deadline());
    HealthCheckResponse response;
    const ::grpc::Status status = stub_->Check(&context, Of(service), &response);
    EXPECT_TRUE(status.ok()) << status.error_message();
    return response.status();
  }

  std::unique_ptr<Health::Stub> stub_;
};

TEST_F(HealthTest, CheckSaysWhatIsTrueNow) {
  for (const char* service : {"", kQueryService}) {
    health_.ready = false;
    EXPECT_EQ(Check(service), HealthCheckResponse::NOT_SERVING) << service;
    health_.ready = true;
    EXPECT_EQ(Check(service), HealthCheckResponse::SERVING) << service;
    health_.ready = false;
    EXPECT_EQ(Check(service), HealthCheckResponse::NOT_SERVING) << service;
  }
}

TEST_F(HealthTest, DrainingIsNotServing) {
  EXPECT_EQ(Check(""), HealthCheckResponse::SERVING);
  server_->BeginDrain();
  EXPECT_EQ(Check(""), HealthCheckResponse::NOT_SERVING);
  EXPECT_EQ(Check(kQueryService), HealthCheckResponse::NOT_SERVING);
}

TEST_F(HealthTest, UnknownServices) {
  for (const char* service : {"tally.v1.Query", "tally.v1.QueryService ", "x"}) {
    ::grpc::ClientContext context;
    context.set_deadline(::tally::testing::Deadline());
    HealthCheckResponse response;
    EXPECT_EQ(stub_->Check(&context, Of(service), &response).error_code(), StatusCode::NOT_FOUND);

    ::grpc::ClientContext watching;
    watching.set_deadline(::tally::testing::Deadline());
    const auto stream = stub_->Watch(&watching, Of(service));
    ASSERT_TRUE(stream->Read(&response));
    EXPECT_EQ(response.status(), HealthCheckResponse::SERVICE_UNKNOWN);
    watching.TryCancel();
    EXPECT_EQ(stream->Finish().error_code(), StatusCode::CANCELLED);
  }
}

TEST_F(HealthTest, WatchTellsOfEveryChangeUntilTheEnd) {
  ::grpc::ClientContext context;
  context.set_deadline(::tally::testing::Deadline());
  const auto stream = stub_->Watch(&context, Of(""));
  HealthCheckResponse response;
  ASSERT_TRUE(stream->Read(&response));
  EXPECT_EQ(response.status(), HealthCheckResponse::SERVING);
  health_.ready = false;
  ASSERT_TRUE(stream->Read(&response));
  EXPECT_EQ(response.status(), HealthCheckResponse::NOT_SERVING);
  health_.ready = true;
  ASSERT_TRUE(stream->Read(&response));
  EXPECT_EQ(response.status(), HealthCheckResponse::SERVING);
  EXPECT_TRUE(server_->Drain(absl::Seconds(10)));
  ASSERT_TRUE(stream->Read(&response));
  EXPECT_EQ(response.status(), HealthCheckResponse::NOT_SERVING);
  EXPECT_FALSE(stream->Read(&response));
  EXPECT_NE(stream->Finish().error_code(), StatusCode::OK);
}

TEST_F(HealthTest, WatchersAreLimited) {
  ServeHealth(1);
  HealthCheckResponse response;
  ::grpc::ClientContext first;
  first.set_deadline(::tally::testing::Deadline());
  const auto watching = stub_->Watch(&first, Of(""));
  ASSERT_TRUE(watching->Read(&response));

  ::grpc::ClientContext second;
  second.set_deadline(::tally::testing::Deadline());
  EXPECT_EQ(stub_->Watch(&second, Of(""))->Finish().error_code(), StatusCode::RESOURCE_EXHAUSTED);
}

TEST_F(HealthTest, AsksNobody) {
  Serve({}, &authenticator_);
  stub_ = Health::NewStub(client_->channel());
  EXPECT_EQ(Check(""), HealthCheckResponse::SERVING);
}

}  // namespace
}  // namespace tally::query::rpc
