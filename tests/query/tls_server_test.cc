// The HTTP server over TLS.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/ssl.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>
#include <sys/socket.h>
#include <unistd.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>

#include "query/http/api.h"
#include "query/http/server.h"
#include "query/http/stream.h"
#include "query/tls/credentials.h"
#include "query/tls/server_context.h"
#include "tests/fakes/sample_reader.h"
#include "tests/query/http_client.h"
#include "tests/query/tls/certificates.h"

namespace tally::query::http {
namespace {

using ::tally::testing::Authority;
using ::tally::testing::FakeReader;
using ::tally::testing::FeedSamples;
using ::tally::testing::HttpClient;
using ::tally::testing::HttpReply;
using ::tally::testing::Identity;
using ::tally::testing::ScratchFolder;
using ::tally::testing::TlsClient;
using ::testing::HasSubstr;
using ::testing::Not;

const std::string kTarget = "/api/v1/events/evt-1/analytics";
const std::string kGood = "GET " + kTarget + " HTTP/1.1\r\nHost: tally\r\n\r\n";

class TlsServerTest : public ::testing::Test {
 protected:
  TlsServerTest() {
    FeedSamples(reader_);
    Place(authority_.Make({.name = "first"}));
  }

  void Place(const Identity& identity) {
    folder_.Write("cert.pem", identity.certificate_pem);
    folder_.Write("key.pem", identity.key_pem);
  }
  void Serve(const std::string& client_ca = "", ServerOptions options = {}) {
    credentials_ = tls::CredentialStore::Open(
                       {folder_.Path("cert.pem"), folder_.Path("key.pem"), client_ca}, registry_)
                       .value();
    options.credentials = credentials_.get();
    server_ = Server::Start(std::move(options), ApiRoutes(service_), &metrics_).value();
  }
  // One that trusts the authority.
  HttpClient Connect(TlsClient tls = {}) {
    tls.authority_pem = authority_.certificate_pem();
    return HttpClient(server_->port(), tls);
  }
  std::string Metrics() { return prometheus::TextSerializer().Serialize(registry_.Collect()); }

  ScratchFolder folder_;
  Authority authority_{"authority"};
  FakeReader reader_;
  Service service_{reader_, absl::Now, "1.0"};
  prometheus::Registry registry_;
  http::Metrics metrics_{registry_};
  std::unique_ptr<tls::CredentialStore> credentials_;
  std::unique_ptr<Server> server_;
};

TEST_F(TlsServerTest, AnswersAsItDoesInPlain) {
  Serve();
  HttpClient client = Connect();
  ASSERT_TRUE(client.secure());
  client.Send(kGood + kGood);
  EXPECT_EQ(client.Read().status, 200);
  EXPECT_EQ(client.Read().status, 200);
  for (const char c : kGood) client.Send(std::string(1, c));
  EXPECT_EQ(client.Read().status, 200);
  client.Send("GET / HTTP/1.1\r\nConnection: close\r\n\r\n");
  EXPECT_EQ(client.Read().status, 400);
  EXPECT_TRUE(client.AwaitClose());
}

// A closed socket's number is soon another's: whatever OpenSSL is asked for then, it leaves that
// one alone.
TEST_F(TlsServerTest, NothingIsSaidToWhoHasTheDescriptorNext) {
  const auto credentials =
      tls::ReadCredentials({folder_.Path("cert.pem"), folder_.Path("key.pem"), ""}).value();
  const auto context = tls::MakeServerContext(credentials).value();
  boost::asio::io_context loop{1};
  int ends[2];
  ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
  boost::asio::ip::tcp::socket socket(loop);
  socket.assign(boost::asio::ip::tcp::v4(), ends[0]);
  const auto stream = std::make_shared<Stream>(std::move(socket), context.get());
  stream->Close();
  int others[2];
  ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, others), 0);
  if (others[0] != ends[0]) dup2(others[0], ends[0]);
  const std::string hello = "not for you";
  ASSERT_EQ(write(others[1], hello.data(), hello.size()), static_cast<ssize_t>(hello.size()));

