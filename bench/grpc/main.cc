// tally_bench_grpc: how many unary calls a running tallyd answers, and how soon.
#include <CLI/CLI.hpp>
#include <cstdio>

#include "bench/grpc/caller.h"

namespace tally::bench {
namespace {

void Declare(CLI::App& app, CallOptions& options) {
  app.add_option("--server", options.server, "Where tallyd's --grpc-listen is, HOST:PORT")
      ->required();
  app.add_flag("--users", options.users, "Dashboards of users instead of events");
  app.add_option("--id", options.id, "What is asked for; # is a number from 1 to --ids");
  app.add_option("--ids", options.ids, "Numbers to draw from, uniformly")
      ->check(CLI::Range(1, 1 << 30));
  app.add_option("--connections", options.connections)->check(CLI::Range(1, 10'000));
  app.add_option("--in-flight", options.in_flight, "Calls at once of each connection")
      ->check(CLI::Range(1, 100));
  app.add_option("--threads", options.threads, "Of this client")->check(CLI::Range(1, 64));
  app.add_option("--warm-up", options.warm_up_seconds, "Seconds before measuring");
  app.add_option("--seconds", options.seconds, "Seconds measured")->check(CLI::Range(0.1, 3600.0));
  app.add_option("--seed", options.seed);
}

// One JSON object.
void Print(const CallResult& result) {
  const auto ok = static_cast<double>(result.latency_us.size());
  std::printf("{\"calls_per_second\": %.0f, \"latency_us\": {", ok / result.seconds);
  const char* separator = "";
  for (const auto& [name, fraction] :
       {std::pair{"p50", 0.5}, {"p90", 0.9}, {"p99", 0.99}, {"p999", 0.999}, {"max", 1.0}}) {
    std::printf("%s\"%s\": %.0f", separator, name, result.latency_us.Quantile(fraction));
    separator = ", ";
  }
  std::printf("}, \"calls\": {");
  separator = "";
  for (const auto& [code, count] : result.calls) {
    std::printf("%s\"%s\": %lld", separator, code.c_str(), static_cast<long long>(count));
    separator = ", ";
  }
  std::printf("}}\n");
}

}  // namespace
}  // namespace tally::bench

int main(int argc, char** argv) {
  tally::bench::CallOptions options;
  CLI::App app("Unary gRPC calls to a running tallyd, one after the other on every connection.",
               "tally_bench_grpc");
  app.get_formatter()->column_width(40);
  tally::bench::Declare(app, options);
  app.option_defaults()->always_capture_default();
  CLI11_PARSE(app, argc, argv);
  const tally::bench::CallResult result = tally::bench::MeasureCalls(options);
  tally::bench::Print(result);
  // Whatever else was answered, e.g. for ids that are unknown, is no dashboard.
  return result.calls.size() == 1 && !result.latency_us.empty() ? 0 : 1;
}
