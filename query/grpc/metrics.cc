#include "query/grpc/metrics.h"

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>

#include <string>

namespace tally::query::rpc {

class Metrics::Impl {
 public:
  explicit Impl(prometheus::Registry& registry)
      : requests_(prometheus::BuildCounter()
                      .Name("tally_grpc_requests_total")
                      .Help("gRPC calls answered, by method and status code")
                      .Register(registry)),
        durations_(prometheus::BuildHistogram()
                       .Name("tally_grpc_request_duration_seconds")
                       .Help("Time from a gRPC call's request to its response, by method")
                       .Register(registry)),
        in_flight_(prometheus::BuildGauge()
                       .Name("tally_grpc_requests_in_flight")
                       .Help("gRPC calls being answered now")
                       .Register(registry)
                       .Add({})) {}

  prometheus::Family<prometheus::Counter>& requests_;
  prometheus::Family<prometheus::Histogram>& durations_;
  prometheus::Gauge& in_flight_;
};

Metrics::Metrics(prometheus::Registry& registry) : impl_(std::make_unique<Impl>(registry)) {}
Metrics::~Metrics() = default;

void Metrics::RequestStarted() { impl_->in_flight_.Increment(); }

void Metrics::RequestDone(std::string_view method, absl::StatusCode code, absl::Duration duration) {
  static const prometheus::Histogram::BucketBoundaries kSeconds = {
      0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10};
  const std::string name(method);
  impl_->in_flight_.Decrement();
  impl_->requests_.Add({{"method", name}, {"code", absl::StatusCodeToString(code)}}).Increment();
  impl_->durations_.Add({{"method", name}}, kSeconds).Observe(absl::ToDoubleSeconds(duration));
}

}  // namespace tally::query::rpc
