// One connection: reads requests one after the other (pipelined ones wait in the buffer), answers
// them in order, and ends within its time limits whatever the client does.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#include <chrono>
#include <memory>

#include "query/http/dispatch.h"
#include "query/http/server.h"

namespace tally::query::http {

// Everything runs on the socket's executor, a strand; Stop and Abort may be called from anywhere.
class Session : public std::enable_shared_from_this<Session> {
 public:
  // All references must outlive the session; `metrics` may be null.
  Session(boost::asio::ip::tcp::socket socket, const ServerOptions& options,
          const Dispatcher& dispatcher, Metrics* metrics);
  ~Session();

  boost::asio::awaitable<void> Run();

  // Ends it after the request in flight; at once if there is none.
  void Stop();
  // Closes the socket now; a handler that is running still runs to its end.
  void Abort();

  boost::asio::any_io_executor executor() { return stream_.get_executor(); }

 private:
  using Parser = boost::beast::http::request_parser<boost::beast::http::string_body>;
  using ErrorCode = boost::beast::error_code;
  using SteadyTime = std::chrono::steady_clock::time_point;

  // Waits for the first byte of a request. False: there will be none.
  boost::asio::awaitable<bool> AwaitRequest();
  // Reads and answers one request. False: the connection must be closed.
  boost::asio::awaitable<bool> Exchange();
  // Reads the body, to be rid of it. An error is one of Beast's.
  boost::asio::awaitable<void> DrainBody(Parser& parser, ErrorCode& error);
  boost::asio::awaitable<bool> Refuse(const Parser& parser, Response response, SteadyTime begin);
  boost::asio::awaitable<bool> Write(const RequestHead& head, Response response, bool keep_alive);
  // So that a client that is still sending gets to read the last answer before the reset.
  boost::asio::awaitable<void> CloseGently();

  const ServerOptions& options_;
  const Dispatcher& dispatcher_;
  Metrics* metrics_;
  boost::beast::tcp_stream stream_;
  boost::beast::flat_buffer buffer_;
  bool idle_ = false;  // nothing is lost by cancelling what is waited for
  bool stopping_ = false;
};

}  // namespace tally::query::http
