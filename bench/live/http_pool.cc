#include "bench/live/http_pool.h"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <chrono>

namespace tally::bench {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using asio::ip::tcp;

namespace {

constexpr auto kNoThrow = asio::as_tuple(asio::use_awaitable);
constexpr std::chrono::seconds kAnswerLimit{10};

}  // namespace

struct HttpPool::Connection {
  explicit Connection(asio::io_context& io) : stream(io) {}

  beast::tcp_stream stream;
  beast::flat_buffer buffer;
  bool open = false;
};

HttpPool::HttpPool(asio::io_context& io, tcp::endpoint server, size_t connections_max)
    : io_(io), server_(std::move(server)), connections_max_(connections_max) {}

HttpPool::~HttpPool() = default;

void HttpPool::Get(std::string target, Headers headers, Done done) {
  ++unanswered_;
  jobs_.push_back({std::move(target), std::move(headers), std::move(done)});
  Connection* connection = nullptr;
  if (!idle_.empty()) {
    connection = idle_.back();
    idle_.pop_back();
  } else if (connections_.size() < connections_max_) {
    connections_.push_back(std::make_unique<Connection>(io_));
    connection = connections_.back().get();
  } else {
    return;
  }
  asio::co_spawn(io_, Work(*connection), asio::detached);
}

asio::awaitable<void> HttpPool::Work(Connection& connection) {
  while (!jobs_.empty()) {
    Job job = std::move(jobs_.front());
    jobs_.pop_front();
    co_await Do(connection, std::move(job));
  }
  idle_.push_back(&connection);
}

asio::awaitable<void> HttpPool::Do(Connection& connection, Job job) {
  http::request<http::empty_body> request(http::verb::get, job.target, 11);
  request.set(http::field::host, "tally");
  for (const auto& [name, value] : job.headers) request.set(name, value);
  http::response<http::string_body> response;
  beast::error_code error;

  connection.stream.expires_after(kAnswerLimit);
  if (!connection.open) {
    connection.stream.close();
    connection.buffer.clear();
    std::tie(error) = co_await connection.stream.async_connect(server_, kNoThrow);
    if (!error) connection.stream.socket().set_option(tcp::no_delay(true), error);
  }
  if (!error) {
    error = std::get<0>(co_await http::async_write(connection.stream, request, kNoThrow));
  }
  if (!error) {
    error = std::get<0>(
        co_await http::async_read(connection.stream, connection.buffer, response, kNoThrow));
  }
  connection.stream.expires_never();
  connection.open = !error && response.keep_alive();
  --unanswered_;
  job.done(error ? 0 : static_cast<int>(response.result_int()), response.body());
}

}  // namespace tally::bench
