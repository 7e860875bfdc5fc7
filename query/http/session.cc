#include "query/http/session.h"

#include <algorithm>
#include <boost/asio/dispatch.hpp>
#include <boost/asio/error.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/field.hpp>
#include <utility>

#include "query/access_log.h"
#include "query/http/head_check.h"
#include "query/http/problem_response.h"
#include "query/http/response_text.h"
#include "query/trace.h"

namespace tally::query::http {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
using asio::awaitable;
using Error = beast::http::error;

constexpr size_t kLingerBytesMax = 256 << 10;
constexpr absl::Duration kLingerTime = absl::Seconds(2);
constexpr absl::Duration kLastWordsTime = absl::Seconds(2);
// For the rest of a request when the server is to stop.
constexpr absl::Duration kHurryTime = absl::Seconds(1);
constexpr std::string_view kHeadEnd = "\r\n\r\n";

std::string_view View(const beast::flat_buffer& buffer) {
  return {static_cast<const char*>(buffer.data().data()), buffer.size()};
}

std::string_view View(beast::string_view text) { return {text.data(), text.size()}; }

std::string AddressText(const asio::ip::address& address) {
  if (!address.is_v6() || !address.to_v6().is_v4_mapped()) return address.to_string();
  return asio::ip::make_address_v4(asio::ip::v4_mapped, address.to_v6()).to_string();
}

// "" where there is none, or none that can be read: nothing is invented, so that equal requests get
// equal answers.
std::string TraceparentOf(const RequestHead& head) {
  if (head.count("traceparent") != 1) return "";
  return ReadTraceparent(View(head["traceparent"]));
}

bool IsBeastError(const beast::error_code& error) {
  return error.category() == beast::http::make_error_code(Error::bad_target).category();
}

// The answer to a request that could not be read; nullopt: there is nobody to answer.
std::optional<Response> ReadFailure(beast::error_code error) {
  if (error == Error::end_of_stream || error == Error::partial_message) return std::nullopt;
  if (error == asio::error::timed_out) {
    return ProblemResponse(408, "request_timeout", "the request did not arrive in time");
  }
  if (error == Error::body_limit) {
    return ProblemResponse(413, "content_too_large", "no request here needs a body");
  }
  if (error == Error::bad_version) {
    return ProblemResponse(505, "http_version_not_supported", "HTTP/1.1 and HTTP/1.0 are served");
  }
  if (!IsBeastError(error)) return std::nullopt;
  return ProblemResponse(400, "malformed_request", "not an HTTP/1.1 request: " + error.message());
}

Response TooLarge(std::string_view head_so_far) {
  if (head_so_far.find("\r\n") == std::string_view::npos) {
    return ProblemResponse(414, "uri_too_long", "the request target is too long");
  }
  return ProblemResponse(431, "headers_too_large", "the request's headers are too large");
}

Response Malformed(std::string_view why) {
  return ProblemResponse(400, "malformed_request", "not an HTTP/1.1 request: " + std::string(why));
}

std::string PlainHttpText() {
  const Response problem =
      ProblemResponse(400, "tls_required", "this port speaks HTTPS: use https:// in the URL");
  return HeadText(problem, {.keep_alive = false, .now = absl::Now()}) + problem.body;
}

}  // namespace

Session::Session(const SessionContext& context, std::shared_ptr<Stream> stream,
                 const asio::ip::address& client)
    : context_(context),
      stream_(std::move(stream)),
      client_(AddressText(client)),
      buffer_(context.options.header_bytes_max + context.options.body_bytes_max + kReadBytes) {
  WaitForClient();
  if (context_.metrics != nullptr) context_.metrics->ConnectionOpened();
}

Session::~Session() {
  if (context_.metrics != nullptr) context_.metrics->ConnectionClosed();
}

void Session::WaitForClient(SteadyTime since) {
  activity.waits_since.store(since.time_since_epoch().count(), std::memory_order_relaxed);
}

awaitable<void> Session::Run() {
  bool welcome = false;
  if (!stopping_) welcome = co_await Welcome();
  if (welcome) co_await Serve();
  co_await CloseGently();
}

void Session::TurnAway(std::string_view text) {
  if (!stream_->encrypted()) stream_->WritePlain(text);
  stream_->Close();
}

