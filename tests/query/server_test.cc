// HTTP itself, by raw bytes.
#include "query/http/server.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

#include <condition_variable>
#include <future>
#include <mutex>
#include <thread>

#include "query/http/api.h"
#include "tests/fakes/sample_reader.h"
#include "tests/query/http_client.h"

namespace tally::query::http {
namespace {

using ::tally::testing::FakeReader;
using ::tally::testing::FeedSamples;
using ::tally::testing::HttpClient;
using ::tally::testing::HttpReply;
using ::testing::HasSubstr;
using ::testing::Not;

const std::string kTarget = "/api/v1/events/evt-1/analytics";
const std::string kLine = "GET " + kTarget + " HTTP/1.1\r\n";
const std::string kGood = kLine + "Host: tally\r\n\r\n";

class ServerTest : public ::testing::Test {
 protected:
  ServerTest() {
    FeedSamples(reader_);
    Serve({});
  }

  void Serve(ServerOptions options) {
    server_.reset();
    server_ = Server::Start(std::move(options), ApiRoutes(service_), &metrics_).value();
  }
  HttpClient Connect() { return HttpClient(server_->port()); }
  std::string Metrics() { return prometheus::TextSerializer().Serialize(registry_.Collect()); }

  void AwaitMetric(const std::string& line) {
    const absl::Time deadline = absl::Now() + absl::Seconds(HttpClient::kWaitSeconds);
    while (Metrics().find(line) == std::string::npos && absl::Now() < deadline) {
      std::this_thread::yield();
    }
    EXPECT_THAT(Metrics(), HasSubstr(line));
  }

