// Answers that are ready are what the usual way would have given, byte by byte.
#include "query/http/ready.h"

#include <gmock/gmock.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

#include <algorithm>
#include <atomic>
#include <mutex>
#include <random>
#include <set>

#include "tests/query/api_fixture.h"

namespace tally::query::http {
namespace {

using ::tally::testing::FakeFreshness;
using ::tally::testing::HttpClient;
using ::tally::testing::HttpReply;
using ::testing::HasSubstr;
using ::testing::Not;

const std::string kGood = "GET " + kEvent + " HTTP/1.1\r\nHost: tally\r\n\r\n";

// Whoever has asked once is known.
class Tokens : public Authenticator {
 public:
  std::optional<Viewer> Recall(std::string_view value) const override {
    const std::lock_guard lock(mutex_);
    if (known_.count(std::string(value)) == 0) return std::nullopt;
    return *ViewerOf(value);
  }
  void CountRecalled() const override { ++recalled_; }
  absl::StatusOr<Viewer> Authenticate(absl::Span<const std::string_view> values) const override {
    ++asked_;
    if (values.size() != 1) return Unauthenticated("", "no token");
    auto viewer = ViewerOf(values[0]);
    const std::lock_guard lock(mutex_);
    if (viewer.ok()) known_.emplace(values[0]);
    return viewer;
  }
  int asked() const { return asked_; }
  int recalled() const { return recalled_; }

 private:
  static absl::StatusOr<Viewer> ViewerOf(std::string_view value) {
    if (value == "Bearer operator") return Viewer();
    if (value == "Bearer user-1") return Viewer::User("user-1");
    if (value == "Bearer user-2") return Viewer::User("user-2");
    return Unauthenticated("invalid_token", "another token");
  }

  mutable std::atomic<int> asked_ = 0;
  mutable std::atomic<int> recalled_ = 0;
  mutable std::mutex mutex_;
  mutable std::set<std::string> known_;  // guarded by mutex_
};

class ReadyTest : public ApiTest {
 protected:
  ReadyTest() {
    reader_.freshness = freshness_;
    ShardPosition position;
    position.partition = reader_.PartitionFor("evt-1");
    freshness_->Set(Standing{{position}, false});
    ready_ = MakeReadyAnswers(*service_, cache_, &metrics_);
  }
  ~ReadyTest() override {
    usual_.reset();
    server_.reset();
  }

  // Two servers: one has the short way, the other has not.
  void ServeBoth(ServerOptions options) {
    options.clock = [this] { return now_; };
    usual_ = Server::Start(options, ApiRoutes(*service_, &cache_), nullptr).value();
    options.ready = ready_.get();
    server_ = Server::Start(options, ApiRoutes(*service_, &cache_, &metrics_), &metrics_).value();
  }
  std::string MetricsText() { return prometheus::TextSerializer().Serialize(registry_.Collect()); }

