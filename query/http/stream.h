// One TCP connection, plain or TLS, with one deadline for whatever is waited for. OpenSSL works on
// the socket itself: Asio's TLS stream would keep some 70 KB a connection for its own buffers.
#pragma once

#include <openssl/ssl.h>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/system/error_code.hpp>
#include <chrono>
#include <memory>
#include <string_view>
#include <utility>

namespace tally::query::http {

// Everything runs on the socket's executor, of one thread. SIGPIPE must be blocked or ignored in
// its threads.
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

  // As Read, without a coroutine: calls handler(error, bytes), never from within.
  template <class Handler>
  void AsyncRead(boost::asio::mutable_buffer into, Handler handler);
  // At least one byte, or `error`; eof when the client has closed.
  boost::asio::awaitable<size_t> Read(boost::asio::mutable_buffer into, ErrorCode& error);
  // Does not wait: as many bytes as the socket takes now, perhaps 0.
  size_t TryWrite(std::string_view bytes, ErrorCode& error);
  boost::asio::awaitable<void> Write(std::string_view bytes, ErrorCode& error);
  // Past TLS, for what is said to somebody who does not speak it; does not wait.
  void WritePlain(std::string_view bytes);

  using Clock = std::chrono::steady_clock;
  // What is waited for from now on fails with timed_out `time` after `now`.
  void ExpiresAfter(std::chrono::nanoseconds time, Clock::time_point now = Clock::now());
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

  // OpenSSL knows the socket by its number, which is somebody else's once the socket is closed.
  bool IsClosed(ErrorCode& error) const;
  // One step of OpenSSL: what is waited for next, or the step's result in `error`.
  bool MustWait(int result, ErrorCode& error, boost::asio::ip::tcp::socket::wait_type& direction);
  boost::asio::awaitable<void> Wait(boost::asio::ip::tcp::socket::wait_type direction,
                                    ErrorCode& error);
  boost::asio::awaitable<size_t> ReadPlain(boost::asio::mutable_buffer into, ErrorCode& error);
  size_t TryWriteTls(std::string_view bytes, ErrorCode& error);
  // False: `direction` must be waited for; otherwise `bytes` or `error` is set.
  bool TryReadTls(boost::asio::mutable_buffer into, size_t& bytes, ErrorCode& error,
                  boost::asio::ip::tcp::socket::wait_type& direction);
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

template <class Handler>
void Stream::AsyncRead(boost::asio::mutable_buffer into, Handler handler) {
  namespace asio = boost::asio;
  ErrorCode error = expired_ ? ErrorCode(asio::error::timed_out) : ErrorCode();
  size_t bytes = 0;
  auto direction = asio::ip::tcp::socket::wait_read;
  if (error || (ssl_ != nullptr && TryReadTls(into, bytes, error, direction))) {
    return asio::post(socket_.get_executor(), [handler = std::move(handler), error,
                                               bytes]() mutable { handler(error, bytes); });
  }
  if (ssl_ == nullptr) {
    return socket_.async_read_some(
        into, [this, handler = std::move(handler)](ErrorCode done, size_t read) mutable {
          Explain(done);
          handler(done, read);
        });
  }
  socket_.async_wait(direction, [this, into, handler = std::move(handler)](ErrorCode done) mutable {
    Explain(done);
    if (done) return handler(done, 0);
    AsyncRead(into, std::move(handler));
  });
}

}  // namespace tally::query::http
