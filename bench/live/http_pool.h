// Asks one server many things at once: GET over connections that are kept open.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tally::bench {

// One thread: the io_context's. Jobs beyond `connections_max` at a time wait their turn, and their
// callers see that as time: nothing is left out of a measurement because the server was slow.
class HttpPool {
 public:
  // `status` 0: no answer, the connection failed.
  using Done = std::function<void(int status, std::string_view body)>;
  using Headers = std::vector<std::pair<std::string, std::string>>;

  HttpPool(boost::asio::io_context& io, boost::asio::ip::tcp::endpoint server,
           size_t connections_max);
  ~HttpPool();

  void Get(std::string target, Headers headers, Done done);

  size_t unanswered() const { return unanswered_; }

 private:
  struct Connection;
  struct Job {
    std::string target;
    Headers headers;
    Done done;
  };
  boost::asio::awaitable<void> Work(Connection& connection);
  boost::asio::awaitable<void> Do(Connection& connection, Job job);

  boost::asio::io_context& io_;
  const boost::asio::ip::tcp::endpoint server_;
  const size_t connections_max_;
  std::vector<std::unique_ptr<Connection>> connections_;
  std::vector<Connection*> idle_;
  std::deque<Job> jobs_;
  size_t unanswered_ = 0;
};

}  // namespace tally::bench
