// Who is asked who they are, when, and what those may not see looks like.
#include <gmock/gmock.h>

#include "tests/query/api_fixture.h"

namespace tally::query::http {
namespace {

using ::tally::testing::HttpReply;
using ::testing::HasSubstr;
using ::testing::Not;

// "Bearer <user>" is that user, "Bearer *" an operator, "Bearer ?" cannot be told.
class NamesAsTokens final : public Authenticator {
 public:
  absl::StatusOr<Viewer> Authenticate(
      absl::Span<const std::string_view> authorization) const override {
    if (authorization.size() != 1 || authorization.front().substr(0, 7) != "Bearer ") {
      return Unauthenticated("", "say who you are");
    }
    const std::string name(authorization.front().substr(7));
    if (name == "?") return absl::UnavailableError("cannot tell");
    if (name == "!") return Unauthenticated("invalid_token", "not you");
    return name == "*" ? Viewer() : Viewer::User(name);
  }
};

class AccessTest : public ApiTest {
 protected:
  AccessTest() {
    ServerOptions options;
    options.authenticator = &authenticator_;
    std::vector<Route> routes = ApiRoutes(*service_);
    routes.push_back({"/open", "",
                      [](Request) -> boost::asio::awaitable<Response> {
                        Response response;
                        response.body = "open";
                        co_return response;
                      },
                      Access::kAnybody});
    server_ = Server::Start(options, std::move(routes), nullptr).value();
  }
  static std::string As(const std::string& name) {
    return "Authorization: Bearer " + name + "\r\n";
  }

  // An id of nothing in the shard of this one: positions are of shards.
  std::string SameShard(const std::string& id) const {
    for (int i = 0;; ++i) {
      std::string other = "x" + std::to_string(1000 + i);
      if (reader_.PartitionFor(other) == reader_.PartitionFor(id)) return other;
    }
  }

  const NamesAsTokens authenticator_;
};

// All but the time, and the id that was asked for.
std::string Shape(const HttpReply& reply, const std::string& id) {
  std::string shape = std::to_string(reply.status) + "\n";
  for (const auto& [name, value] : reply.headers) {
    if (name != "date") shape += name + ": " + value + "\n";
  }
  shape += reply.body;
  for (size_t at; (at = shape.find(id)) != std::string::npos;) shape.replace(at, id.size(), "ID");
  return shape;
}

TEST_F(AccessTest, NobodyLearnsAnythingBeforeSayingWhoTheyAre) {
  const HttpReply first = Get(kEvent);
  EXPECT_EQ(first.status, 401);
  EXPECT_EQ(first.Header("www-authenticate"), R"(Bearer realm="tally")");
  EXPECT_THAT(first.body, HasSubstr(R"("code":"unauthenticated")"));
  for (const std::string& target :
       {kUser, std::string("/api/v1/events/nobody/analytics"), kEvent + "?size=x&what=ever",
        std::string("/api/v1/events/%FF/analytics"), std::string("/api/v1/events/%00/analytics")}) {
    const HttpReply reply = Get(target, "Tally-Min-Position: x\r\nAccept: image/png\r\n");
    EXPECT_EQ(Shape(reply, "\x01"), Shape(first, "\x01")) << target;
  }
  EXPECT_EQ(Get(kEvent, As("!")).Header("www-authenticate"),
            R"(Bearer realm="tally", error="invalid_token", error_description="not you")");
  EXPECT_EQ(Get(kEvent, As("*") + As("*")).status, 401);
}

TEST_F(AccessTest, WhatNeedsNobodyAsksNobody) {
  EXPECT_EQ(Get("/open").status, 200);
  EXPECT_EQ(Get("/open", As("!")).status, 200);
  EXPECT_EQ(Get("/nothing").status, 404);
}

TEST_F(AccessTest, WhenNobodyCanTellTheyComeBackLater) {
  const HttpReply reply = Get(kEvent, As("?"));
  EXPECT_EQ(reply.status, 503);
  EXPECT_NE(reply.Header("retry-after"), "");
  EXPECT_EQ(reply.Header("www-authenticate"), "");
}

TEST_F(AccessTest, OthersDataLooksLikeWhatDoesNotExist) {
  const std::string tag = "If-None-Match: " + Get(kEvent, As("*")).Header("etag") + ", *\r\n";
  for (const bool catching_up : {false, true}) {
    reader_.catching_up = catching_up;
    for (const char* part :
         {"", "/channels", "/roi", "/timeline", "?startDate=2026-01-01&endDate=2026-02-01"}) {
      for (const std::string& extra : {std::string(), tag}) {
        // The fake's positions are of shards, as the real one's: ids of the same shard.
        const auto event = [&](const std::string& id) {
          return Shape(Get("/api/v1/events/" + id + "/analytics" + part, As("user-2") + extra), id);
        };
        const auto user = [&](const std::string& id) {
          return Shape(Get("/api/v1/users/" + id + "/analytics" + part, As("user-2") + extra), id);
        };
        EXPECT_EQ(event("evt-1"), event(SameShard("evt-1"))) << part;
        EXPECT_EQ(user("user-1"), user("user-9")) << part;
        EXPECT_THAT(event("evt-1"), HasSubstr(catching_up ? "503\n" : "404\n"));
        EXPECT_THAT(event("evt-1"), Not(HasSubstr("etag")));
      }
    }
  }
}

TEST_F(AccessTest, FailuresAreTheSameForAll) {
  for (const absl::Status& failure :
       {absl::UnavailableError("shard 3 is not open"),
        absl::FailedPreconditionError("instance 1 of 2 owns this event"),
        absl::UnimplementedError("several instances")}) {
    reader_.failure = failure;
    const auto event = [&](const std::string& id, const std::string& viewer) {
      return Shape(Get("/api/v1/events/" + id + "/analytics", As(viewer)), id);
    };
    EXPECT_EQ(event("evt-1", "user-2"), event("evt-1", "user-1"));
    EXPECT_EQ(event("evt-1", "user-2"), event("evt-9", "user-2"));
  }
}

TEST_F(AccessTest, OwnersAndOperatorsSeeTheSame) {
  const std::string owner = Shape(Get(kEvent, As("user-1")), "\x01");
  EXPECT_THAT(owner, HasSubstr("200\n"));
  EXPECT_EQ(Shape(Get(kEvent, As("*")), "\x01"), owner);
  EXPECT_EQ(Get(kUser, As("user-1")).body, Get(kUser, As("*")).body);
  EXPECT_EQ(Get(kEvent, As("user-1") + "If-None-Match: *\r\n").status, 304);
}

}  // namespace
}  // namespace tally::query::http
