// What the gRPC server counts. Labels are methods and status codes, never ids.
#pragma once

#include <memory>
#include <string_view>

#include "absl/status/status.h"
#include "absl/time/time.h"

namespace prometheus {
class Registry;
}

namespace tally::query::rpc {

// Thread-safe. The registry must outlive it.
//   tally_grpc_requests_total{method,code}         counter; code as gRPC names it, e.g. NOT_FOUND
//   tally_grpc_request_duration_seconds{method}    histogram: request read to response handed over
//   tally_grpc_requests_in_flight                  gauge
//   tally_grpc_connections_refused_total           counter: over the limits of connections
class Metrics {
 public:
  explicit Metrics(prometheus::Registry& registry);
  ~Metrics();
  Metrics(const Metrics&) = delete;
  Metrics& operator=(const Metrics&) = delete;

  void RequestStarted();
  // `code`: gRPC's, whose numbers and names are absl's.
  void RequestDone(std::string_view method, absl::StatusCode code, absl::Duration duration);
  void ConnectionRefused();

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace tally::query::rpc
