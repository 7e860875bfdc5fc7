#include "query/admin.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <prometheus/counter.h>
#include <prometheus/registry.h>

#include "query/http/server.h"
#include "tests/query/http_client.h"

namespace tally::query {
namespace {

using ::tally::testing::Get;
using ::tally::testing::HttpReply;
using ::testing::HasSubstr;
using State = ShardHealth::State;

class FakeHealth : public HealthSource {
 public:
  Health GetHealth() const override { return health; }
  Health health;
};

class AdminTest : public ::testing::Test {
 protected:
  HttpReply Fetch(const std::string& target, const std::string& headers = "") {
    return Get(server_->port(), target, headers);
  }
  FakeHealth source_;
  std::shared_ptr<prometheus::Registry> registry_ = std::make_shared<prometheus::Registry>();
  std::unique_ptr<http::Server> server_ =
      http::Server::Start({}, AdminRoutes(source_, registry_), nullptr).value();
};

ShardHealth Shard(int32_t partition, State state, const char* failure = "") {
  return {partition, state, {0, 12, -1}, failure};
}

TEST_F(AdminTest, Readiness) {
  const struct {
    Health health;
    int status;
    const char* state;
  } rows[] = {
      {{"broker not reachable", false, false, {}}, 503, "starting"},
      {{"", false, false, {}}, 503, "replaying"},
      {{"", false, false, {Shard(0, State::kReplaying)}}, 503, "replaying"},
      {{"", false, false, {Shard(0, State::kFailed), Shard(1, State::kReplaying)}},
       503,
       "replaying"},
      {{"", true, false, {Shard(0, State::kLive)}}, 200, "ready"},
      {{"", true, false, {Shard(0, State::kReplaying)}}, 200, "ready"},
      {{"", true, false, {Shard(0, State::kFailed), Shard(1, State::kLive)}}, 200, "ready"},
      {{"", true, false, {Shard(0, State::kFailed), Shard(1, State::kFailed)}}, 503, "failed"},
      {{"", true, false, {Shard(0, State::kWriteBlocked)}}, 200, "ready"},
      {{"", true, false, {Shard(0, State::kHalted)}}, 200, "ready"},
      {{"", true, false, {Shard(0, State::kQuarantined), Shard(1, State::kLive)}}, 200, "ready"},
      {{"", true, false, {Shard(0, State::kFailed), Shard(1, State::kQuarantined)}}, 503, "failed"},
      {{"", true, true, {Shard(0, State::kLive)}}, 503, "draining"},
  };
  for (const auto& row : rows) {
    source_.health = row.health;
    const HttpReply reply = Fetch("/readyz");
    EXPECT_EQ(reply.status, row.status) << row.state;
    EXPECT_EQ(reply.Header("content-type"), "application/json");
    EXPECT_THAT(reply.body, HasSubstr("{\"state\":\"" + std::string(row.state) + "\""));
    EXPECT_EQ(Fetch("/livez").status, 200);
  }
}

TEST_F(AdminTest, ReadinessTellsOfEveryShard) {
  source_.health = {"", false, false, {Shard(3, State::kFailed, "disk full")}};
  EXPECT_EQ(Fetch("/readyz").body, R"({"state":"failed","ready":false,"starting":null,"shards":[)"
                                   R"({"partition":3,"state":"failed","lag":{"event.created":0,)"
                                   R"("participant.registered":12,"distribution.completed":null},)"
                                   R"("failure":"disk full"}]})");
}

TEST_F(AdminTest, MetricsAreText) {
  prometheus::BuildCounter().Name("tally_things_total").Register(*registry_).Add({}).Increment(3);
  const HttpReply reply = Fetch("/metrics", "Accept: application/openmetrics-text\r\n");
  EXPECT_EQ(reply.status, 200);
  EXPECT_THAT(reply.Header("content-type"), HasSubstr("text/plain; version=0.0.4"));
  EXPECT_THAT(reply.body, HasSubstr("tally_things_total 3"));
}

TEST_F(AdminTest, OtherRoutesAreNotHere) {
  EXPECT_EQ(Fetch("/api/v1/events/evt-1/analytics").status, 404);
  EXPECT_EQ(Fetch("/").status, 404);
}

}  // namespace
}  // namespace tally::query
