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

  // The TLS handshake. False: there is nobody to serve.
  boost::asio::awaitable<bool> Welcome();
  boost::asio::awaitable<void> Serve();
  // Waits for the first byte of a request. False: there will be none.
  boost::asio::awaitable<bool> AwaitRequest();
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
  bool MayGoOn() const;

  // Whom this connection waits for, as Connections sees it.
  void WaitForClient();
  void Work() { activity.waits_since.store(0, std::memory_order_relaxed); }

  const SessionContext& context_;
  const std::shared_ptr<Stream> stream_;
  const std::string client_;
  const SteadyTime opened_ = std::chrono::steady_clock::now();
  boost::beast::flat_buffer buffer_;
  size_t requests_ = 0;
  bool idle_ = false;  // nothing is lost by cancelling what is waited for
  bool receiving_ = false;
  bool stopping_ = false;
};

}  // namespace tally::query::http
