#include "query/http/metrics.h"

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>

#include <string>

namespace tally::query::http {

class Metrics::Impl {
 public:
  explicit Impl(prometheus::Registry& registry)
      : requests_(prometheus::BuildCounter()
                      .Name("tally_http_requests_total")
                      .Help("HTTP requests answered, by route template and status code")
                      .Register(registry)),
        durations_(prometheus::BuildHistogram()
                       .Name("tally_http_request_duration_seconds")
                       .Help("Time from a request's header to its response, by route template")
                       .Register(registry)),
        in_flight_(prometheus::BuildGauge()
                       .Name("tally_http_requests_in_flight")
                       .Help("HTTP requests being answered now")
                       .Register(registry)
                       .Add({})),
        connections_(prometheus::BuildGauge()
                         .Name("tally_http_connections")
                         .Help("Open HTTP connections")
                         .Register(registry)
                         .Add({})),
        refused_(prometheus::BuildCounter()
                     .Name("tally_http_connections_refused_total")
                     .Help("HTTP connections refused because too many were open")
                     .Register(registry)
                     .Add({})) {}

  prometheus::Family<prometheus::Counter>& requests_;
  prometheus::Family<prometheus::Histogram>& durations_;
  prometheus::Gauge& in_flight_;
  prometheus::Gauge& connections_;
  prometheus::Counter& refused_;
};

Metrics::Metrics(prometheus::Registry& registry) : impl_(std::make_unique<Impl>(registry)) {}
Metrics::~Metrics() = default;

void Metrics::RequestStarted() { impl_->in_flight_.Increment(); }

void Metrics::RequestDone(std::string_view route, int code, absl::Duration duration) {
  static const prometheus::Histogram::BucketBoundaries kSeconds = {
      0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10};
  const std::string name(route);
  impl_->in_flight_.Decrement();
  impl_->requests_.Add({{"route", name}, {"code", std::to_string(code)}}).Increment();
  impl_->durations_.Add({{"route", name}}, kSeconds).Observe(absl::ToDoubleSeconds(duration));
}

void Metrics::ConnectionOpened() { impl_->connections_.Increment(); }
void Metrics::ConnectionClosed() { impl_->connections_.Decrement(); }
void Metrics::ConnectionRefused() { impl_->refused_.Increment(); }

}  // namespace tally::query::http
