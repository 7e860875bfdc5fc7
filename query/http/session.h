// One connection: reads requests one after the other (pipelined ones wait in the buffer), answers
// them in order, and ends within its time limits whatever the client does.
#pragma once

#include <atomic>
#include <boost/asio/awaitable.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#include <chrono>
#include <memory>
#include <optional>
#include <string>

#include "query/http/connections.h"
#include "query/http/cors.h"
#include "query/http/dispatch.h"
#include "query/http/plain_head.h"
#include "query/http/ready.h"
#include "query/http/server.h"
#include "query/http/stream.h"

namespace tally::query::http {

// What all sessions of a server use; it outlives them. `metrics` may be null.
struct SessionContext {
  const ServerOptions& options;
  const Dispatcher& dispatcher;
  const CorsPolicy& cors;
  Connections& connections;
  const std::atomic<bool>& last_answers;  // every answer is its connection's last
  Metrics* metrics;
};

// Everything runs on the stream's executor; Stop and Abort may be called from anywhere.
class Session : public Connection, public std::enable_shared_from_this<Session> {
 public:
  Session(const SessionContext& context, std::shared_ptr<Stream> stream,
          const boost::asio::ip::address& client);
  ~Session() override;

  boost::asio::awaitable<void> Run();
  // In place of Run, for one who is one too many: says so, if that takes no time, and closes.
  void TurnAway(std::string_view text);

  void Stop() override;
  // A handler that is running still runs to its end.
  void Abort() override;

  boost::asio::any_io_executor executor() { return stream_->executor(); }

 private:
  using Parser = boost::beast::http::request_parser<boost::beast::http::string_body>;
  using ErrorCode = boost::beast::error_code;
  using SteadyTime = std::chrono::steady_clock::time_point;

  // A ready answer that is not all sent yet.
  struct Unlogged {
    std::string received;  // its request's head
    Ready ready;
    SteadyTime begin;
  };

  // The TLS handshake. False: there is nobody to serve.
  boost::asio::awaitable<bool> Welcome();
  boost::asio::awaitable<void> Serve();
  // Waits for a request that has to go its usual way, and meanwhile gives answers that are ready.
  // False: there will be none.
  boost::asio::awaitable<bool> AwaitRequest();
  // Reads and gives ready answers until something else is to be done, or read_error_.
  boost::asio::awaitable<void> ServeReady();
  template <class Handler>
  struct ReadyLoop;
  bool GoOnReading(ErrorCode error, size_t bytes);
  // Answers what is received, as far as that can be done at once. False: there is more to do.
  bool GiveReady(SteadyTime now);
  // `now` becomes the time when the answer was ready.
  bool GiveOneReady(SteadyTime& now);
  // Who asks; nullopt: that is not for sure.
  std::optional<Viewer> ViewerOf(const PlainHead& head) const;
  void LogReady(const PlainHead& head, const Ready& ready, std::string_view traceparent,
                SteadyTime begin) const;
  // What did not fit into the socket of ready answers.
  boost::asio::awaitable<void> SendRest();
  // Reads and answers one request. False: the connection must be closed.
  boost::asio::awaitable<bool> Exchange();

  // The request's head and body, within read_timeout. A refusal if there is something to answer;
  // otherwise `error` is set where the connection is lost.
  boost::asio::awaitable<std::optional<Response>> Receive(Parser& parser, RequestHead& head,
                                                          ErrorCode& error);
  boost::asio::awaitable<std::optional<Response>> ReceiveHead(Parser& parser, ErrorCode& error);
  // Reads the body, to be rid of it.
  boost::asio::awaitable<void> DrainBody(Parser& parser, ErrorCode& error);
  boost::asio::awaitable<void> Fill(ErrorCode& error);

  // Preflight, route's answer or `refusal`, with the headers that every answer has.
  boost::asio::awaitable<Dispatched> Answer(const RequestHead& head, std::string_view traceparent,
                                            std::optional<Response> refusal);
  // False: it could not be written.
  boost::asio::awaitable<bool> Write(const RequestHead& head, Response response, bool keep_alive);
  boost::asio::awaitable<void> Send(std::string_view bytes, size_t held_bytes, ErrorCode& error);
  // So that a client that is still sending gets to read the last answer before the reset.
  boost::asio::awaitable<void> CloseGently();
  // Whether another one may follow the last of so many requests.
  bool MayGoOn(size_t requests, SteadyTime now) const;

  static constexpr size_t kReadBytes = 2048;
  // Bodies up to this go out with their head, in one piece.
  static constexpr size_t kOnePieceBytesMax = kReadyBodyBytesMax;

  // From now on it is the client's turn, for as long as it may be silent.
  void AwaitClient(SteadyTime now);
  // Whom this connection waits for, as Connections sees it.
  void WaitForClient(SteadyTime since = std::chrono::steady_clock::now());
  void Work() { activity.waits_since.store(0, std::memory_order_relaxed); }

  const SessionContext& context_;
  const std::shared_ptr<Stream> stream_;
  const std::string client_;
  const SteadyTime opened_ = std::chrono::steady_clock::now();
  boost::beast::flat_buffer buffer_;
  size_t requests_ = 0;
  boost::asio::mutable_buffer room_;  // where ServeReady reads to
  std::string unsent_;                // of ready answers
  Unlogged unlogged_;                 // whose end is unsent_
  ErrorCode read_error_;              // of ServeReady
  ErrorCode broken_;                  // what was met in giving a ready answer
  bool idle_ = false;                 // nothing is lost by cancelling what is waited for
  bool receiving_ = false;
  bool stopping_ = false;
};

}  // namespace tally::query::http
