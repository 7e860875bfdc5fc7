// Pages of other origins, against a live server.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "query/authenticator.h"
#include "query/http/api.h"
#include "query/http/server.h"
#include "tests/fakes/sample_reader.h"
#include "tests/query/http_client.h"

namespace tally::query::http {
namespace {

using ::tally::testing::FakeReader;
using ::tally::testing::FeedSamples;
using ::tally::testing::HttpClient;
using ::tally::testing::HttpReply;
using ::testing::HasSubstr;

const std::string kTarget = "/api/v1/events/evt-1/analytics";
const std::string kShop = "Origin: https://shop.example\r\n";
const std::string kStranger = "Origin: https://evil.example\r\n";
const std::string kAsksFor = "Access-Control-Request-Method: GET\r\n";

class NobodyMay : public Authenticator {
 public:
  absl::StatusOr<Viewer> Authenticate(absl::Span<const std::string_view>) const override {
    return absl::UnauthenticatedError("no token");
  }
};

class CorsTest : public ::testing::Test {
 protected:
  CorsTest() {
    FeedSamples(reader_);
    Serve({"https://shop.example", "http://shop.test:3000"});
  }
  void Serve(std::vector<std::string> origins, const Authenticator* authenticator = nullptr) {
    ServerOptions options;
    options.cors_origins = std::move(origins);
    options.authenticator = authenticator;
    server_.reset();
    server_ = Server::Start(options, ApiRoutes(service_), nullptr).value();
  }
  HttpReply Ask(const std::string& method, const std::string& headers) {
    HttpClient client(server_->port());
    client.Send(method + " " + kTarget + " HTTP/1.1\r\nHost: tally\r\n" + headers + "\r\n");
    return client.Read(method == "HEAD");
  }
  HttpReply Get(const std::string& headers, const std::string& target = kTarget) {
    return ::tally::testing::Get(server_->port(), target, headers);
  }

  FakeReader reader_;
  Service service_{reader_, absl::Now, "1.0"};
  std::unique_ptr<Server> server_;
};

TEST_F(CorsTest, PreflightOfAnAllowedOrigin) {
  HttpClient client(server_->port());
  for (const char* origin : {"https://shop.example", "http://shop.test:3000"}) {
    client.Send("OPTIONS " + kTarget + " HTTP/1.1\r\nHost: tally\r\nOrigin: " + origin + "\r\n" +
                kAsksFor + "Access-Control-Request-Headers: authorization\r\n\r\n");
    const HttpReply reply = client.Read();
    EXPECT_EQ(reply.status, 204);
    EXPECT_EQ(reply.Header("access-control-allow-origin"), origin);
    EXPECT_EQ(reply.Header("access-control-allow-methods"), "GET, HEAD");
    for (const char* name :
         {"Authorization", "If-None-Match", "Tally-Min-Position", "traceparent"}) {
      EXPECT_THAT(reply.Header("access-control-allow-headers"), HasSubstr(name));
    }
    EXPECT_NE(reply.Header("access-control-max-age"), "");
    EXPECT_EQ(reply.Header("access-control-allow-credentials"), "");
    EXPECT_EQ(reply.Header("content-length"), "");
    EXPECT_EQ(reply.Header("vary"), "Origin");
  }
  EXPECT_EQ(client.Get(kTarget).status, 200);
}

TEST_F(CorsTest, PreflightComesBeforeAuthentication) {
  const NobodyMay nobody;
  Serve({"https://shop.example"}, &nobody);
  EXPECT_EQ(Ask("OPTIONS", kShop + kAsksFor).status, 204);
  const HttpReply refused = Get(kShop);
  EXPECT_EQ(refused.status, 401);
  EXPECT_EQ(refused.Header("access-control-allow-origin"), "https://shop.example");
  EXPECT_EQ(Ask("OPTIONS", kShop).status, 401);
  server_.reset();
}

TEST_F(CorsTest, StrangersAreNotAllowed) {
  for (const std::string& origin :
       {kStranger, std::string("Origin: null\r\n"),
        std::string("Origin: https://shop.example.\r\n"),
        std::string("Origin: https://shop.example:443\r\n"),
        std::string("Origin: http://shop.example\r\n"),
        std::string("Origin: https://SHOP.example\r\n"),
        std::string("Origin: https://shop.example https://evil.example\r\n")}) {
    const HttpReply preflight = Ask("OPTIONS", origin + kAsksFor);
    EXPECT_EQ(preflight.status, 403) << origin;
    EXPECT_EQ(preflight.Header("access-control-allow-origin"), "");
    const HttpReply reply = Get(origin);
    EXPECT_EQ(reply.status, 200) << origin;
    EXPECT_EQ(reply.Header("access-control-allow-origin"), "");
    EXPECT_EQ(reply.Header("vary"), "Origin");
  }
  EXPECT_EQ(Ask("OPTIONS", kShop + kShop + kAsksFor).status, 405);
}

TEST_F(CorsTest, EveryAnswerCanBeRead) {
  const std::string tag = Get("").Header("etag");
  const struct {
    int status;
    HttpReply reply;
  } rows[] = {
      {200, Get(kShop)},
      {200, Ask("HEAD", kShop)},
      {304, Get(kShop + "If-None-Match: " + tag + "\r\n")},
      {400, Get(kShop, kTarget + "?page=1")},
      {400, Ask("GET", kShop + "Host: other\r\n")},
      {404, Get(kShop, "/nope")},
      {404, Get(kShop, "/api/v1/events/nobody/analytics")},
      {405, Ask("POST", kShop)},
      {406, Get(kShop + "Accept: text/html\r\n")},
  };
  for (const auto& row : rows) {
    EXPECT_EQ(row.reply.status, row.status);
    EXPECT_EQ(row.reply.Header("access-control-allow-origin"), "https://shop.example")
        << row.status;
    EXPECT_EQ(row.reply.Header("vary"), "Origin") << row.status;
    for (const char* name : {"Tally-Position", "Tally-Catching-Up", "ETag", "Retry-After"}) {
      EXPECT_THAT(row.reply.Header("access-control-expose-headers"), HasSubstr(name));
    }
  }
}

TEST_F(CorsTest, AnyOriginIsOneAnswerForAll) {
  Serve({"*"});
  const HttpReply reply = Get(kStranger);
  EXPECT_EQ(reply.Header("access-control-allow-origin"), "*");
  EXPECT_EQ(reply.Header("vary"), "");
  EXPECT_EQ(Ask("OPTIONS", kStranger + kAsksFor).status, 204);
  EXPECT_EQ(Get("").Header("access-control-allow-origin"), "");
}

TEST_F(CorsTest, WithoutAListItIsNotSpoken) {
  Serve({});
  EXPECT_EQ(Ask("OPTIONS", kShop + kAsksFor).status, 405);
  const HttpReply reply = Get(kShop);
  EXPECT_EQ(reply.Header("access-control-allow-origin"), "");
  EXPECT_EQ(reply.Header("vary"), "");
}

}  // namespace
}  // namespace tally::query::http
