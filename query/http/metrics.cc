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

  void Count(std::string_view route, int code, double seconds) {
    const std::lock_guard lock(mutex_);
    auto known = routes_.find(route);
    if (known == routes_.end()) {
      std::string name(route);
      auto& duration = durations_.Add({{"route", name}}, kSeconds);
      known = routes_.emplace(std::move(name), Series{duration, {}}).first;
    }
    known->second.duration.Observe(seconds);
    CounterOf(known->first, known->second, code).Increment();
  }

  prometheus::Gauge& in_flight;
  prometheus::Counter& answers_reused;
  prometheus::Gauge& connections;
  prometheus::Counter& refused;
  prometheus::Counter& evicted;
  prometheus::Counter& handshakes_failed;

 private:
  // What a family hands out for labels, kept: finding it there costs more than counting.
  struct Series {
    prometheus::Histogram& duration;
    std::map<int, prometheus::Counter*> by_code;
  };

  prometheus::Counter& CounterOf(const std::string& route, Series& series, int code) {
    prometheus::Counter*& counter = series.by_code[code];
    if (counter == nullptr) {
      counter = &requests_.Add({{"route", route}, {"code", std::to_string(code)}});
    }
    return *counter;
  }

  prometheus::Family<prometheus::Counter>& requests_;
  prometheus::Family<prometheus::Histogram>& durations_;
  std::mutex mutex_;
  std::map<std::string, Series, std::less<>> routes_;  // guarded by mutex_
};

Metrics::Metrics(prometheus::Registry& registry) : impl_(std::make_unique<Impl>(registry)) {}
Metrics::~Metrics() = default;

void Metrics::RequestStarted() { impl_->in_flight.Increment(); }

void Metrics::RequestDone(std::string_view route, int code, absl::Duration duration) {
  impl_->in_flight.Decrement();
  impl_->Count(route, code, absl::ToDoubleSeconds(duration));
}

void Metrics::AnswerReused() { impl_->answers_reused.Increment(); }
void Metrics::ConnectionOpened() { impl_->connections.Increment(); }
void Metrics::ConnectionClosed() { impl_->connections.Decrement(); }
void Metrics::ConnectionRefused() { impl_->refused.Increment(); }
void Metrics::ConnectionsEvicted(size_t count) {
  if (count > 0) impl_->evicted.Increment(static_cast<double>(count));
}
void Metrics::HandshakeFailed() { impl_->handshakes_failed.Increment(); }

}  // namespace tally::query::http