  FakeReader reader_;
  Service service_{reader_, absl::Now, "1.0"};
  prometheus::Registry registry_;
  http::Metrics metrics_{registry_};
  std::unique_ptr<Server> server_;
};

TEST_F(ServerTest, RefusesWithOneAnswerAndCloses) {
  const std::string get = kLine + "Host: tally\r\n";
  const struct {
    std::string bytes;
    int status;
  } rows[] = {
      // No, several or malformed Host.
      {kLine + "\r\n", 400},
      {get + "Host: tally\r\n\r\n", 400},
      {get + "host: other\r\n\r\n", 400},
      {kLine + "Host: a b\r\n\r\n", 400},
      {kLine + "Host: a/b\r\n\r\n", 400},
      {"GET / HTTP/1.0\r\nHost: a\r\nHost: b\r\n\r\n", 400},
      // Framing that two servers may read in two ways.
      {get + "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", 400},
      {get + "Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n", 400},
      {get + "Transfer-Encoding: identity\r\n\r\n", 400},
      {get + "Transfer-Encoding: xchunked\r\n\r\n", 400},
      {get + "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400},
      {get + "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n", 400},
      {get + "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400},
      {get + "Content-Length: 1\r\nContent-Length: 2\r\n\r\nab", 400},
      {get + "Content-Length: 2\r\nContent-Length: 2\r\n\r\nab", 400},
      {get + "Content-Length: 2, 2\r\n\r\nab", 400},
      {get + "Content-Length: +2\r\n\r\nab", 400},
      {get + "Content-Length: 0x2\r\n\r\nab", 400},
      {get + "Content-Length:\r\n\r\n", 400},
      {get + "Content-Length: -1\r\n\r\n", 400},
      {get + "Content-Length: 1x\r\n\r\n", 400},
      {get + "Content-Length: 99999999999999999999\r\n\r\n", 400},
      {"GET / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400},
      {get + "Transfer-Encoding: chunked\r\n\r\nzz\r\n", 400},
      {get + "Transfer-Encoding: chunked\r\n\r\n5\nhello\r\n0\r\n\r\n", 400},
      {get + "Transfer-Encoding: chunked\r\n\r\n5\r\nhelloX\r\n0\r\n\r\n", 400},
      {get + "Transfer-Encoding: chunked\r\n\r\n0x5\r\nhello\r\n0\r\n\r\n", 400},
      {get + "Transfer-Encoding: chunked\r\n\r\n-1\r\n\r\n", 400},
      {get + "Transfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\n\r\n", 400},
      {get + "Transfer-Encoding:\r\n\r\n", 400},
      // Not HTTP/1.
      {"GET\r\n\r\n", 400},
      {"GET  / HTTP/1.1\r\nHost: tally\r\n\r\n", 400},
      {"GET /\x01 HTTP/1.1\r\nHost: tally\r\n\r\n", 400},
      {"GET / \r\nHost: tally\r\n\r\n", 505},
      {"GET / HTTP/2.0\r\nHost: tally\r\n\r\n", 505},
      {"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505},
      {"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03 TLS hello \r\n\r\n", 400},
      {get + "X: a\r\n folded: b\r\n\r\n", 400},
      {get + "X: a\r\n\tfolded: b\r\n\r\n", 400},
      {kLine + " Host: tally\r\n\r\n", 400},
      {get + "Y : c\r\n\r\n", 400},
      {get + "Content-Length : 5\r\n\r\nhello", 400},
      {get + "X: a\nY: b\r\n\r\n", 400},
      {get + "X: a\rY: b\r\n\r\n", 400},
      {get + "X: a\r\r\n\r\n", 400},
      {get + std::string("X: a\0b\r\n\r\n", 10), 400},
      {get + "X: a\x7f\r\n\r\n", 400},
      {"GET\t/ HTTP/1.1\r\nHost: tally\r\n\r\n", 400},
      {"GET /\tHTTP/1.1\r\nHost: tally\r\n\r\n", 400},
      {"\r\nGET / HTTP/1.1\r\nHost: tally\r\n\r\n", 400},
      {get + "X\r\n\r\n", 400},
      {get + ": x\r\n\r\n", 400},
      {get + "X: a\x01\r\n\r\n", 400},
      // Too much.
      {"GET /" + std::string(20'000, 'a') + " HTTP/1.1\r\nHost: tally\r\n\r\n", 414},
      {get + "X: " + std::string(20'000, 'a') + "\r\n\r\n", 431},
      {get + "Content-Length: 1000000\r\n\r\n" + std::string(1'000'000, 'a'), 413},
      {get + "Transfer-Encoding: chunked\r\n\r\n4000\r\n" + std::string(0x4000, 'a') +
           "\r\n0\r\n\r\n",
       413},
  };
  for (const auto& row : rows) {
    const std::string shown = row.bytes.substr(0, 120);
    HttpClient client = Connect();
    client.Send(row.bytes + kGood);
    const HttpReply reply = client.Read();
    EXPECT_EQ(reply.status, row.status) << shown;
    EXPECT_NE(reply.Header("connection"), "keep-alive") << shown;
    EXPECT_EQ(reply.Header("content-type"), "application/problem+json") << shown;
    EXPECT_TRUE(client.AwaitClose()) << shown;
  }
  EXPECT_EQ(reader_.reads(), 0u);
}

TEST_F(ServerTest, RefusesTargetsAndKeepsTheConnection) {
  HttpClient client = Connect();
  const struct {
    std::string target;
    int status;
  } rows[] = {
      {"*", 400},
      {"evt-1", 400},
      {kTarget + "#top", 400},
      {kTarget + "?" + std::string(9'000, 'a'), 414},
      {"http://tally" + kTarget, 200},
      {"/..", 404},
  };
  for (const auto& row : rows) EXPECT_EQ(client.Get(row.target).status, row.status) << row.target;
}

TEST_F(ServerTest, MethodsOtherThanGet) {
  HttpClient client = Connect();
  for (const char* method : {"POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "BREW"}) {
    client.Send(std::string(method) + " " + kTarget + " HTTP/1.1\r\nHost: tally\r\n\r\n");
    const HttpReply reply = client.Read();
    EXPECT_EQ(reply.status, 405) << method;
    EXPECT_EQ(reply.Header("allow"), "GET, HEAD");
    EXPECT_EQ(reply.Header("content-type"), "application/problem+json");
    client.Send(std::string(method) + " /nope HTTP/1.1\r\nHost: tally\r\n\r\n");
    EXPECT_EQ(client.Read().status, 404) << method;
  }
}

TEST_F(ServerTest, HeadIsGetWithoutBody) {
  HttpClient client = Connect();
  const HttpReply get = client.Get(kTarget);
  client.Send("HEAD " + kTarget + " HTTP/1.1\r\nHost: tally\r\n\r\n");
  const HttpReply head = client.Read(/*bodiless=*/true);
  EXPECT_EQ(head.status, 200);
  EXPECT_EQ(head.Header("etag"), get.Header("etag"));
  EXPECT_EQ(head.Header("content-type"), "application/json");
  EXPECT_EQ(head.Header("content-length"), std::to_string(get.body.size()));
  client.Send("HEAD /nope HTTP/1.1\r\nHost: tally\r\n\r\n");
  EXPECT_EQ(client.Read(/*bodiless=*/true).status, 404);
  EXPECT_EQ(client.Get(kTarget).status, 200);
}

TEST_F(ServerTest, SmallBodiesAreReadAndIgnored) {
  HttpClient client = Connect();
  client.Send(kLine + "Host: tally\r\nContent-Length: 5\r\n\r\nhello" + kGood);
  EXPECT_EQ(client.Read().status, 200);
  EXPECT_EQ(client.Read().status, 200);
  client.Send(kLine + "Host: tally\r\nTransfer-Encoding: Chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n" +
              kGood);
  EXPECT_EQ(client.Read().status, 200);
  EXPECT_EQ(client.Read().status, 200);
  client.Send("POST " + kTarget + " HTTP/1.1\r\nHost: tally\r\nContent-Length: 2\r\n\r\n{}");
  EXPECT_EQ(client.Read().status, 405);
  EXPECT_EQ(client.Get(kTarget).status, 200);
}

TEST_F(ServerTest, ABodyThatWaitsToBeAskedForIsNotAskedFor) {
  HttpClient client = Connect();
  client.Send(kLine + "Host: tally\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n");
  const HttpReply reply = client.Read();
  EXPECT_EQ(reply.status, 200);
  EXPECT_EQ(reply.Header("connection"), "close");
  EXPECT_TRUE(client.AwaitClose());
}

TEST_F(ServerTest, PipelinedRequestsAreAnsweredInOrder) {
  HttpClient client = Connect();
  std::string bytes;
  for (int i = 0; i < 50; ++i) {
    bytes += "GET /" + std::to_string(i) + " HTTP/1.1\r\nHost: tally\r\n\r\n" + kGood;
  }
  client.Send(bytes);
  for (int i = 0; i < 50; ++i) {
    EXPECT_THAT(client.Read().body, HasSubstr("nothing at /" + std::to_string(i) + "\""));
    EXPECT_EQ(client.Read().status, 200);
  }
}

TEST_F(ServerTest, ARequestMayComeInPieces) {
  HttpClient client = Connect();
  for (const char c : kGood + kGood) client.Send(std::string(1, c));
  EXPECT_EQ(client.Read().status, 200);
  EXPECT_EQ(client.Read().status, 200);
}

TEST_F(ServerTest, KeepsAndClosesAsAsked) {
  HttpClient one = Connect();
  one.Send(kLine + "Host: tally\r\nConnection: close\r\n\r\n");
  EXPECT_EQ(one.Read().Header("connection"), "close");
  EXPECT_TRUE(one.AwaitClose());
  HttpClient old = Connect();
  old.Send("GET " + kTarget + " HTTP/1.0\r\n\r\n");
  EXPECT_EQ(old.Read().status, 200);
  EXPECT_TRUE(old.AwaitClose());
  HttpClient kept = Connect();
  kept.Send("GET " + kTarget + " HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
  EXPECT_EQ(kept.Read().status, 200);
  kept.Send("GET " + kTarget + " HTTP/1.0\r\n\r\n");
  EXPECT_EQ(kept.Read().status, 200);
}

TEST_F(ServerTest, SlowAndSilentClientsAreClosed) {
  ServerOptions options;
  options.idle_timeout = absl::Milliseconds(50);
  options.read_timeout = absl::Milliseconds(50);
  Serve(options);
  HttpClient silent = Connect();
  EXPECT_TRUE(silent.AwaitClose());
  for (const std::string& unfinished :
       {std::string("GET / HT"),
        kLine + "Host: tally\r\nX: ", kLine + "Host: tally\r\nContent-Length: 5\r\n\r\nhel",
        kLine + "Host: tally\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel"}) {
    HttpClient slow = Connect();
    slow.Send(unfinished);
    EXPECT_EQ(slow.Read().status, 408) << unfinished;
    EXPECT_TRUE(slow.AwaitClose()) << unfinished;
  }
}

TEST_F(ServerTest, OneTooManyTakesThePlaceOfWhoWaitsLongest) {
  ServerOptions options;
  options.connections_max = 2;
  options.newcomer_grace = absl::ZeroDuration();
  Serve(options);
  HttpClient served = Connect();
  EXPECT_EQ(served.Get(kTarget).status, 200);
  HttpClient silent = Connect();
  HttpClient third = Connect();
  EXPECT_EQ(third.Get(kTarget).status, 200);
  EXPECT_TRUE(silent.AwaitClose());
  EXPECT_EQ(served.Get(kTarget).status, 200);
  EXPECT_THAT(Metrics(), HasSubstr("tally_http_connections_evicted_total 1"));
}

TEST_F(ServerTest, NobodyIsTurnedAwayWhileBeingWorkedFor) {
  ServerOptions options;
  options.connections_max = 2;
  Serve(options);
  reader_.Cork();
  HttpClient one = Connect();
  HttpClient two = Connect();
  one.Send(kGood);
  two.Send(kGood);
  reader_.AwaitCorkedReads(2);
  HttpClient three = Connect();
  const HttpReply reply = three.Read();
  EXPECT_EQ(reply.status, 503);
  EXPECT_NE(reply.Header("retry-after"), "");
  EXPECT_THAT(reply.body, HasSubstr(R"("code":"overloaded")"));
  EXPECT_TRUE(three.AwaitClose());
  reader_.Uncork();
  EXPECT_EQ(one.Read().status, 200);
  EXPECT_EQ(two.Read().status, 200);
  EXPECT_THAT(Metrics(), HasSubstr("tally_http_connections_refused_total 1"));
}

TEST_F(ServerTest, AConnectionHasALastRequest) {
  ServerOptions options;
  options.requests_max = 3;
  Serve(options);
  HttpClient client = Connect();
  client.Send(kGood + kGood + kGood + kGood);
  EXPECT_EQ(client.Read().Header("connection"), "");
  EXPECT_EQ(client.Read().Header("connection"), "");
  EXPECT_EQ(client.Read().Header("connection"), "close");
  EXPECT_TRUE(client.AwaitClose());
  options = {};
  options.lifetime_max = absl::ZeroDuration();
  Serve(options);
  HttpClient old = Connect();
  EXPECT_EQ(old.Get(kTarget).Header("connection"), "close");
  EXPECT_TRUE(old.AwaitClose());
}

std::vector<Route> BigRoute(size_t bytes) {
  return {{"/big", "",
           [bytes](Request) -> boost::asio::awaitable<Response> {
             Response response;
             response.body.assign(bytes, 'x');
             co_return response;
           },
           Access::kAnybody}};
}

// Of two that do not take their answers, the first has to go when there is no room for both.
TEST_F(ServerTest, AnswersThatNobodyTakesAreGivenUp) {
  ServerOptions options;
  options.backlog_bytes_max = 48 << 20;
  server_.reset();
  server_ = Server::Start(options, BigRoute(32 << 20), &metrics_).value();
  const std::string ask = "GET /big HTTP/1.1\r\nHost: tally\r\n\r\n";
  HttpClient first = Connect();
  first.Send(ask);
  first.AwaitSome();
  HttpClient second = Connect();
  second.Send(ask);
  EXPECT_EQ(second.Read().body.size(), size_t{32} << 20);
  EXPECT_LT(first.Read().body.size(), size_t{32} << 20);
  AwaitMetric("tally_http_connections_evicted_total 1");
}

TEST_F(ServerTest, WhoDoesNotTakeItsAnswerInTimeIsClosed) {
  ServerOptions options;
  options.write_timeout = absl::Milliseconds(50);
  server_.reset();
  server_ = Server::Start(options, BigRoute(32 << 20), &metrics_).value();
  HttpClient client = Connect();
  client.Send("GET /big HTTP/1.1\r\nHost: tally\r\n\r\n");
  client.AwaitSome();
  AwaitMetric("tally_http_connections 0");
  EXPECT_LT(client.Read().body.size(), size_t{32} << 20);
}

TEST_F(ServerTest, TrailersAreNoHeaders) {
  HttpClient client = Connect();
  client.Send(kLine + "Host: tally\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n" +
              "Tally-Min-Position: nonsense\r\nHost: other\r\n\r\n" + kGood);
  EXPECT_EQ(client.Read().status, 200);
  EXPECT_EQ(client.Read().status, 200);
}

TEST_F(ServerTest, DrainFinishesWhatIsInFlight) {
  HttpClient idle = Connect();
  EXPECT_EQ(idle.Get(kTarget).status, 200);
  reader_.Cork();
  HttpClient busy = Connect();
  busy.Send(kGood + kGood);
  reader_.AwaitCorkedReads(1);
  auto drained =
      std::async(std::launch::async, [this] { return server_->Drain(absl::Seconds(60)); });
  EXPECT_TRUE(idle.AwaitClose());
  reader_.Uncork();
  const HttpReply reply = busy.Read();
  EXPECT_EQ(reply.status, 200);
  EXPECT_EQ(reply.Header("connection"), "close");
  EXPECT_TRUE(busy.AwaitClose());
  EXPECT_TRUE(drained.get());
}

TEST_F(ServerTest, BeforeItDrainsEveryAnswerIsTheLast) {
  HttpClient open = Connect();
  EXPECT_EQ(open.Get(kTarget).Header("connection"), "");
  server_->BeginDrain();
  EXPECT_EQ(open.Get(kTarget).Header("connection"), "close");
  EXPECT_TRUE(open.AwaitClose());
  EXPECT_EQ(Connect().Get(kTarget).Header("connection"), "close");
}

TEST_F(ServerTest, DrainDoesNotWaitForRequestsThatDoNotArrive) {
  HttpClient slow = Connect();
  slow.Send("GET / HT");
  HttpClient other = Connect();
  EXPECT_EQ(other.Get(kTarget).status, 200);
  EXPECT_TRUE(server_->Drain(absl::Seconds(60)));
  EXPECT_EQ(slow.Read().status, 408);
}

TEST_F(ServerTest, DrainCutsOffWhatTakesTooLong) {
  reader_.Cork();
  HttpClient busy = Connect();
  busy.Send(kGood);
  reader_.AwaitCorkedReads(1);
  EXPECT_FALSE(server_->Drain(absl::Milliseconds(10)));
  EXPECT_TRUE(busy.AwaitClose());
  reader_.Uncork();
  server_.reset();
}

TEST_F(ServerTest, AnswersInParallel) {
  ServerOptions options;
  options.threads = 2;
  Serve(options);
  reader_.Cork();
  std::vector<std::unique_ptr<HttpClient>> clients;
  for (int i = 0; i < 20; ++i) {
    clients.push_back(std::make_unique<HttpClient>(server_->port()));
    clients.back()->Send(kGood);
  }
  reader_.AwaitCorkedReads(20);
  EXPECT_THAT(Metrics(), HasSubstr("tally_http_requests_in_flight 20"));
  reader_.Uncork();
  for (const auto& client : clients) EXPECT_EQ(client->Read().status, 200);
}

TEST_F(ServerTest, CountsByTemplateNeverById) {
  HttpClient client = Connect();
  client.Get(kTarget);
  client.Get("/api/v1/events/secret-id/analytics");
  client.Get("/secret-path");
  const std::string text = Metrics();
  const std::string route = R"(route="/api/v1/events/{eventId}/analytics")";
  EXPECT_THAT(text, HasSubstr("tally_http_requests_total{code=\"200\"," + route + "} 1"));
  EXPECT_THAT(text, HasSubstr("tally_http_requests_total{code=\"404\"," + route + "} 1"));
  EXPECT_THAT(text, HasSubstr(R"(tally_http_requests_total{code="404",route="unmatched"} 1)"));
  EXPECT_THAT(text, HasSubstr("tally_http_request_duration_seconds_count{" + route + "} 2"));
  EXPECT_THAT(text, HasSubstr("tally_http_connections 1"));
  EXPECT_THAT(text, Not(HasSubstr("secret")));
}

TEST_F(ServerTest, SaysWhyItCannotListen) {
  ServerOptions taken;
  taken.port = server_->port();
  const auto again = Server::Start(taken, {}, nullptr);
  EXPECT_EQ(again.status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(again.status().message()),
              HasSubstr("127.0.0.1:" + std::to_string(taken.port)));
  EXPECT_THAT(std::string(again.status().message()), HasSubstr("choose another port"));
  for (const char* bad : {"", "localhost", "127.0.0", "256.0.0.1", "[::1]"}) {
    ServerOptions options;
    options.address = bad;
    EXPECT_EQ(Server::Start(options, {}, nullptr).status().code(),
              absl::StatusCode::kInvalidArgument)
        << bad;
  }
  ServerOptions foreign;
  foreign.address = "192.0.2.1";
  EXPECT_THAT(std::string(Server::Start(foreign, {}, nullptr).status().message()),
              HasSubstr("an address of this machine"));
}

TEST_F(ServerTest, AHandlerThatThrowsIsA500) {
  std::vector<Route> routes = {{"/boom", "", [](Request) -> boost::asio::awaitable<Response> {
                                  throw std::runtime_error("boom");
                                  co_return Response{};
                                }}};
  server_ = Server::Start({}, std::move(routes), nullptr).value();
  HttpClient client = Connect();
  const HttpReply reply = client.Get("/boom");
  EXPECT_EQ(reply.status, 500);
  EXPECT_EQ(client.Get("/boom").status, 500);
}

}  // namespace
}  // namespace tally::query::http
