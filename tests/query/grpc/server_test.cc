// The gRPC server itself: who may ask, what is counted, how it begins and ends.
#include "query/grpc/server.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <prometheus/text_serializer.h>

#include <future>

#include "absl/strings/str_replace.h"
#include "tests/query/grpc/grpc_fixture.h"

namespace tally::query::rpc {
namespace {

using ::grpc::StatusCode;
using ::tally::testing::GrpcReply;
using ::tally::testing::Metadata;
using ::testing::HasSubstr;

constexpr char kDashboard[] = "GetEventDashboard";
constexpr char kEvent1[] = "event_id: 'evt-1'";
constexpr char kEvent3[] = "event_id: 'evt-3'";

class ServerTest : public GrpcTest {};

TEST_F(ServerTest, WhoMayAsk) {
  Serve({}, &authenticator_);
  const struct {
    Metadata metadata;
    const char* method;
    const char* request;
    StatusCode code;
  } rows[] = {
      {{}, kDashboard, kEvent1, StatusCode::UNAUTHENTICATED},
      {{{"authorization", "Bearer nonsense"}}, kDashboard, kEvent1, StatusCode::UNAUTHENTICATED},
      {{{"authorization", "Bearer operator"}, {"authorization", "Bearer operator"}},
       kDashboard,
       kEvent1,
       StatusCode::UNAUTHENTICATED},
      {{}, kDashboard, "event_id: '' timezone: 'x'", StatusCode::UNAUTHENTICATED},
      {{{"authorization", "Bearer operator"}}, kDashboard, kEvent1, StatusCode::OK},
      {{{"authorization", "Bearer user-2"}}, kDashboard, kEvent3, StatusCode::OK},
      {{{"authorization", "Bearer user-2"}}, kDashboard, kEvent1, StatusCode::NOT_FOUND},
      {{{"authorization", "Bearer user-2"}}, "GetEventRoi", kEvent1, StatusCode::NOT_FOUND},
      {{{"authorization", "Bearer user-2"}},
       "GetUserTimeline",
       "user_id: 'user-2'",
       StatusCode::OK},
      {{{"authorization", "Bearer user-2"}},
       "GetUserChannels",
       "user_id: 'user-1'",
       StatusCode::NOT_FOUND},
  };
  for (const auto& row : rows) {
    const GrpcReply reply = Call(row.method, row.request, row.metadata);
    EXPECT_EQ(reply.status.error_code(), row.code) << row.method << " " << row.request;
    if (row.code == StatusCode::UNAUTHENTICATED) {
      EXPECT_EQ(reply.problem.value().code(), "unauthenticated");
      EXPECT_EQ(reply.status.error_message(), "a Bearer token is needed");
    }
  }
}

// What is not yours and what does not exist cannot be told apart.
TEST_F(ServerTest, NotYoursIsUnknown) {
  Serve({}, &authenticator_);
  const Metadata user = {{"authorization", "Bearer user-2"}};
  const std::string unknown = Call(kDashboard, "event_id: 'evt-x'", user).status.error_message();
  const std::string hidden = Call(kDashboard, kEvent1, user).status.error_message();
  EXPECT_EQ(hidden, absl::StrReplaceAll(unknown, {{"evt-x", "evt-1"}}));
}

TEST_F(ServerTest, CallsAreCounted) {
  Serve({}, &authenticator_);
  const Metadata user = {{"authorization", "Bearer user-2"}};
  Call(kDashboard, kEvent3, user);
  Call(kDashboard, kEvent1, user);
  Call(kDashboard, kEvent1, user);
  Call("GetUserRoi", "", {});
  server_.reset();
  const std::string text = prometheus::TextSerializer().Serialize(registry_.Collect());
  EXPECT_THAT(text,
              HasSubstr(R"(tally_grpc_requests_total{code="OK",method="GetEventDashboard"} 1)"));
  EXPECT_THAT(
      text,
      HasSubstr(R"(tally_grpc_requests_total{code="NOT_FOUND",method="GetEventDashboard"} 2)"));
  EXPECT_THAT(
      text,
      HasSubstr(R"(tally_grpc_requests_total{code="UNAUTHENTICATED",method="GetUserRoi"} 1)"));
  EXPECT_THAT(
      text,
      HasSubstr(R"(tally_grpc_request_duration_seconds_count{method="GetEventDashboard"} 3)"));
  EXPECT_THAT(text, HasSubstr("tally_grpc_requests_in_flight 0"));
}

TEST_F(ServerTest, AddressesThatCannotBe) {
  Serve();
  const struct {
    const char* address;
    uint16_t port;
    absl::StatusCode code;
    const char* message;
  } rows[] = {
      {"localhost", 0, absl::StatusCode::kInvalidArgument, "not an IP address"},
      {"127.0.0.1", server_->port(), absl::StatusCode::kFailedPrecondition, "another port"},
      {"203.0.113.1", 0, absl::StatusCode::kFailedPrecondition, "address of this machine"},
  };
  for (const auto& row : rows) {
    ServerOptions options;
    options.address = row.address;
    options.port = row.port;
    const auto started = Server::Start(options, service_, health_, nullptr, nullptr);
    EXPECT_EQ(started.status().code(), row.code) << row.address;
    EXPECT_THAT(std::string(started.status().message()), HasSubstr(row.message));
  }
}

TEST_F(ServerTest, IPv6) {
  ServerOptions options;
  options.address = "::1";
  const auto started = Server::Start(options, service_, health_, nullptr, nullptr);
  if (!started.ok()) GTEST_SKIP() << started.status();
  EXPECT_NE((*started)->port(), 0);
  EXPECT_EQ((*started)->address(), "::1");
}

TEST_F(ServerTest, CallsInFlightFinishWhileDraining) {
  Serve();
  reader_.Cork();
  auto call = std::async(std::launch::async, [this] { return Call(kDashboard, kEvent1); });
  reader_.AwaitCorkedReads(1);
  server_->BeginDrain();
  const GrpcReply refused = Call(kDashboard, kEvent1);
  EXPECT_EQ(refused.status.error_code(), StatusCode::UNAVAILABLE);
  EXPECT_EQ(refused.problem.value().code(), "shutting_down");
  auto drained = std::async(std::launch::async, [this] { return server_->Drain(absl::Hours(1)); });
  reader_.Uncork();
  EXPECT_TRUE(call.get().ok());
  EXPECT_TRUE(drained.get());
}

TEST_F(ServerTest, WhatDoesNotFinishInTimeIsCutOff) {
  Serve();
  reader_.Cork();
  auto call = std::async(std::launch::async, [this] { return Call(kDashboard, kEvent1); });
  reader_.AwaitCorkedReads(1);
  EXPECT_FALSE(server_->Drain(absl::ZeroDuration()));
  EXPECT_EQ(call.get().status.error_code(), StatusCode::UNAVAILABLE);
  reader_.Uncork();
}

}  // namespace
}  // namespace tally::query::rpc
