// One TCP connection, plain or TLS, with one deadline for whatever is waited for. OpenSSL works on
// the socket itself: Asio's TLS stream would keep some 70 KB a connection for its own buffers.
#pragma once

#include <openssl/ssl.h>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/system/error_code.hpp>
#include <chrono>
#include <memory>
#include <string_view>

namespace tally::query::http {

// Everything runs on the socket's executor, a strand. SIGPIPE must be blocked or ignored in its
// threads.
class Stream : public std::enable_shared_from_this<Stream> {
 public:
  using ErrorCode = boost::system::error_code;

  // `context` null: plain. The stream keeps it for as long as it lives.
  Stream(boost::asio::ip::tcp::socket socket, SSL_CTX* context);

  bool encrypted() const { return ssl_ != nullptr; }
  // Does nothing on a plain stream. An error is the network's, timed_out, or connection_refused
  // for a client that is not welcome (no common protocol, no acceptable certificate).
  boost::asio::awaitable<ErrorCode> Handshake();
  // After a failed handshake: the client spoke plain HTTP.
  bool SpokePlainHttp() const { return plain_http_; }

  // At least one byte, or `error`; eof when the client has closed.
  boost::asio::awaitable<size_t> Read(boost::asio::mutable_buffer into, ErrorCode& error);
  // Does not wait: as many bytes as the socket takes now, perhaps 0.
  size_t TryWrite(std::string_view bytes, ErrorCode& error);
  boost::asio::awaitable<void> Write(std::string_view bytes, ErrorCode& error);
  // Past TLS, for what is said to somebody who does not speak it; does not wait.
  void WritePlain(std::string_view bytes);

  // What is waited for from now on fails with timed_out after `time`.
  void ExpiresAfter(std::chrono::nanoseconds time);
  // What is waited for now fails with operation_aborted.
  void Cancel();
  // Tells the client that nothing more will come; reads what it still sends, at most `bytes_max`.
  boost::asio::awaitable<void> Linger(size_t bytes_max);
  void Close();

  boost::asio::any_io_executor executor() { return socket_.get_executor(); }

 private:
  struct FreeSsl {
    void operator()(SSL* ssl) const { SSL_free(ssl); }
  };
  using Timer = boost::asio::steady_timer;

  // One step of OpenSSL: what is waited for next, or the step's result in `error`.
  bool MustWait(int result, ErrorCode& error, boost::asio::ip::tcp::socket::wait_type& direction);
  boost::asio::awaitable<void> Wait(boost::asio::ip::tcp::socket::wait_type direction,
                                    ErrorCode& error);
  boost::asio::awaitable<size_t> ReadPlain(boost::asio::mutable_buffer into, ErrorCode& error);
  size_t TryWriteTls(std::string_view bytes, ErrorCode& error);
  void Explain(ErrorCode& error) const;
  void StartTimer();
  void OnTimer();

  boost::asio::ip::tcp::socket socket_;
  std::unique_ptr<SSL, FreeSsl> ssl_;
  boost::asio::ip::tcp::socket::wait_type write_needs_;
  Timer timer_;
  // The timer is left running when the deadline moves away: a request costs no timer operation.
  Timer::time_point deadline_ = Timer::time_point::max();
  Timer::time_point timer_end_ = Timer::time_point::max();
  bool timer_runs_ = false;
  bool expired_ = false;
  bool failed_ = false;  // TLS is broken: nothing more is said by it
  bool plain_http_ = false;
};

}  // namespace tally::query::http