  Stream::ErrorCode handshake, read, written;
  char bytes[64];
  const auto try_all = [&]() -> boost::asio::awaitable<void> {
    handshake = co_await stream->Handshake();
    co_await stream->Read(boost::asio::buffer(bytes), read);
    stream->TryWrite("x", written);
    co_await stream->Linger(64);
  };
  boost::asio::co_spawn(loop, try_all(), boost::asio::detached);
  loop.run();
  EXPECT_TRUE(handshake && read && written);
  EXPECT_EQ(recv(others[1], bytes, sizeof bytes, 0), -1) << "something was written";
  EXPECT_EQ(recv(others[0], bytes, sizeof bytes, 0), static_cast<ssize_t>(hello.size()));
  for (const int end : {ends[0], ends[1], others[1]}) close(end);
  if (others[0] != ends[0]) close(others[0]);
}

// More than sockets hold, before the client reads the first.
TEST_F(TlsServerTest, ReadyAnswersPass) {
  const auto freshness = std::make_shared<::tally::testing::FakeFreshness>();
  freshness->Set(Standing{{ShardPosition{}}, false});
  reader_.freshness = freshness;
  AnswerCache cache(size_t{1} << 20);
  const auto ready = MakeReadyAnswers(service_, cache, &metrics_);
  credentials_ =
      tls::CredentialStore::Open({folder_.Path("cert.pem"), folder_.Path("key.pem"), ""}, registry_)
          .value();
  ServerOptions options;
  options.credentials = credentials_.get();
  options.ready = ready.get();
  server_ = Server::Start(options, ApiRoutes(service_, &cache), &metrics_).value();
  HttpClient client = Connect();
  const size_t body = client.Get(kTarget).body.size();
  constexpr int kRequests = 3000;
  std::string requests;
  for (int i = 0; i < kRequests; ++i) requests += kGood;
  client.Send(requests);
  for (int i = 0; i < kRequests; ++i) {
    const HttpReply reply = client.Read();
    ASSERT_EQ(reply.status, 200) << i;
    ASSERT_EQ(reply.body.size(), body) << i;
  }
  server_.reset();
  EXPECT_THAT(Metrics(), Not(HasSubstr("tally_http_answers_reused_total 0\n")));
}

