// Input: what a client sends on one connection. A real session reads it from a pair of connected
// sockets that are no network's, and answers from the sample data.
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <functional>
#include <memory>
#include <string>

#include "query/http/api.h"
#include "query/http/documentation.h"
#include "query/http/session.h"
#include "tests/fakes/sample_reader.h"
#include "tests/fuzz/http_answers.h"
#include "tests/fuzz/target.h"

namespace tally::query::http {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using fuzz::Check;

constexpr int kRoundsMax = 100'000;  // of the event loop, for one input

absl::Time Now() { return absl::FromUnixSeconds(1'795'781'400); }

// "Bearer user-1" is user-1.
class Names final : public Authenticator {
 public:
  absl::StatusOr<Viewer> Authenticate(absl::Span<const std::string_view> values) const override {
    constexpr std::string_view kScheme = "Bearer ";
    if (values.size() != 1 || values[0].substr(0, kScheme.size()) != kScheme) {
      return Unauthenticated("invalid_token", "no token");
    }
    return Viewer::User(std::string(values[0].substr(kScheme.size())));
  }
  std::optional<Viewer> Recall(std::string_view value) const override {
    auto viewer = Authenticate(absl::MakeConstSpan(&value, 1));
    return viewer.ok() ? std::optional(*std::move(viewer)) : std::nullopt;
  }
};

struct Kind {
  bool guarded = false;  // asks who it is
  bool ready = false;    // gives what is kept without asking its routes
};

// A server without a listener.
class Site {
 public:
  explicit Site(const Kind& kind)
      : service_(
            reader_, [] { return Now(); }, "1.0"),
        ready_(MakeReadyAnswers(service_, cache_, nullptr)),
        options_(Options(kind)),
        dispatcher_(Routes(), options_.target_bytes_max, options_.authenticator),
        cors_(options_.cors_origins) {
    testing::FeedSamples(reader_);
    reader_.freshness = freshness_;
    freshness_->Set(Standing{{ShardPosition{}}, false});
  }

  // What a client that sends `parts`, one after the other, is answered.
  std::string Answer(std::initializer_list<std::string_view> parts) {
    int ends[2];
    Check(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends) == 0, "there are sockets");
    Start(ends[0]);
    std::string answer;
    for (const std::string_view part : parts) {
      Send(ends[1], part, answer);
      Poll(ends[1], answer);
    }
    shutdown(ends[1], SHUT_WR);
    for (int rounds = 0; !done_; ++rounds) {
      Check(rounds < kRoundsMax, "a session ends when its client has said all", answer);
      Poll(ends[1], answer);
    }
    Poll(ends[1], answer);
    close(ends[1]);
    return answer;
  }

 private:
  ServerOptions Options(const Kind& kind) {
    ServerOptions options;
    options.clock = Now;
    if (kind.ready) options.ready = ready_.get();
    if (!kind.guarded) return options;
    options.authenticator = &names_;
    options.cors_origins = {"https://shop.example"};
    return options;
  }
  std::vector<Route> Routes() {
    std::vector<Route> routes = ApiRoutes(service_, &cache_);
    for (Route& route : DocumentationRoutes(false)) routes.push_back(std::move(route));
    return routes;
  }

  void Start(int descriptor) {
    tcp::socket socket(loop_);
    socket.assign(tcp::v4(), descriptor);
    const SessionContext context{options_,     dispatcher_,   cors_,
                                 connections_, last_answers_, nullptr};
    context_.emplace(context);
    const auto address = asio::ip::make_address_v4(0x7f000001);
    auto session = std::make_shared<Session>(
        *context_, std::make_shared<Stream>(std::move(socket), nullptr), address);
    Check(connections_.Admit(session, address) == Connections::Admission::kAdmitted,
          "there is room for one");
    done_ = false;
    asio::co_spawn(session->executor(), session->Run(),
                   [this, session](const std::exception_ptr& error) {
                     Check(error == nullptr, "a session does not throw");
                     connections_.Remove(session.get());
                     done_ = true;
                   });
  }

  // The client's end takes what it is sent, so that nobody waits for it.
  void Poll(int descriptor, std::string& answer) {
    loop_.restart();
    loop_.poll();
    char bytes[16 << 10];
    for (ssize_t got; (got = recv(descriptor, bytes, sizeof bytes, 0)) > 0;) {
      answer.append(bytes, static_cast<size_t>(got));
    }
  }

  void Send(int descriptor, std::string_view bytes, std::string& answer) {
    while (!bytes.empty() && !done_) {
      const ssize_t sent = send(descriptor, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent > 0) bytes.remove_prefix(static_cast<size_t>(sent));
      Poll(descriptor, answer);
    }
  }

  Names names_;
  const std::shared_ptr<testing::FakeFreshness> freshness_ =
      std::make_shared<testing::FakeFreshness>();
  testing::FakeReader reader_;
  AnswerCache cache_{size_t{1} << 20};
  Service service_;
  std::unique_ptr<ReadyAnswers> ready_;
  ServerOptions options_;
  Dispatcher dispatcher_;
  CorsPolicy cors_;
  Connections connections_{{}};
  std::atomic<bool> last_answers_{false};
  std::optional<SessionContext> context_;
  asio::io_context loop_{1};
  bool done_ = true;
};

}  // namespace
}  // namespace tally::query::http

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace tally::query::http;
  static Site open({.ready = true});
  static Site guarded({.guarded = true, .ready = true});
  static Site usual({.guarded = true});
  const std::string_view sent = tally::fuzz::Input(data, size).Rest();
  tally::fuzz::CheckAnswers(open.Answer({sent}));
  const std::string first = usual.Answer({sent});
  Check(guarded.Answer({sent}) == first, "what is ready is what would be made", first);
  const std::string whole = usual.Answer({sent});  // now from what is kept
  Check(guarded.Answer({sent}) == whole, "what is ready is what would be given again", whole);
  tally::fuzz::CheckAnswers(whole);
  const size_t cut = size == 0 ? 0 : std::hash<std::string_view>()(sent) % size;
  Check(guarded.Answer({sent.substr(0, cut), sent.substr(cut)}) == whole,
        "how a request is cut into packets is no matter", whole);
  return 0;
}
