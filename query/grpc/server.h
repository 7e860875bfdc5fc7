// The gRPC server: tally.v1.QueryService, grpc.health.v1.Health and server reflection on one
// listener, everything bounded.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "query/access_log.h"
#include "query/authenticator.h"
#include "query/grpc/metrics.h"
#include "query/reader.h"
#include "query/service.h"
#include "query/tls/credentials.h"

namespace tally::query::rpc {

struct ServerOptions {
  std::string address = "127.0.0.1";  // an IP address, not a name; IPv6 without brackets
  uint16_t port = 0;                  // 0: any free one, see Server::port()
  const tls::CredentialStore* credentials = nullptr;  // null: plaintext; must outlive the server
  AccessLog* access_log = nullptr;                    // null: none; must outlive the server
  int threads = 1;  // that compute answers, >= 1; gRPC has a few of its own

  size_t calls_max = 1024;                   // at once; beyond: RESOURCE_EXHAUSTED
  size_t connections_max = 2048;             // beyond: closed when accepted
  size_t connections_per_client_max = 1536;  // an IPv4 address, or the /64 of an IPv6 address
  int calls_per_connection_max = 100;        // at once; a client holds back what is beyond
  int request_bytes_max = 64 << 10;          // beyond: RESOURCE_EXHAUSTED
  int metadata_bytes_max = 16 << 10;         // of a request; beyond: RESOURCE_EXHAUSTED
  size_t memory_bytes_max = 64 << 20;        // of all connections' buffers together
  absl::Duration handshake_timeout = absl::Seconds(10);
  absl::Duration idle_timeout = absl::Minutes(5);         // of a connection without calls
  absl::Duration connection_age_max = absl::Minutes(30);  // then clients connect anew, elsewhere
  absl::Duration connection_age_grace = absl::Seconds(30);
  absl::Duration keepalive_interval = absl::Minutes(1);     // a peer that is gone is noticed
  size_t watches_max = 100;                                 // of health; beyond: as calls_max
  absl::Duration health_interval = absl::Milliseconds(50);  // between two looks, for who watches
};

class Server {
 public:
  // Binds, listens and serves. Health is NOT_SERVING until `health` is ready, both for "" and for
  // tally.v1.QueryService. Errors as those of http::Server::Start. `authenticator` (null: nobody is
  // asked) is for QueryService only: health and reflection are open. All references and pointers
  // must outlive the server; `metrics` may be null.
  static absl::StatusOr<std::unique_ptr<Server>> Start(ServerOptions options, Service& service,
                                                       const HealthSource& health,
                                                       const Authenticator* authenticator,
                                                       Metrics* metrics);
  // Drain(0) if that was not done, then waits until every call is over.
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  const std::string& address() const;  // as bound
  uint16_t port() const;

  // Health says NOT_SERVING for good, further calls are refused as UNAVAILABLE. Does not block.
  void BeginDrain();
  // Also lets calls in flight finish for at most `grace`, cancels what is left, and closes all
  // connections. Blocks. True: nothing was cut off.
  bool Drain(absl::Duration grace);

 private:
  class Impl;
  explicit Server(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace tally::query::rpc