TEST_F(TlsServerTest, BigAnswersAndBodiesPass) {
  credentials_ =
      tls::CredentialStore::Open({folder_.Path("cert.pem"), folder_.Path("key.pem"), ""}, registry_)
          .value();
  ServerOptions options;
  options.credentials = credentials_.get();
  std::vector<Route> routes = {{"/big", "",
                                [](Request) -> boost::asio::awaitable<Response> {
                                  Response response;
                                  for (int i = 0; i < 1'000'000; ++i) {
                                    response.body += std::to_string(i % 10);
                                  }
                                  co_return response;
                                },
                                Access::kAnybody}};
  server_ = Server::Start(options, routes, &metrics_).value();
  HttpClient client = Connect();
  for (int i = 0; i < 3; ++i) {
    client.Send("GET /big HTTP/1.1\r\nHost: tally\r\nContent-Length: 8000\r\n\r\n" +
                std::string(8000, 'b'));
    const HttpReply reply = client.Read();
    ASSERT_EQ(reply.body.size(), 1'000'000u);
    EXPECT_EQ(reply.body.substr(999'990), "0123456789");
  }
}

TEST_F(TlsServerTest, AgreesOnProtocolsAndVersions) {
  Serve();
  const struct {
    TlsClient tls;
    bool secure;
    std::string protocol;
  } rows[] = {
      {{}, true, ""},
      {{.protocols = {"h2", "http/1.1"}}, true, "http/1.1"},
      {{.protocols = {"h2"}}, false, ""},
      {{.version_max = TLS1_2_VERSION}, true, ""},
      {{.version_max = TLS1_1_VERSION}, false, ""},
      {{.version_max = TLS1_VERSION}, false, ""},
  };
  for (const auto& row : rows) {
    HttpClient client = Connect(row.tls);
    ASSERT_EQ(client.secure(), row.secure) << row.tls.version_max;
    if (!row.secure) continue;
    EXPECT_EQ(client.protocol(), row.protocol);
    EXPECT_EQ(client.Get(kTarget).status, 200);
  }
  server_.reset();
  EXPECT_THAT(Metrics(), HasSubstr("tally_http_tls_handshakes_failed_total 3"));
}

TEST_F(TlsServerTest, PlainHttpIsToldToUseTls) {
  Serve();
  HttpClient plain(server_->port());
  plain.Send(kGood);
  const HttpReply reply = plain.Read();
  EXPECT_EQ(reply.status, 400);
  EXPECT_THAT(reply.body, HasSubstr("https://"));
  EXPECT_TRUE(plain.AwaitClose());
}

TEST_F(TlsServerTest, NoiseIsClosed) {
  ServerOptions options;
  options.read_timeout = absl::Milliseconds(50);
  Serve("", options);
  for (const std::string& noise : {std::string(), std::string("\x16\x03\x01", 3),
                                   std::string("\x16\x03\x01\x40\x00", 5) + std::string(90, '\0'),
                                   std::string(1000, '\xff')}) {
    HttpClient client(server_->port());
    client.Send(noise);
    while (client.Read().status != 0) {
    }
  }
  EXPECT_EQ(reader_.reads(), 0u);
}

TEST_F(TlsServerTest, ClientsShowACertificateWhenAsked) {
  const Authority staff("staff");
  const Authority stranger("staff");  // of the same name
  Serve(folder_.Write("ca.pem", staff.certificate_pem()));
  const struct {
    const char* what;
    Identity identity;
    bool answered;
  } rows[] = {
      {"good", staff.Make({.name = "alice"}), true},
      {"none", {}, false},
      {"a stranger's", stranger.Make({.name = "alice"}), false},
      {"the server's authority's", authority_.Make({.name = "alice"}), false},
      {"expired", staff.Make({.name = "alice", .valid_until_seconds = -10}), false},
      {"not valid yet", staff.Make({.name = "alice", .valid_from_seconds = 3600}), false},
  };
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    for (const auto& row : rows) {
      HttpClient client = Connect({.certificate_pem = row.identity.certificate_pem,
                                   .key_pem = row.identity.key_pem,
                                   .version_max = version});
      client.Send(kGood);
      EXPECT_EQ(client.Read().status, row.answered ? 200 : 0) << row.what;
    }
  }
  EXPECT_EQ(reader_.reads(), 2u);
}

TEST_F(TlsServerTest, NewConnectionsSeeTheNewCertificateOldOnesGoOn) {
  Serve();
  HttpClient old = Connect();
  EXPECT_EQ(old.peer_name(), "first");
  Place(authority_.Make({.name = "second"}));
  ASSERT_TRUE(credentials_->Reload().ok());
  HttpClient fresh = Connect();
  EXPECT_EQ(fresh.peer_name(), "second");
  EXPECT_EQ(fresh.Get(kTarget).status, 200);
  EXPECT_EQ(old.Get(kTarget).status, 200);
  folder_.Write("key.pem", "nothing");
  EXPECT_FALSE(credentials_->Reload().ok());
  EXPECT_EQ(Connect().peer_name(), "second");
  EXPECT_EQ(old.Get(kTarget).status, 200);
}

TEST_F(TlsServerTest, ReloadAfterTheServerIsGoneIsHarmless) {
  Serve();
  server_.reset();
  EXPECT_TRUE(credentials_->Reload().ok());
}

TEST_F(TlsServerTest, DrainsWithAGoodbye) {
  Serve();
  HttpClient idle = Connect();
  EXPECT_EQ(idle.Get(kTarget).status, 200);
  EXPECT_TRUE(server_->Drain(absl::Seconds(60)));
  EXPECT_TRUE(idle.AwaitClose());
}

}  // namespace
}  // namespace tally::query::http