awaitable<bool> Session::Welcome() {
  stream_->ExpiresAfter(absl::ToChronoNanoseconds(context_.options.read_timeout));
  idle_ = true;
  const ErrorCode error = co_await stream_->Handshake();
  idle_ = false;
  if (!error) co_return true;
  if (context_.metrics != nullptr) context_.metrics->HandshakeFailed();
  if (stream_->SpokePlainHttp()) stream_->WritePlain(PlainHttpText());
  co_return false;
}

awaitable<void> Session::Serve() {
  bool more = true;
  while (more) {
    more = co_await AwaitRequest();
    if (more) more = co_await Exchange();
  }
}

void Session::Stop() {
  asio::dispatch(executor(), [self = shared_from_this()] {
    self->stopping_ = true;
    if (self->idle_) self->stream_->Cancel();
    if (self->receiving_) self->stream_->ExpiresAfter(absl::ToChronoNanoseconds(kHurryTime));
  });
}

void Session::Abort() {
  asio::dispatch(executor(), [self = shared_from_this()] {
    self->stopping_ = true;
    self->stream_->Close();
  });
}

bool Session::MayGoOn(size_t requests, SteadyTime now) const {
  return !stopping_ && !context_.last_answers && requests < context_.options.requests_max &&
         absl::FromChrono(now - opened_) < context_.options.lifetime_max;
}

awaitable<void> Session::Fill(ErrorCode& error) {
  const size_t room = std::min(kReadBytes, buffer_.max_size() - buffer_.size());
  if (room == 0) {
    error = Error::buffer_overflow;
    co_return;
  }
  buffer_.commit(co_await stream_->Read(buffer_.prepare(room), error));
}

awaitable<bool> Session::Exchange() {
  ++requests_;
  Parser parser;
  RequestHead head;
  ErrorCode error;
  receiving_ = true;
  std::optional<Response> refusal = co_await Receive(parser, head, error);
  receiving_ = false;
  const auto begin = std::chrono::steady_clock::now();
  if (!refusal.has_value() && error) co_return false;
  Work();
  const bool readable = !refusal.has_value();
  const std::string traceparent = TraceparentOf(head);
  Dispatched done = co_await Answer(head, traceparent, std::move(refusal));
  // A body that the client waits to be asked for was not read: nothing can follow it.
  const bool keep_alive = readable && parser.is_done() && parser.keep_alive() &&
                          MayGoOn(requests_, std::chrono::steady_clock::now());
  const bool bodiless = head.method() == beast::http::verb::head;
  AccessEntry entry = {.client = client_,
                       .method = View(head.method_string()),
                       .route = done.route,
                       .target = View(head.target()),
                       .status = done.response.status,
                       .bytes = bodiless ? 0 : done.response.body.size(),
                       .trace_id = TraceId(traceparent),
                       .user_agent = View(head[beast::http::field::user_agent])};
  entry.complete = co_await Write(head, std::move(done.response), keep_alive);
  entry.duration = absl::FromChrono(std::chrono::steady_clock::now() - begin);
  if (done.logged && context_.options.access_log != nullptr) {
    context_.options.access_log->Write(entry);
  }
  co_return keep_alive&& entry.complete;
}

awaitable<Dispatched> Session::Answer(const RequestHead& head, std::string_view traceparent,
                                      std::optional<Response> refusal) {
  const auto begin = std::chrono::steady_clock::now();
  Metrics* const metrics = context_.metrics;
  if (metrics != nullptr) metrics->RequestStarted();
  Dispatched done;
  if (!refusal.has_value()) refusal = context_.cors.Preflight(head);
  if (refusal.has_value()) {
    done.response = *std::move(refusal);
  } else {
    done = co_await context_.dispatcher.Dispatch(head);
  }
  context_.cors.Decorate(head, done.response);
  if (!traceparent.empty()) done.response.headers.emplace_back("traceparent", traceparent);
  if (metrics != nullptr) {
    metrics->RequestDone(done.route, done.response.status,
                         absl::FromChrono(std::chrono::steady_clock::now() - begin));
  }
  co_return done;
}

