#include "query/http/stream.h"

#include <openssl/err.h>

#include <algorithm>
#include <array>
#include <boost/asio/error.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <limits>
#include <utility>

namespace tally::query::http {
namespace {

namespace asio = boost::asio;
using asio::awaitable;
using asio::ip::tcp;

constexpr size_t kTlsChunkBytesMax = size_t{1} << 30;

bool WouldBlock(const Stream::ErrorCode& error) {
  return error == asio::error::would_block || error == asio::error::try_again;
}

Stream::ErrorCode SystemError() {
  const int number = errno;
  return number == 0 ? Stream::ErrorCode(asio::error::eof)
                     : Stream::ErrorCode(number, boost::system::system_category());
}

}  // namespace

Stream::Stream(tcp::socket socket, SSL_CTX* context)
    : socket_(std::move(socket)),
      write_needs_(tcp::socket::wait_write),
      timer_(socket_.get_executor()) {
  ErrorCode ignored;
  socket_.non_blocking(true, ignored);
  if (context == nullptr) return;
  ssl_.reset(SSL_new(context));
  SSL_set_fd(ssl_.get(), socket_.native_handle());
  SSL_set_accept_state(ssl_.get());
}

awaitable<Stream::ErrorCode> Stream::Handshake() {
  ErrorCode error;
  while (ssl_ != nullptr) {
    if (IsClosed(error)) break;
    ERR_clear_error();
    auto direction = tcp::socket::wait_read;
    const int result = SSL_do_handshake(ssl_.get());
    if (result == 1) break;
    plain_http_ = ERR_GET_REASON(ERR_peek_error()) == SSL_R_HTTP_REQUEST;
    if (!MustWait(result, error, direction)) break;
    co_await Wait(direction, error);
    if (error) break;
  }
  co_return error;
}

bool Stream::IsClosed(ErrorCode& error) const {
  if (!socket_.is_open()) error = asio::error::operation_aborted;
  return !socket_.is_open();
}

bool Stream::MustWait(int result, ErrorCode& error, tcp::socket::wait_type& direction) {
  switch (SSL_get_error(ssl_.get(), result)) {
    case SSL_ERROR_WANT_READ:
      direction = tcp::socket::wait_read;
      return true;
    case SSL_ERROR_WANT_WRITE:
      direction = tcp::socket::wait_write;
      return true;
    case SSL_ERROR_ZERO_RETURN:
      error = asio::error::eof;
      return false;
    case SSL_ERROR_SYSCALL:
      error = SystemError();
      break;
    default:
      error = asio::error::connection_refused;
  }
  failed_ = true;
  ERR_clear_error();
  return false;
}

awaitable<void> Stream::Wait(tcp::socket::wait_type direction, ErrorCode& error) {
  if (expired_) {
    error = asio::error::timed_out;
    co_return;
  }
  co_await socket_.async_wait(direction, asio::redirect_error(asio::use_awaitable, error));
  Explain(error);
}

void Stream::Explain(ErrorCode& error) const {
  if (error == asio::error::operation_aborted && expired_) error = asio::error::timed_out;
}

awaitable<size_t> Stream::Read(asio::mutable_buffer into, ErrorCode& error) {
  if (ssl_ == nullptr) co_return co_await ReadPlain(into, error);
  size_t bytes = 0;
  auto direction = tcp::socket::wait_read;
  while (!TryReadTls(into, bytes, error, direction)) {
    co_await Wait(direction, error);
    if (error) co_return 0;
  }
  co_return bytes;
}

bool Stream::TryReadTls(asio::mutable_buffer into, size_t& bytes, ErrorCode& error,
                        tcp::socket::wait_type& direction) {
  if (IsClosed(error)) return true;
  ERR_clear_error();
  const int result = SSL_read_ex(ssl_.get(), into.data(), into.size(), &bytes);
  return result == 1 || !MustWait(result, error, direction);
}

awaitable<size_t> Stream::ReadPlain(asio::mutable_buffer into, ErrorCode& error) {
  if (expired_) {
    error = asio::error::timed_out;
    co_return 0;
  }
  const size_t bytes =
      co_await socket_.async_read_some(into, asio::redirect_error(asio::use_awaitable, error));
  Explain(error);
  co_return bytes;
}

size_t Stream::TryWrite(std::string_view bytes, ErrorCode& error) {
  if (ssl_ != nullptr) return TryWriteTls(bytes, error);
  size_t sent = 0;
  while (sent < bytes.size() && !error) {
    sent += socket_.write_some(asio::buffer(bytes.data() + sent, bytes.size() - sent), error);
  }
  if (WouldBlock(error)) {
    write_needs_ = tcp::socket::wait_write;
    error = {};
  }
  return sent;
}

size_t Stream::TryWriteTls(std::string_view bytes, ErrorCode& error) {
  size_t sent = 0;
  while (sent < bytes.size() && !IsClosed(error)) {
    ERR_clear_error();
    size_t step = 0;
    const size_t chunk = std::min(bytes.size() - sent, kTlsChunkBytesMax);
    const int result = SSL_write_ex(ssl_.get(), bytes.data() + sent, chunk, &step);
    if (result != 1) {
      MustWait(result, error, write_needs_);
      break;
    }
    sent += step;
  }
  return sent;
}

awaitable<void> Stream::Write(std::string_view bytes, ErrorCode& error) {
  while (true) {
    bytes.remove_prefix(TryWrite(bytes, error));
    if (bytes.empty() || error) co_return;
    co_await Wait(write_needs_, error);
    if (error) co_return;
  }
}

void Stream::WritePlain(std::string_view bytes) {
  ErrorCode ignored;
  socket_.write_some(asio::buffer(bytes.data(), bytes.size()), ignored);
}

void Stream::ExpiresAfter(std::chrono::nanoseconds time, Clock::time_point now) {
  expired_ = false;
  deadline_ = now + time;
  if (!timer_runs_ || deadline_ < timer_end_) StartTimer();
}

void Stream::StartTimer() {
  timer_runs_ = true;
  timer_end_ = deadline_;
  timer_.expires_at(deadline_);
  timer_.async_wait([self = shared_from_this()](const ErrorCode& error) {
    if (!error) self->OnTimer();
  });
}

void Stream::OnTimer() {
  timer_runs_ = false;
  if (!socket_.is_open()) return;
  if (Timer::clock_type::now() < deadline_) return StartTimer();
  expired_ = true;
  Cancel();
}

void Stream::Cancel() {
  ErrorCode ignored;
  socket_.cancel(ignored);
}

awaitable<void> Stream::Linger(size_t bytes_max) {
  ErrorCode error;
  if (ssl_ != nullptr && !failed_ && socket_.is_open() && SSL_is_init_finished(ssl_.get())) {
    ERR_clear_error();
    SSL_shutdown(ssl_.get());
  }
  socket_.shutdown(tcp::socket::shutdown_send, error);
  std::array<char, 2048> sink;
  size_t bytes = 0;
  while (!error && bytes < bytes_max) {
    bytes += co_await ReadPlain(asio::buffer(sink), error);
  }
}

void Stream::Close() {
  ErrorCode ignored;
  timer_.cancel();
  socket_.close(ignored);
}

}  // namespace tally::query::http
