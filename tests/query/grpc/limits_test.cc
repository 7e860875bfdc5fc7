// What a caller cannot do: wait beyond its deadline, hold more calls or bytes than there is room
// for.
#include <gtest/gtest.h>

#include <future>
#include <vector>

#include "absl/strings/str_cat.h"
#include "tests/query/grpc/grpc_fixture.h"

namespace tally::query::rpc {
namespace {

using ::grpc::StatusCode;
using ::tally::testing::GrpcReply;

constexpr char kDashboard[] = "GetEventDashboard";
constexpr char kEvent1[] = "event_id: 'evt-1'";

class LimitsTest : public GrpcTest {
 protected:
  std::future<GrpcReply> CallAsync(const std::string& method, const std::string& request) {
    return std::async(std::launch::async, [=, this] { return Call(method, request); });
  }
  // Although the reader would keep every call waiting for ever.
  void ExpectNobodyIsLeft() { EXPECT_TRUE(server_->Drain(absl::Seconds(20))); }
};

TEST_F(LimitsTest, ACancelledCallStopsWaiting) {
  for (const char* method : {kDashboard, "GetEventTimeline"}) {
    Serve();
    reader_.Cork();
    ::grpc::ClientContext context;
    auto call =
        std::async(std::launch::async, [&] { return client_->Call(context, method, kEvent1); });
    reader_.AwaitCorkedReads(1);
    context.TryCancel();
    EXPECT_EQ(call.get().status.error_code(), StatusCode::CANCELLED);
    ExpectNobodyIsLeft();
    reader_.Uncork();
  }
}

TEST_F(LimitsTest, ADeadlineIsHonoured) {
  Serve();
  reader_.Cork();
  for (const auto wait : {std::chrono::milliseconds(50), std::chrono::milliseconds(-50)}) {
    ::grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + wait);
    EXPECT_EQ(client_->Call(context, kDashboard, kEvent1).status.error_code(),
              StatusCode::DEADLINE_EXCEEDED);
  }
  ExpectNobodyIsLeft();
  reader_.Uncork();
}

TEST_F(LimitsTest, AClientThatGoesAwayLeavesNothing) {
  Serve();
  reader_.Cork();
  {
    auto lost = std::make_unique<::tally::testing::GrpcClient>(server_->port());
    ::grpc::ClientContext context;
    auto call =
        std::async(std::launch::async, [&] { return lost->Call(context, kDashboard, kEvent1); });
    reader_.AwaitCorkedReads(1);
    context.TryCancel();
    call.get();
  }
  ExpectNobodyIsLeft();
  reader_.Uncork();
}

TEST_F(LimitsTest, CallsAtOnce) {
  ServerOptions options;
  options.calls_max = 2;
  Serve(options);
  reader_.Cork();
  std::vector<std::future<GrpcReply>> calls;
  for (int i = 0; i < 2; ++i) calls.push_back(CallAsync(kDashboard, kEvent1));
  reader_.AwaitCorkedReads(2);
  const GrpcReply third = Call(kDashboard, kEvent1);
  EXPECT_EQ(third.status.error_code(), StatusCode::RESOURCE_EXHAUSTED);
  EXPECT_EQ(third.problem.value().code(), "overloaded");
  EXPECT_EQ(third.problem->retry_after().seconds(), 5);
  reader_.Uncork();
  for (auto& call : calls) EXPECT_TRUE(call.get().ok());
  // A call leaves a moment after its answer has arrived.
  StatusCode code = StatusCode::RESOURCE_EXHAUSTED;
  while (code == StatusCode::RESOURCE_EXHAUSTED)
    code = Call(kDashboard, kEvent1).status.error_code();
  EXPECT_EQ(code, StatusCode::OK);
}

TEST_F(LimitsTest, CallsOfOneConnectionWaitForEachOther) {
  ServerOptions options;
  options.calls_per_connection_max = 1;
  Serve(options);
  reader_.Cork();
  auto first = CallAsync(kDashboard, kEvent1);
  reader_.AwaitCorkedReads(1);
  ::grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + std::chrono::milliseconds(100));
  EXPECT_EQ(client_->Call(context, kDashboard, kEvent1).status.error_code(),
            StatusCode::DEADLINE_EXCEEDED);
  EXPECT_EQ(reader_.reads(), 1u);
  reader_.Uncork();
  EXPECT_TRUE(first.get().ok());
}

TEST_F(LimitsTest, ConnectionsOfOneClient) {
  ServerOptions options;
  options.connections_per_client_max = 2;
  Serve(options);
  auto first = std::make_unique<::tally::testing::HttpClient>(server_->port());
  ::tally::testing::HttpClient second(server_->port());
  ::tally::testing::HttpClient third(server_->port());
  EXPECT_TRUE(third.AwaitClose());
  first.reset();
  // There is room again as soon as gRPC has noticed.
  ::grpc::ClientContext context;
  context.set_wait_for_ready(true);
  context.set_deadline(::tally::testing::Deadline());
  EXPECT_TRUE(client_->Call(context, kDashboard, kEvent1).ok());
}

TEST_F(LimitsTest, RequestsThatAreTooBig) {
  Serve();
  const std::string id(70 << 10, 'x');
  const GrpcReply big = Call(kDashboard, absl::StrCat("event_id: '", id, "'"));
  EXPECT_EQ(big.status.error_code(), StatusCode::RESOURCE_EXHAUSTED);
  const GrpcReply metadata = Call(kDashboard, kEvent1, {{"authorization", id}});
  EXPECT_EQ(metadata.status.error_code(), StatusCode::RESOURCE_EXHAUSTED);
  EXPECT_EQ(reader_.reads(), 0u);
  // The connection may be closed after that; others are not touched.
  const ::tally::testing::GrpcClient other(server_->port());
  EXPECT_TRUE(other.Call(kDashboard, kEvent1).ok());
}

TEST_F(LimitsTest, LongAnswersArrive) {
  Serve();
  const GrpcReply reply = Call("GetEventTimeline",
                               "event_id: 'evt-1' start_date: '2026-01-01' end_date: '2027-01-01' "
                               "interval: INTERVAL_HOURLY");
  ASSERT_TRUE(reply.ok()) << reply.status.error_message();
  EXPECT_EQ(reply.As<v1::GetEventTimelineResponse>()->content().data_points_size(), 365 * 24);
}

}  // namespace
}  // namespace tally::query::rpc
