#include "tools/tally/http_get.h"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/host_name_verification.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <boost/beast/ssl.hpp>
#include <boost/url/parse.hpp>
#include <boost/url/url_view.hpp>
#include <chrono>
#include <tuple>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

namespace tally::cli {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
namespace ssl = asio::ssl;
using asio::ip::tcp;

constexpr uint32_t kHeaderBytesMax = 1 << 20;
constexpr auto kNoThrow = asio::as_tuple(asio::use_awaitable);

struct Server {
  std::string host;       // without the brackets of IPv6
  std::string authority;  // for the Host header
  std::string port;
  std::string path;  // without a final slash
  bool tls = false;
};

absl::StatusOr<Server> ParseServer(const std::string& text) {
  const auto url = boost::urls::parse_uri(text);
  const bool good_port = url && (!url->has_port() || url->port_number() > 0);
  if (!good_port || url->host().empty() || url->has_query() || url->has_fragment()) {
    return absl::InvalidArgumentError(
        absl::StrCat("--server ", text, ": must be like http://127.0.0.1:8080"));
  }
  if (url->scheme() != "http" && url->scheme() != "https") {
    return absl::InvalidArgumentError(absl::StrCat("--server ", text, ": must be http or https"));
  }
  Server server;
  server.tls = url->scheme() == "https";
  server.host = url->host_address();
  server.authority = std::string(url->encoded_host_and_port());
  server.port = url->has_port() ? std::string(url->port()) : server.tls ? "443" : "80";
  server.path = std::string(url->encoded_path());
  while (!server.path.empty() && server.path.back() == '/') server.path.pop_back();
  return server;
}

class Exchange {
 public:
  Exchange(const HttpRequest& request, const Server& server) : request_(request), server_(server) {}

  // Before Run.
  absl::Status Trust() {
    if (!server_.tls) return absl::OkStatus();
    beast::error_code error;
    if (request_.ca_file.empty()) {
      tls_.set_default_verify_paths(error);
    } else {
      tls_.load_verify_file(request_.ca_file, error);
    }
    if (error) {
      return absl::InvalidArgumentError(
          absl::StrCat("--ca-file ", request_.ca_file, " is not a PEM file that can be read"));
    }
    return Present(request_.identity, stream_.native_handle());
  }

  absl::StatusOr<HttpAnswer> Run() {
    asio::co_spawn(context_, Talk(), asio::detached);
    context_.run_for(absl::ToChronoMilliseconds(request_.timeout));
    if (!done_) {
      return absl::DeadlineExceededError(absl::StrCat(request_.server, " did not answer within ",
                                                      absl::FormatDuration(request_.timeout)));
    }
    if (!status_.ok()) return status_;
    return Answer();
  }

 private:
  asio::awaitable<void> Talk() {
    status_ = co_await Connect();
    if (status_.ok() && server_.tls) {
      status_ = co_await ShakeHands();
      if (status_.ok()) status_ = co_await Ask(stream_);
    } else if (status_.ok()) {
      status_ = co_await Ask(stream_.next_layer());
    }
    done_ = true;
  }

  asio::awaitable<absl::Status> Connect() {
    tcp::resolver resolver(context_);
    auto [resolve_error, endpoints] =
        co_await resolver.async_resolve(server_.host, server_.port, kNoThrow);
    if (resolve_error) {
      co_return absl::UnavailableError(
          absl::StrCat("cannot resolve ", server_.host, " (", resolve_error.message(), ")"));
    }
    auto [error, endpoint] = co_await stream_.next_layer().async_connect(endpoints, kNoThrow);
    if (error) {
      co_return absl::UnavailableError(
          absl::StrCat("cannot connect to ", request_.server, " (", error.message(),
                       "); is tallyd running, and is --server right?"));
    }
    co_return absl::OkStatus();
  }

