// Accepts connections for gRPC, which would take any number of them.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <cstdint>
#include <functional>
#include <memory>

#include "absl/status/statusor.h"
#include "query/grpc/metrics.h"
#include "query/grpc/open_sockets.h"

namespace tally::query::rpc {

class Listener : public std::enable_shared_from_this<Listener> {
 public:
  // Takes over a connected socket, which does not block; on the listener's strand.
  using Take = std::function<void(int listening, int connected)>;

  // Listens; connections wait in the kernel until Begin. Errors of query/listen.h. `metrics` may be
  // null; it must outlive what runs on `executor`.
  static absl::StatusOr<std::shared_ptr<Listener>> Open(
      const boost::asio::any_io_executor& executor, const boost::asio::ip::tcp::endpoint& endpoint,
      OpenSockets::Limits limits, Metrics* metrics);

  uint16_t port() const { return port_; }

  // Hands connections to `take` until Close; those beyond the limits are closed.
  void Begin(Take take);
  // Any thread. `take` may be called for as long as `executor` runs.
  void Close();

 private:
  using tcp = boost::asio::ip::tcp;
  Listener(const boost::asio::any_io_executor& executor, OpenSockets::Limits limits,
           Metrics* metrics);
  boost::asio::awaitable<void> Accept(Take take);
  // The socket's descriptor, which is the caller's from then on; -1: refused, and closed.
  int Admit(tcp::socket socket, const tcp::endpoint& client);

  tcp::acceptor acceptor_;  // on a strand, like the next
  OpenSockets sockets_;
  Metrics* const metrics_;
  uint16_t port_ = 0;
};

}  // namespace tally::query::rpc
