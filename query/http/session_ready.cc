// The part of a session that waits for requests, and gives the answers that are ready meanwhile:
// its coroutine is woken only for what needs it.
#include <boost/asio/async_result.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <type_traits>
#include <utility>

#include "query/access_log.h"
#include "query/http/response_text.h"
#include "query/http/session.h"
#include "query/trace.h"

namespace tally::query::http {
namespace {

namespace asio = boost::asio;
using asio::awaitable;

constexpr size_t kIdleBufferBytesMax = 4096;

}  // namespace

awaitable<bool> Session::AwaitRequest() {
  while (true) {
    if (!unsent_.empty()) {
      auto sending = SendRest();
      co_await std::move(sending);
    }
    const SteadyTime now = std::chrono::steady_clock::now();
    const bool all = !broken_ && GiveReady(now);
    if (broken_) co_return false;
    if (!unsent_.empty()) continue;
    if (!all) co_return true;
    if (stopping_) co_return false;
    if (buffer_.capacity() > kIdleBufferBytesMax) buffer_.shrink_to_fit();
    AwaitClient(now);
    idle_ = true;
    auto serving = ServeReady();
    co_await std::move(serving);
    idle_ = false;
    if (read_error_) co_return false;
    // What could not be given at once is not looked at a second time.
    if (!broken_ && unsent_.empty()) co_return buffer_.size() > 0;
  }
}

void Session::AwaitClient(SteadyTime now) {
  // One that connects and says nothing is not waited for as long as one that was served.
  const ServerOptions& options = context_.options;
  stream_->ExpiresAfter(
      absl::ToChronoNanoseconds(requests_ == 0 ? options.read_timeout : options.idle_timeout), now);
  WaitForClient(now);
}

template <class Handler>
struct Session::ReadyLoop {
  Session* session;
  Handler done;

  void operator()(ErrorCode error, size_t bytes) {
    if (session->GoOnReading(error, bytes)) return Read(std::move(*this));
    done();
  }
  static void Read(ReadyLoop loop) {
    Session& session = *loop.session;
    session.stream_->AsyncRead(session.room_, std::move(loop));
  }
};

awaitable<void> Session::ServeReady() {
  room_ = buffer_.prepare(kReadBytes);
  return asio::async_initiate<const asio::use_awaitable_t<>&, void()>(
      [this](auto&& done) {
        using Loop = ReadyLoop<std::decay_t<decltype(done)>>;
        Loop::Read(Loop{this, std::forward<decltype(done)>(done)});
      },
      asio::use_awaitable);
}

// No coroutine is there to end by an exception.
bool Session::GoOnReading(ErrorCode error, size_t bytes) try {
  read_error_ = error;
  if (error) return false;
  buffer_.commit(bytes);
  const SteadyTime now = std::chrono::steady_clock::now();
  if (!GiveReady(now) || stopping_) return false;
  AwaitClient(now);
  room_ = buffer_.prepare(kReadBytes);
  return true;
} catch (const std::exception&) {
  read_error_ = asio::error::no_memory;
  return false;
}

bool Session::GiveReady(SteadyTime now) {
  while (buffer_.size() > 0) {
    if (!GiveOneReady(now) || !unsent_.empty() || broken_) return false;
  }
  return true;
}

bool Session::GiveOneReady(SteadyTime& now) {
  const ServerOptions& options = context_.options;
  if (options.ready == nullptr || !MayGoOn(requests_ + 1, now)) return false;
  const auto head =
      ReadPlainHead({static_cast<const char*>(buffer_.data().data()), buffer_.size()});
  if (!head.has_value() || head->bytes > options.header_bytes_max) return false;
  const auto viewer = ViewerOf(*head);
  if (!viewer.has_value()) return false;
  thread_local std::string lines;
  lines.clear();
  const auto ready = options.ready->Find(*head, *viewer, lines);
  if (!ready.has_value()) return false;

  ++requests_;
  if (options.authenticator != nullptr) options.authenticator->CountRecalled();
  const std::string traceparent = ReadTraceparent(head->traceparent);
  thread_local std::string text;
  text.clear();
  AppendBeginning(ready->status, {.now = options.clock()}, text);
  text.append(lines);
  context_.cors.AppendLines(head->origin, text);
  if (!traceparent.empty()) AppendLine("traceparent", traceparent, text);
  AppendEnd(ready->status, ready->content_type, ready->body.size(), text);
  text.append(ready->body);
  const SteadyTime begin = std::exchange(now, std::chrono::steady_clock::now());
  if (ready->metrics != nullptr) {
    ready->metrics->Count(ready->status, absl::FromChrono(now - begin));
  }
  const size_t sent = stream_->TryWrite(text, broken_);
  if (!broken_) unsent_.assign(text, sent);
  activity.served.store(true, std::memory_order_relaxed);
  if (unsent_.empty()) {
    LogReady(*head, *ready, traceparent, begin);
  } else {
    const std::string_view received(static_cast<const char*>(buffer_.data().data()), head->bytes);
    unlogged_ = {std::string(received), *ready, begin};
  }
  buffer_.consume(head->bytes);
  return true;
}

std::optional<Viewer> Session::ViewerOf(const PlainHead& head) const {
  const Authenticator* const authenticator = context_.options.authenticator;
  if (authenticator == nullptr) return Viewer();
  if (head.authorization.empty()) return std::nullopt;
  return authenticator->Recall(head.authorization);
}

void Session::LogReady(const PlainHead& head, const Ready& ready, std::string_view traceparent,
                       SteadyTime begin) const {
  if (context_.options.access_log == nullptr) return;
  const auto duration = std::chrono::steady_clock::now() - begin;
  context_.options.access_log->Write({.client = client_,
                                      .method = "GET",
                                      .route = ready.route,
                                      .target = head.target,
                                      .status = ready.status,
                                      .bytes = ready.body.size(),
                                      .duration = absl::FromChrono(duration),
                                      .complete = !broken_,
                                      .trace_id = TraceId(traceparent),
                                      .user_agent = head.user_agent});
}

awaitable<void> Session::SendRest() {
  stream_->ExpiresAfter(absl::ToChronoNanoseconds(context_.options.write_timeout));
  const std::string rest = std::exchange(unsent_, {});
  auto sending = Send(rest, rest.capacity(), broken_);
  co_await std::move(sending);
  const Unlogged last = std::exchange(unlogged_, {});
  const auto head = ReadPlainHead(last.received);
  if (head.has_value()) LogReady(*head, last.ready, ReadTraceparent(head->traceparent), last.begin);
}

}  // namespace tally::query::http
