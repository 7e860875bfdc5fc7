// The HTTP/1.1 server: one listener, one coroutine a connection, everything bounded. Knows routes
// as a table that it is handed, and nothing of what they answer.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "query/access_log.h"
#include "query/authenticator.h"
#include "query/http/message.h"
#include "query/http/metrics.h"
#include "query/http/ready.h"
#include "query/tls/credentials.h"

namespace tally::query::http {

struct ServerOptions {
  std::string address = "127.0.0.1";  // an IP address, not a name; IPv6 without brackets
  uint16_t port = 0;                  // 0: any free one, see Server::port()
  int threads = 1;                    // of its own, >= 1; a connection stays with one

  // null: plain HTTP. It outlives the server; connections begin with what is current.
  tls::CredentialStore* credentials = nullptr;

  // What one who is too many costs another: see connections.h. Where nobody can go: 503.
  size_t connections_max = 2048;
  size_t connections_per_client_max = 1536;  // leaves room beside a reverse proxy gone wild
  absl::Duration newcomer_grace = absl::Milliseconds(250);  // see connections.h
  size_t requests_max = 10'000;                             // on one connection
  size_t header_bytes_max = 16 << 10;   // request line and headers together; beyond: 431
  size_t target_bytes_max = 8 << 10;    // beyond: 414
  size_t body_bytes_max = 8 << 10;      // read and ignored; beyond: 413
  size_t backlog_bytes_max = 32 << 20;  // answers waiting for slow clients, all together

  absl::Duration read_timeout = absl::Seconds(10);  // TLS handshake; a request's first to last byte
  absl::Duration write_timeout = absl::Seconds(30);  // for one whole response
  absl::Duration idle_timeout = absl::Seconds(75);   // between requests of a connection
  absl::Duration lifetime_max = absl::Hours(1);      // then the next answer is the last

  std::function<absl::Time()> clock = absl::Now;  // for the Date header

  std::vector<std::string> cors_origins;  // see cors.h
  AccessLog* access_log = nullptr;        // null: none; it outlives the server

  // Asked on routes that need a viewer; null: nobody is asked. It outlives the server.
  const Authenticator* authenticator = nullptr;

  // Asked before the routes; null: there are none. They outlive the server.
  ReadyAnswers* ready = nullptr;
};

class Server {
 public:
  // Binds, listens and serves from its own threads. Errors: kInvalidArgument (not an IP address),
  // kFailedPrecondition (port in use, address not of this machine, not permitted); the message
  // names address and port and says what to do. `metrics` may be null; it must outlive the server.
  static absl::StatusOr<std::unique_ptr<Server>> Start(ServerOptions options,
                                                       std::vector<Route> routes, Metrics* metrics);
  // Drain(0) if that was not done, then waits until every handler has returned: handlers are
  // bounded, so what they use (readers, shards) must still answer while a server is destroyed.
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  const std::string& address() const { return address_; }  // as bound
  uint16_t port() const;

  // From now on every answer is its connection's last; new connections are still taken. Any thread.
  void BeginDrain();
  // Stops accepting, closes idle connections, lets requests in flight finish for at most `grace`,
  // then closes what is left. Blocks; any thread but the server's own. True: nothing was cut off.
  bool Drain(absl::Duration grace);

 private:
  class Impl;
  explicit Server(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
  std::string address_;
};

}  // namespace tally::query::http