  asio::awaitable<absl::Status> ShakeHands() {
    // Of the stream: it took over the context's settings when it was made.
    stream_.set_verify_mode(ssl::verify_peer);
    stream_.set_verify_callback(ssl::host_name_verification(server_.host));
    SSL_set_tlsext_host_name(stream_.native_handle(), server_.host.c_str());
    auto [error] = co_await stream_.async_handshake(ssl::stream_base::client, kNoThrow);
    if (!error) co_return absl::OkStatus();
    const long verified = SSL_get_verify_result(stream_.native_handle());
    if (verified == X509_V_OK) co_return Broken(error);
    co_return absl::UnavailableError(absl::StrCat(
        request_.server, " does not prove to be that server (",
        X509_verify_cert_error_string(verified), "); --ca-file names who may vouch for it"));
  }

  template <typename Stream>
  asio::awaitable<absl::Status> Ask(Stream& stream) {
    http::request<http::empty_body> ask(http::verb::get, server_.path + request_.target, 11);
    ask.set(http::field::host, server_.authority);
    ask.set(http::field::user_agent, "tally");
    ask.set(http::field::accept, "application/json, application/problem+json");
    ask.set(http::field::connection, "close");
    for (const auto& [name, value] : request_.headers) ask.set(name, value);
    auto [write_error, written] = co_await http::async_write(stream, ask, kNoThrow);
    if (write_error) co_return Broken(write_error);
    parser_.body_limit(kHttpBodyBytesMax);
    parser_.header_limit(kHeaderBytesMax);
    auto [error, read] = co_await http::async_read(stream, buffer_, parser_, kNoThrow);
    if (error == http::error::body_limit) {
      co_return absl::ResourceExhaustedError("the answer is too large");
    }
    if (error) co_return Broken(error);
    co_return absl::OkStatus();
  }

  // With TLS 1.3 a server that wants another certificate says so, or only hangs up, after the
  // handshake.
  absl::Status Broken(beast::error_code error) const {
    return absl::UnavailableError(absl::StrCat(
        "talking to ", request_.server, " failed (", error.message(), ")",
        server_.tls ? "; if it asks for certificates, --cert-file and --key-file name one" : ""));
  }

  HttpAnswer Answer() {
    HttpAnswer answer;
    auto& message = parser_.get();
    answer.status = message.result_int();
    answer.reason = std::string(message.reason());
    for (const auto& field : message) {
      answer.headers.emplace_back(std::string(field.name_string()), std::string(field.value()));
    }
    answer.body = std::move(message.body());
    return answer;
  }

  const HttpRequest& request_;
  const Server& server_;
  asio::io_context context_;
  ssl::context tls_{ssl::context::tls_client};
  beast::ssl_stream<beast::tcp_stream> stream_{context_, tls_};
  beast::flat_buffer buffer_;
  http::response_parser<http::string_body> parser_;
  absl::Status status_;
  bool done_ = false;
};

}  // namespace

std::string_view HttpAnswer::Header(std::string_view name) const {
  for (const auto& [header, value] : headers) {
    if (absl::EqualsIgnoreCase(header, absl::string_view(name.data(), name.size()))) return value;
  }
  return "";
}

absl::StatusOr<HttpAnswer> HttpGet(const HttpRequest& request) {
  for (const auto& [name, value] : request.headers) {
    if (value.find_first_of("\r\n") != value.npos) {
      return absl::InvalidArgumentError(absl::StrCat(name, " must be one line"));
    }
  }
  auto server = ParseServer(request.server);
  if (!server.ok()) return server.status();
  Exchange exchange(request, *server);
  if (absl::Status status = exchange.Trust(); !status.ok()) return status;
  return exchange.Run();
}

std::string PercentEncode(std::string_view text) {
  constexpr char kHex[] = "0123456789ABCDEF";
  std::string encoded;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (absl::ascii_isalnum(byte) || c == '-' || c == '.' || c == '_' || c == '~') {
      encoded.push_back(c);
    } else {
      encoded.append({'%', kHex[byte >> 4], kHex[byte & 15]});
    }
  }
  return encoded;
}

}  // namespace tally::cli