  const std::shared_ptr<FakeFreshness> freshness_ = std::make_shared<FakeFreshness>();
  Tokens tokens_;
  AnswerCache cache_{size_t{16} << 20};
  prometheus::Registry registry_;
  Metrics metrics_{registry_};
  std::unique_ptr<ReadyAnswers> ready_;
  std::unique_ptr<Server> usual_;
};

// What a client gets for these bytes on a connection of its own, and whether it stays open: asked
// by a good request after it.
std::string Reply(const Server& server, const std::string& bytes) {
  HttpClient client(server.port());
  client.Send(bytes);
  client.Send(kGood);
  std::string text;
  for (int i = 0; i < 2; ++i) {
    const HttpReply reply = client.Read();
    text += std::to_string(reply.status) + "\n";
    for (const auto& [name, value] : reply.headers) text += name + ": " + value + "\n";
    text += reply.body + "\n";
    if (reply.status == 0) break;
  }
  return text;
}

// Changes that leave requests complete, so that nothing waits for more.
std::string Mutated(std::string request, std::mt19937& random) {
  static const std::vector<std::string> kLines = {
      "Accept: */*",
      "Accept: text/html",
      "Accept: application/json;q=0",
      "If-None-Match: *",
      "If-None-Match: W/*",
      "Connection: close",
      "Connection: x",
      "Connection: upgrade",
      "Content-Length: 0",
      "Host: other",
      "X-Any: \xc3\xa4",
      "Tally-Min-Position: ,",
      "Origin: https://shop.example",
      "Origin: https://else.example",
      "Authorization: Bearer operator",
      "Authorization: Bearer user-1",
      "Authorization: Bearer user-2",
      "Authorization: Bearer x",
      "traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
      "traceparent: x",
      "Upgrade: h2c",
      "Transfer-Encoding: chunked, x"};
  const auto pick = [&](size_t size) {
    return std::uniform_int_distribution<size_t>(0, size - 1)(random);
  };
  const size_t changes = 1 + pick(3);
  for (size_t i = 0; i < changes; ++i) {
    const size_t end = request.find("\r\n");
    if (pick(4) > 0) {
      request.insert(end + 2, kLines[pick(kLines.size())] + "\r\n");
    } else {
      // Anywhere but in the line ends, which must stay what they are.
      const size_t at = pick(request.size() - 4);
      static const std::string kBytes = " \t:/?%aA0\x01\x7f\"";
      if (request[at] != '\r' && request[at] != '\n') request[at] = kBytes[pick(kBytes.size())];
    }
  }
  return request;
}

TEST_F(ReadyTest, AnswersAsTheUsualWay) {
  std::mt19937 random(20261123);
  for (const bool guarded : {false, true}) {
    ServerOptions options;
    options.cors_origins = {"https://shop.example"};
    if (guarded) options.authenticator = &tokens_;
    ServeBoth(options);
    const std::vector<std::string> targets = {kEvent,
                                              kEvent + "/channels?sortBy=participants",
                                              kUser,
                                              kUser + "?page=0&size=5",
                                              "/api/v1/events/evt-2/analytics",
                                              "/api/v1/events/nobody/analytics"};
    for (const std::string& target : targets) {
      for (const char* token : {"operator", "user-1", "user-2"}) {
        const std::string who =
            guarded ? "Authorization: Bearer " + std::string(token) + "\r\n" : "";
        ::tally::testing::Get(usual_->port(), target, who);
        for (int i = 0; i < 40; ++i) {
          const std::string request =
              Mutated("GET " + target + " HTTP/1.1\r\nHost: tally\r\n" + who + "\r\n", random);
          ASSERT_EQ(Reply(*server_, request), Reply(*usual_, request)) << request;
        }
      }
    }
  }
  EXPECT_THAT(MetricsText(), Not(HasSubstr("tally_http_answers_reused_total 0\n")));
}

TEST_F(ReadyTest, CountsAndSaysTheSame) {
  ServeBoth({});
  HttpClient client(server_->port());
  for (int i = 0; i < 3; ++i) EXPECT_EQ(client.Get(kEvent).status, 200);
  const std::string tag = client.Get(kEvent).Header("etag");
  EXPECT_EQ(client.Get(kEvent, "If-None-Match: " + tag + "\r\n").status, 304);
  const std::string text = MetricsText();
  const std::string route = R"(route="/api/v1/events/{eventId}/analytics")";
  EXPECT_THAT(text, HasSubstr("tally_http_requests_total{code=\"200\"," + route + "} 4"));
  EXPECT_THAT(text, HasSubstr("tally_http_requests_total{code=\"304\"," + route + "} 1"));
  EXPECT_THAT(text, HasSubstr("tally_http_request_duration_seconds_count{" + route + "} 5"));
  EXPECT_THAT(text, HasSubstr("tally_http_answers_reused_total 4"));
  EXPECT_THAT(text, HasSubstr("tally_http_requests_in_flight 0"));
}

// One that is too big for the short way is counted once all the same.
TEST_F(ReadyTest, BigOnesGoTheUsualWay) {
  const std::string big = kEvent + "/timeline?startDate=2026-01-01&endDate=2026-12-31";
  ServeBoth({});
  HttpClient client(server_->port());
  const HttpReply first = client.Get(big);
  ASSERT_EQ(first.status, 200);
  ASSERT_GT(first.body.size(), kReadyBodyBytesMax);
  EXPECT_EQ(client.Get(big).body, first.body);
  EXPECT_EQ(client.Get(big, "If-None-Match: " + first.Header("etag") + "\r\n").status, 304);
  EXPECT_THAT(MetricsText(), HasSubstr("tally_http_answers_reused_total 2"));
}

// Ready ones and others, in the order asked, however the bytes arrive.
TEST_F(ReadyTest, KeepsTheOrder) {
  ServeBoth({});
  ::tally::testing::Get(server_->port(), kEvent);
  const std::string other = "GET /api/v1/events/nobody/analytics HTTP/1.1\r\nHost: tally\r\n\r\n";
  const std::string all = kGood + kGood + other + kGood + other + other + kGood;
  for (const size_t step : {size_t{1}, size_t{7}, kGood.size() + 3, all.size()}) {
    HttpClient client(server_->port());
    for (size_t at = 0; at < all.size(); at += step) client.Send(all.substr(at, step));
    for (const int status : {200, 200, 404, 200, 404, 404, 200}) {
      EXPECT_EQ(client.Read().status, status) << step;
    }
  }
}

// More answers than sockets hold, before the client reads the first.
TEST_F(ReadyTest, WaitsForClientsThatDoNotRead) {
  ServeBoth({});
  ::tally::testing::Get(server_->port(), kEvent);
  const size_t body = ::tally::testing::Get(server_->port(), kEvent).body.size();
  constexpr int kRequests = 3000;
  HttpClient client(server_->port());
  std::string requests;
  for (int i = 0; i < kRequests; ++i) requests += kGood;
  client.Send(requests);
  for (int i = 0; i < kRequests; ++i) {
    const HttpReply reply = client.Read();
    ASSERT_EQ(reply.status, 200) << i;
    ASSERT_EQ(reply.body.size(), body) << i;
  }
}

TEST_F(ReadyTest, AConnectionEndsAfterItsLastRequest) {
  ServerOptions options;
  options.requests_max = 3;
  ServeBoth(options);
  HttpClient client(server_->port());
  EXPECT_EQ(client.Get(kEvent).Header("connection"), "");
  EXPECT_EQ(client.Get(kEvent).Header("connection"), "");
  EXPECT_EQ(client.Get(kEvent).Header("connection"), "close");
  EXPECT_TRUE(client.AwaitClose());
}

TEST_F(ReadyTest, TheLastAnswersOfADrainSaySo) {
  ServeBoth({});
  HttpClient client(server_->port());
  EXPECT_EQ(client.Get(kEvent).status, 200);
  EXPECT_EQ(client.Get(kEvent).status, 200);
  server_->BeginDrain();
  EXPECT_EQ(client.Get(kEvent).Header("connection"), "close");
  EXPECT_TRUE(client.AwaitClose());
}

TEST_F(ReadyTest, NobodySeesWhatAnotherMay) {
  ServerOptions options;
  options.authenticator = &tokens_;
  ServeBoth(options);
  HttpClient client(server_->port());
  const auto get = [&](const std::string& who) {
    return client.Get(kUser, who.empty() ? "" : "Authorization: Bearer " + who + "\r\n").status;
  };
  EXPECT_EQ(get("user-1"), 200);
  EXPECT_EQ(get("user-1"), 200);
  EXPECT_EQ(get("user-2"), 404);
  EXPECT_EQ(get(""), 401);
  EXPECT_EQ(get("x"), 401);
  EXPECT_EQ(get("operator"), 200);
  // Every request is one that was asked about or recalled, however often its bytes were looked at.
  EXPECT_EQ(tokens_.recalled(), 1);
  EXPECT_EQ(tokens_.asked(), 5);
}

}  // namespace
}  // namespace tally::query::http
