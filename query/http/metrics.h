// What the HTTP server counts. Labels are route templates and status codes, never ids.
#pragma once

#include <cstddef>
#include <memory>
#include <string_view>

#include "absl/time/time.h"

namespace prometheus {
class Registry;
}

namespace tally::query::http {

// One route's. Thread-safe; as long as its Metrics.
class RouteMetrics {
 public:
  virtual ~RouteMetrics() = default;
  virtual void Count(int code, absl::Duration duration) = 0;
};

// Thread-safe. The registry must outlive it.
//   tally_http_requests_total{route,code}             counter
//   tally_http_request_duration_seconds{route}        histogram: request read to response ready
//   tally_http_requests_in_flight                     gauge
//   tally_http_answers_reused_total                   counter: what they tell had not changed
//   tally_http_connections                            gauge: open
//   tally_http_connections_refused_total              counter: too many, and none could be closed
//   tally_http_connections_evicted_total              counter: closed for others' sake
//   tally_http_tls_handshakes_failed_total            counter
class Metrics {
 public:
  explicit Metrics(prometheus::Registry& registry);
  ~Metrics();
  Metrics(const Metrics&) = delete;
  Metrics& operator=(const Metrics&) = delete;

  void RequestStarted();
  // `route`: the template that matched, or "unmatched" for everything else.
  void RequestDone(std::string_view route, int code, absl::Duration duration);
  // For whoever would look it up again and again; what has no in-flight time is counted by it.
  RouteMetrics& Of(std::string_view route);
  void AnswerReused();
  void ConnectionOpened();
  void ConnectionClosed();
  void ConnectionRefused();
  void ConnectionsEvicted(size_t count);
  void HandshakeFailed();

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace tally::query::http