awaitable<std::optional<Response>> Session::Receive(Parser& parser, RequestHead& head,
                                                    ErrorCode& error) {
  parser.header_limit(static_cast<uint32_t>(context_.options.header_bytes_max));
  parser.body_limit(context_.options.body_bytes_max);
  stream_->ExpiresAfter(
      absl::ToChronoNanoseconds(stopping_ ? kHurryTime : context_.options.read_timeout));
  std::optional<Response> refusal = co_await ReceiveHead(parser, error);
  // Taken before the body is read: its trailers are no headers.
  head = std::move(parser.get().base());
  if (!refusal.has_value() && !error) refusal = RefuseFraming(head);
  const bool expects = head.count(beast::http::field::expect) > 0;
  if (!refusal.has_value() && !error && !expects) co_await DrainBody(parser, error);
  if (error) refusal = ReadFailure(error);
  if (error == asio::error::timed_out) {
    stream_->ExpiresAfter(absl::ToChronoNanoseconds(kLastWordsTime));
  }
  co_return refusal;
}

awaitable<std::optional<Response>> Session::ReceiveHead(Parser& parser, ErrorCode& error) {
  const size_t bytes_max = context_.options.header_bytes_max;
  size_t searched = 0;
  size_t end = 0;
  if (!BeginsLikeRequest(View(buffer_))) co_return Malformed("no request line");
  while ((end = View(buffer_).find(kHeadEnd, searched)) == std::string_view::npos) {
    if (buffer_.size() >= bytes_max) co_return TooLarge(View(buffer_));
    searched = buffer_.size() - std::min(buffer_.size(), kHeadEnd.size() - 1);
    co_await Fill(error);
    if (error) co_return std::nullopt;
    if (!BeginsLikeRequest(View(buffer_))) co_return Malformed("no request line");
  }
  end += kHeadEnd.size();
  if (end > bytes_max) co_return TooLarge(View(buffer_));
  const std::string_view refusal = HeadRefusal(View(buffer_).substr(0, end));
  buffer_.consume(parser.put(asio::buffer(buffer_.data().data(), end), error));
  if (!error && !refusal.empty()) co_return Malformed(refusal);
  co_return std::nullopt;
}

awaitable<void> Session::DrainBody(Parser& parser, ErrorCode& error) {
  parser.eager(true);
  while (!parser.is_done() && !error) {
    if (buffer_.size() > 0) {
      buffer_.consume(parser.put(buffer_.data(), error));
      if (error == Error::need_more) error = {};
      if (parser.is_done() || error) co_return;
    }
    co_await Fill(error);
  }
}

awaitable<bool> Session::Write(const RequestHead& head, Response response, bool keep_alive) {
  const bool bodiless = head.method() == beast::http::verb::head;
  std::string text = HeadText(response, {.http_1_0 = head.version() == 10,
                                         .keep_alive = keep_alive,
                                         .now = context_.options.clock()});
  std::string body;
  if (!bodiless) body = std::move(response.body);
  if (body.size() <= kOnePieceBytesMax) text += std::exchange(body, {});
  stream_->ExpiresAfter(absl::ToChronoNanoseconds(context_.options.write_timeout));
  ErrorCode error;
  co_await Send(text, text.capacity() + body.capacity(), error);
  if (!error && !body.empty()) co_await Send(body, body.capacity(), error);
  activity.served.store(true, std::memory_order_relaxed);
  co_return !error;
}

awaitable<void> Session::Send(std::string_view bytes, size_t held_bytes, ErrorCode& error) {
  bytes.remove_prefix(stream_->TryWrite(bytes, error));
  if (bytes.empty() || error) co_return;
  WaitForClient();
  const size_t victims = context_.connections.BeginBacklog(this, held_bytes);
  if (context_.metrics != nullptr) context_.metrics->ConnectionsEvicted(victims);
  co_await stream_->Write(bytes, error);
  context_.connections.EndBacklog(this);
}

awaitable<void> Session::CloseGently() {
  WaitForClient();
  stream_->ExpiresAfter(absl::ToChronoNanoseconds(kLingerTime));
  if (!stopping_) {
    idle_ = true;
    co_await stream_->Linger(kLingerBytesMax);
    idle_ = false;
  } else {
    co_await stream_->Linger(0);
  }
  stream_->Close();
}

}  // namespace tally::query::http
