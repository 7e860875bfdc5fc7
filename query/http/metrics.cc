#include "query/http/metrics.h"

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>

#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <utility>

namespace tally::query::http {

namespace {

const prometheus::Histogram::BucketBoundaries kSeconds = {
    0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10};

prometheus::Counter& MakeCounter(prometheus::Registry& registry, const char* name,
                                 const char* help) {
  return prometheus::BuildCounter().Name(name).Help(help).Register(registry).Add({});
}

prometheus::Gauge& MakeGauge(prometheus::Registry& registry, const char* name, const char* help) {
  return prometheus::BuildGauge().Name(name).Help(help).Register(registry).Add({});
}

// Series are kept: finding one by its labels costs more than counting.
class CountedRoute final : public RouteMetrics {
 public:
  CountedRoute(std::string route, prometheus::Family<prometheus::Counter>& requests,
               prometheus::Histogram& duration)
      : route_(std::move(route)), requests_(requests), duration_(duration) {}

  void Count(int code, absl::Duration duration) override {
    duration_.Observe(absl::ToDoubleSeconds(duration));
    CounterOf(code).Increment();
  }

 private:
  prometheus::Counter& CounterOf(int code) {
    const std::lock_guard lock(mutex_);
    prometheus::Counter*& counter = by_code_[code];
    if (counter == nullptr) {
      counter = &requests_.Add({{"route", route_}, {"code", std::to_string(code)}});
    }
    return *counter;
  }

  const std::string route_;
  prometheus::Family<prometheus::Counter>& requests_;
  prometheus::Histogram& duration_;
  std::mutex mutex_;
  std::map<int, prometheus::Counter*> by_code_;  // guarded by mutex_
};

}  // namespace

class Metrics::Impl {
 public:
  explicit Impl(prometheus::Registry& registry)
      : in_flight(MakeGauge(registry, "tally_http_requests_in_flight",
                            "HTTP requests being answered now")),
        answers_reused(MakeCounter(registry, "tally_http_answers_reused_total",
                                   "HTTP answers given again, as what they tell had not changed")),
        connections(MakeGauge(registry, "tally_http_connections", "Open HTTP connections")),
        refused(MakeCounter(registry, "tally_http_connections_refused_total",
                            "HTTP connections refused because too many were being worked for")),
        evicted(MakeCounter(registry, "tally_http_connections_evicted_total",
                            "Waiting HTTP connections closed because others needed room")),
        handshakes_failed(MakeCounter(registry, "tally_http_tls_handshakes_failed_total",
                                      "TLS handshakes of HTTP connections that failed")),
        requests_(prometheus::BuildCounter()
                      .Name("tally_http_requests_total")
                      .Help("HTTP requests answered, by route template and status code")
                      .Register(registry)),
        durations_(prometheus::BuildHistogram()
                       .Name("tally_http_request_duration_seconds")
                       .Help("Time from a request read to its response, by route template")
                       .Register(registry)) {}

  CountedRoute& Of(std::string_view route) {
    const std::lock_guard lock(mutex_);
    auto known = routes_.find(route);
    if (known == routes_.end()) {
      std::string name(route);
      auto& duration = durations_.Add({{"route", name}}, kSeconds);
      auto counted = std::make_unique<CountedRoute>(name, requests_, duration);
      known = routes_.emplace(std::move(name), std::move(counted)).first;
    }
    return *known->second;
  }

  prometheus::Gauge& in_flight;
  prometheus::Counter& answers_reused;
  prometheus::Gauge& connections;
  prometheus::Counter& refused;
  prometheus::Counter& evicted;
  prometheus::Counter& handshakes_failed;

 private:
  prometheus::Family<prometheus::Counter>& requests_;
  prometheus::Family<prometheus::Histogram>& durations_;
  std::mutex mutex_;
  std::map<std::string, std::unique_ptr<CountedRoute>, std::less<>> routes_;  // guarded by mutex_
};

Metrics::Metrics(prometheus::Registry& registry) : impl_(std::make_unique<Impl>(registry)) {}
Metrics::~Metrics() = default;

void Metrics::RequestStarted() { impl_->in_flight.Increment(); }

void Metrics::RequestDone(std::string_view route, int code, absl::Duration duration) {
  impl_->in_flight.Decrement();
  impl_->Of(route).Count(code, duration);
}

RouteMetrics& Metrics::Of(std::string_view route) { return impl_->Of(route); }

void Metrics::AnswerReused() { impl_->answers_reused.Increment(); }
void Metrics::ConnectionOpened() { impl_->connections.Increment(); }
void Metrics::ConnectionClosed() { impl_->connections.Decrement(); }
void Metrics::ConnectionRefused() { impl_->refused.Increment(); }
void Metrics::ConnectionsEvicted(size_t count) {
  if (count > 0) impl_->evicted.Increment(static_cast<double>(count));
}
void Metrics::HandshakeFailed() { impl_->handshakes_failed.Increment(); }

}  // namespace tally::query::http
