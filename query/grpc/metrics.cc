#include "query/grpc/metrics.h"

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>

#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <utility>

namespace tally::query::rpc {
namespace {

const prometheus::Histogram::BucketBoundaries kSeconds = {
    0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10};

}  // namespace

class Metrics::Impl {
 public:
  explicit Impl(prometheus::Registry& registry)
      : in_flight(prometheus::BuildGauge()
                      .Name("tally_grpc_requests_in_flight")
                      .Help("gRPC calls being answered now")
                      .Register(registry)
                      .Add({})),
        refused(prometheus::BuildCounter()
                    .Name("tally_grpc_connections_refused_total")
                    .Help("gRPC connections refused because too many were open")
                    .Register(registry)
                    .Add({})),
        requests_(prometheus::BuildCounter()
                      .Name("tally_grpc_requests_total")
                      .Help("gRPC calls answered, by method and status code")
                      .Register(registry)),
        durations_(prometheus::BuildHistogram()
                       .Name("tally_grpc_request_duration_seconds")
                       .Help("Time from a gRPC call's request to its response, by method")
                       .Register(registry)) {}

  void Count(std::string_view method, absl::StatusCode code, double seconds) {
    const std::lock_guard lock(mutex_);
    auto known = methods_.find(method);
    if (known == methods_.end()) {
      std::string name(method);
      auto& duration = durations_.Add({{"method", name}}, kSeconds);
      known = methods_.emplace(std::move(name), Series{duration, {}}).first;
    }
    known->second.duration.Observe(seconds);
    CounterOf(known->first, known->second, code).Increment();
  }

  prometheus::Gauge& in_flight;
  prometheus::Counter& refused;

 private:
  // What a family hands out for labels, kept: finding it there costs more than counting.
  struct Series {
    prometheus::Histogram& duration;
    std::map<absl::StatusCode, prometheus::Counter*> by_code;
  };

  prometheus::Counter& CounterOf(const std::string& method, Series& series, absl::StatusCode code) {
    prometheus::Counter*& counter = series.by_code[code];
    if (counter == nullptr) {
      counter = &requests_.Add({{"method", method}, {"code", absl::StatusCodeToString(code)}});
    }
    return *counter;
  }

  prometheus::Family<prometheus::Counter>& requests_;
  prometheus::Family<prometheus::Histogram>& durations_;
  std::mutex mutex_;
  std::map<std::string, Series, std::less<>> methods_;  // guarded by mutex_
};

Metrics::Metrics(prometheus::Registry& registry) : impl_(std::make_unique<Impl>(registry)) {}
Metrics::~Metrics() = default;

void Metrics::RequestStarted() { impl_->in_flight.Increment(); }

void Metrics::RequestDone(std::string_view method, absl::StatusCode code, absl::Duration duration) {
  impl_->in_flight.Decrement();
  impl_->Count(method, code, absl::ToDoubleSeconds(duration));
}

void Metrics::ConnectionRefused() { impl_->refused.Increment(); }

}  // namespace tally::query::rpc
