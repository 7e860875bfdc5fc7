#include "query/http/session.h"

#include <boost/asio/dispatch.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/write.hpp>
#include <optional>
#include <utility>

#include "absl/time/clock.h"
#include "query/http/problem_response.h"

namespace tally::query::http {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
using asio::awaitable;
using Error = beast::http::error;

constexpr size_t kFirstReadBytes = 2048;
constexpr size_t kLingerBytesMax = 256 << 10;
constexpr absl::Duration kLingerTime = absl::Seconds(2);

std::chrono::nanoseconds Chrono(absl::Duration duration) {
  return absl::ToChronoNanoseconds(duration);
}

template <class Body>
void SetHead(const RequestHead& head, const Response& response, bool keep_alive, absl::Time now,
             beast::http::response<Body>& out) {
  out.result(static_cast<unsigned>(response.status));
  out.version(head.version() < 11 ? 10 : 11);
  out.keep_alive(keep_alive);
  out.set(beast::http::field::date,
          absl::FormatTime("%a, %d %b %Y %H:%M:%S GMT", now, absl::UTCTimeZone()));
  out.set("X-Content-Type-Options", "nosniff");
  for (const auto& [name, value] : response.headers) out.insert(name, value);
  if (!response.content_type.empty()) {
    out.set(beast::http::field::content_type, response.content_type);
  }
}

// The answer to a request that could not be read; nullopt: there is nobody to answer.
std::optional<Response> ReadFailure(beast::error_code error, bool target_known) {
  if (error == Error::end_of_stream || error == Error::partial_message) return std::nullopt;
  if (error == Error::header_limit || error == Error::buffer_overflow) {
    if (!target_known)
      return ProblemResponse(414, "uri_too_long", "the request target is too long");
    return ProblemResponse(431, "headers_too_large", "the request's headers are too large");
  }
  if (error == Error::body_limit) {
    return ProblemResponse(413, "content_too_large", "no request here needs a body");
  }
  if (error == Error::bad_version) {
    return ProblemResponse(505, "http_version_not_supported", "HTTP/1.1 and HTTP/1.0 are served");
  }
  if (error.category() == beast::http::make_error_code(Error::bad_target).category()) {
    return ProblemResponse(400, "malformed_request", "not an HTTP/1.1 request: " + error.message());
  }
  return std::nullopt;
}

}  // namespace

Session::Session(asio::ip::tcp::socket socket, const ServerOptions& options,
                 const Dispatcher& dispatcher, Metrics* metrics)
    : options_(options),
      dispatcher_(dispatcher),
      metrics_(metrics),
      stream_(std::move(socket)),
      buffer_(options.header_bytes_max + options.body_bytes_max + kFirstReadBytes) {
  if (metrics_ != nullptr) metrics_->ConnectionOpened();
}

Session::~Session() {
  if (metrics_ != nullptr) metrics_->ConnectionClosed();
}

awaitable<void> Session::Run() {
  while (!stopping_) {
    const bool more = co_await AwaitRequest();
    if (!more) break;
    const bool keep_alive = co_await Exchange();
    if (!keep_alive) break;
  }
  co_await CloseGently();
}

void Session::Stop() {
  asio::dispatch(executor(), [self = shared_from_this()] {
    self->stopping_ = true;
    if (self->idle_) self->stream_.cancel();
  });
}

void Session::Abort() {
  asio::dispatch(executor(), [self = shared_from_this()] {
    self->stopping_ = true;
    self->stream_.close();
  });
}

awaitable<bool> Session::AwaitRequest() {
  if (buffer_.size() > 0) co_return true;
  ErrorCode error;
  stream_.expires_after(Chrono(options_.idle_timeout));
  idle_ = true;
  const size_t bytes = co_await stream_.async_read_some(
      buffer_.prepare(kFirstReadBytes), asio::redirect_error(asio::use_awaitable, error));
  idle_ = false;
  buffer_.commit(bytes);
  co_return !error;
}

awaitable<bool> Session::Exchange() {
  Parser parser;
  parser.header_limit(static_cast<uint32_t>(options_.header_bytes_max));
  parser.body_limit(options_.body_bytes_max);
  ErrorCode error;
  stream_.expires_after(Chrono(options_.read_timeout));
  co_await beast::http::async_read_header(stream_, buffer_, parser,
                                          asio::redirect_error(asio::use_awaitable, error));
  const auto begin = std::chrono::steady_clock::now();
  std::optional<Response> refusal;
  if (!error) refusal = RefuseFraming(parser.get().base());
  const bool expects = parser.get().count(beast::http::field::expect) > 0;
  if (!error && !refusal.has_value() && !expects) co_await DrainBody(parser, error);
  if (error) {
    refusal = ReadFailure(error, !parser.get().target().empty());
    if (!refusal.has_value()) co_return false;
  }
  if (refusal.has_value()) co_return co_await Refuse(parser, *std::move(refusal), begin);

  if (metrics_ != nullptr) metrics_->RequestStarted();
  const RequestHead& head = parser.get().base();
  Dispatched done = co_await dispatcher_.Dispatch(head);
  if (metrics_ != nullptr) {
    metrics_->RequestDone(done.route, done.response.status,
                          absl::FromChrono(std::chrono::steady_clock::now() - begin));
  }
  // A body that the client waits to be asked for was not read: nothing can follow it.
  const bool keep_alive = parser.is_done() && parser.get().keep_alive() && !stopping_;
  co_return co_await Write(head, std::move(done.response), keep_alive);
}

awaitable<void> Session::DrainBody(Parser& parser, ErrorCode& error) {
  if (parser.is_done()) co_return;
  co_await beast::http::async_read(stream_, buffer_, parser,
                                   asio::redirect_error(asio::use_awaitable, error));
}

awaitable<bool> Session::Refuse(const Parser& parser, Response response, SteadyTime begin) {
  if (metrics_ != nullptr) {
    metrics_->RequestStarted();
    metrics_->RequestDone(kUnmatchedRoute, response.status,
                          absl::FromChrono(std::chrono::steady_clock::now() - begin));
  }
  co_return co_await Write(parser.get().base(), std::move(response), false);
}

awaitable<bool> Session::Write(const RequestHead& head, Response response, bool keep_alive) {
  ErrorCode error;
  stream_.expires_after(Chrono(options_.write_timeout));
  const absl::Time now = options_.clock();
  if (head.method() == beast::http::verb::head || response.status == 304) {
    beast::http::response<beast::http::empty_body> out;
    SetHead(head, response, keep_alive, now, out);
    if (response.status != 304) out.content_length(response.body.size());
    co_await beast::http::async_write(stream_, out,
                                      asio::redirect_error(asio::use_awaitable, error));
  } else {
    beast::http::response<beast::http::string_body> out;
    SetHead(head, response, keep_alive, now, out);
    out.body() = std::move(response.body);
    out.prepare_payload();
    co_await beast::http::async_write(stream_, out,
                                      asio::redirect_error(asio::use_awaitable, error));
  }
  co_return keep_alive && !error;
}

awaitable<void> Session::CloseGently() {
  ErrorCode error;
  stream_.socket().shutdown(asio::ip::tcp::socket::shutdown_send, error);
  stream_.expires_after(Chrono(kLingerTime));
  size_t bytes = 0;
  while (!error && !stopping_ && bytes < kLingerBytesMax) {
    buffer_.clear();
    idle_ = true;
    bytes += co_await stream_.async_read_some(buffer_.prepare(kFirstReadBytes),
                                              asio::redirect_error(asio::use_awaitable, error));
    idle_ = false;
  }
  stream_.close();
}

}  // namespace tally::query::http
