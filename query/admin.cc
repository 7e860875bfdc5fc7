#include "query/admin.h"

#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

#include <string>
#include <string_view>
#include <utility>

#include "query/json_writer.h"
#include "query/readiness.h"

namespace tally::query {
namespace {

using boost::asio::awaitable;

constexpr char kJson[] = "application/json";
constexpr char kMetricsText[] = "text/plain; version=0.0.4; charset=utf-8";

std::string_view StateName(ShardHealth::State state) {
  switch (state) {
    case ShardHealth::State::kOpening:
      return "opening";
    case ShardHealth::State::kReplaying:
      return "replaying";
    case ShardHealth::State::kLive:
      return "live";
    case ShardHealth::State::kWriteBlocked:
      return "write_blocked";
    case ShardHealth::State::kHalted:
      return "halted";
    case ShardHealth::State::kFailed:
      return "failed";
    case ShardHealth::State::kQuarantined:
      return "quarantined";
  }
  return "failed";
}

void WriteShard(const ShardHealth& shard, JsonWriter& json) {
  json.BeginObject();
  json.Integer("partition", shard.partition);
  json.Text("state", StateName(shard.state));
  json.BeginObject("lag");
  for (int i = 0; i < domain::kTopicCount; ++i) {
    const std::string_view topic = domain::TopicSuffix(static_cast<domain::Topic>(i));
    const int64_t lag = shard.lag[static_cast<size_t>(i)];
    lag < 0 ? json.Null(topic) : json.Integer(topic, lag);
  }
  json.EndObject();
  shard.failure.empty() ? json.Null("failure") : json.Text("failure", shard.failure);
  json.EndObject();
}

http::Response Readiness(const Health& health) {
  const std::string_view state = ReadinessOf(health);
  JsonWriter json;
  json.BeginObject();
  json.Text("state", state);
  json.Bool("ready", state == kReady);
  health.starting.empty() ? json.Null("starting") : json.Text("starting", health.starting);
  json.BeginArray("shards");
  for (const ShardHealth& shard : health.shards) WriteShard(shard, json);
  json.EndArray();
  json.EndObject();
  http::Response response;
  response.status = state == kReady ? 200 : 503;
  response.content_type = kJson;
  response.headers.emplace_back("Cache-Control", "no-store");
  if (response.status == 503) response.headers.emplace_back("Retry-After", "1");
  response.body = json.Take();
  return response;
}

http::Response Plain(std::string content_type, std::string body) {
  http::Response response;
  response.content_type = std::move(content_type);
  response.headers.emplace_back("Cache-Control", "no-store");
  response.body = std::move(body);
  return response;
}

}  // namespace

std::vector<http::Route> AdminRoutes(const HealthSource& health,
                                     std::shared_ptr<prometheus::Registry> registry) {
  return {
      {"/livez", "",
       [](http::Request) -> awaitable<http::Response> {
         co_return Plain(kJson, R"({"state":"alive"})");
       },
       http::Access::kAnybody, /*logged=*/false},
      {"/readyz", "",
       [&health](http::Request) -> awaitable<http::Response> {
         co_return Readiness(health.GetHealth());
       },
       http::Access::kAnybody, /*logged=*/false},
      {"/metrics", "",
       [registry = std::move(registry)](http::Request) -> awaitable<http::Response> {
         co_return Plain(kMetricsText, prometheus::TextSerializer().Serialize(registry->Collect()));
       },
       http::Access::kAnybody, /*logged=*/false},
  };
}

}  // namespace tally::query
