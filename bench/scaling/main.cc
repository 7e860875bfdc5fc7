// tally_bench_scaling: one worker thread against two, on the real engine with real stores and a log
// in memory. The contestants alternate, each run is a process of its own on an empty directory, and
// all must end in the same state.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <fstream>
#include <optional>
#include <string>
#include <thread>

#include "absl/strings/str_cat.h"
#include "bench/scaling/measure.h"
#include "bench/scaling/memory_log.h"
#include "bench/scaling/report.h"

namespace tally::bench {
namespace {

struct Options {
  cli::SyntheticOptions load;
  int partitions = 4;
  int rounds = 5;
  int memory_budget_mib = 512;
  std::string format = "json";
  std::string state_dir;
  std::string json;
};

int Fail(const std::string& why) {
  std::fprintf(stderr, "tally_bench_scaling: %s\n", why.c_str());
  return 1;
}

// All runs must end with the same participants and the same digest.
absl::Status CheckSame(const RunResult& result, const RunResult& first, int64_t participants) {
  if (result.participants != static_cast<uint64_t>(participants)) {
    return absl::InternalError(
        absl::StrCat("counted ", result.participants, " participants of ", participants));
  }
  if (result.digest_hi != first.digest_hi || result.digest_lo != first.digest_lo) {
    return absl::InternalError("two runs over the same records have different digests");
  }
  return absl::OkStatus();
}

absl::Status RunRounds(const MemoryLog& log, const Options& options, Report& report) {
  std::optional<RunResult> first;
  for (int round = 0; round < options.rounds; ++round) {
    for (auto& contestant : report.contestants) {
      RunOptions run;
      run.workers = contestant.workers;
      run.cores = contestant.cores;
      run.memory_budget_bytes = static_cast<size_t>(options.memory_budget_mib) << 20;
      run.state_dir = options.state_dir + "/scaling";
      const auto result = Measure(log, run);
      if (!result.ok()) return result.status();
      if (!first) first = *result;
      auto status = CheckSame(*result, *first, options.load.participants);
      if (!status.ok()) return status;
      contestant.Add(*result, log.records());
      std::fprintf(stderr, "round %d, %s: %.0f records/s (folded after %.2f s, durable %.2f s)\n",
                   round + 1, contestant.name.c_str(),
                   static_cast<double>(log.records()) / result->seconds, result->fold_seconds,
                   result->seconds);
    }
  }
  return absl::OkStatus();
}

int Run(Options options) {
  options.load.format = options.format == "protobuf" ? cli::Format::kProtobuf : cli::Format::kJson;
  options.load.topic_prefix = "bench.";
  options.load.start = 1'767'225'600'000;  // 2026-01-01
  if (auto status = cli::Check(options.load); !status.ok()) return Fail(status.ToString());
  const MemoryLog log(options.load, options.partitions);

  Report report;
  report.records = log.records();
  report.value_bytes = log.value_bytes();
  report.partitions = options.partitions;
  report.rounds = options.rounds;
  report.cores = static_cast<int>(std::thread::hardware_concurrency());
  report.contestants = {{.name = "1 worker", .workers = 1},
                        {.name = "2 workers", .workers = 2},
                        {.name = "1 worker on 1 core", .workers = 1, .cores = 1}};
  // The same as "2 workers" where there are no more.
  if (report.cores > 2) {
    report.contestants.push_back({.name = "2 workers on 2 cores", .workers = 2, .cores = 2});
  }
  if (auto status = RunRounds(log, options, report); !status.ok()) return Fail(status.ToString());
  std::fputs(report.Table().c_str(), stdout);
  if (options.json.empty()) return 0;
  std::ofstream file(options.json);
  file << report.Json();
  return file.flush() ? 0 : Fail("cannot write " + options.json);
}

}  // namespace
}  // namespace tally::bench

int main(int argc, char** argv) {
  tally::bench::Options options;
  options.load.participants = 4'000'000;
  options.load.events = 10'000;
  options.load.skew = 1;
  CLI::App app("One worker thread against two, on a log in memory.");
  const auto add = [&app](const char* name, auto& value, const char* help) {
    return app.add_option(name, value, help)->capture_default_str();
  };
  add("--participants", options.load.participants, "distinct participants in the log");
  add("--events", options.load.events, "events that they take part in");
  add("--skew", options.load.skew, "Zipf exponent of participants over events");
  add("--duplicates", options.load.duplicates, "participants sent again, as a fraction");
  add("--format", options.format, "json or protobuf")->check(CLI::IsMember({"json", "protobuf"}));
  add("--partitions", options.partitions, "partitions, shared out among the workers")
      ->check(CLI::Range(2, 1000));
  add("--rounds", options.rounds, "runs of each contestant")->check(CLI::Range(1, 1000));
  add("--memory-budget-mib", options.memory_budget_mib, "tallyd's --memory-budget, MiB")
      ->check(CLI::Range(16, 1 << 20));
  app.add_option("--state-dir", options.state_dir, "existing directory to keep state below")
      ->required()
      ->check(CLI::ExistingDirectory);
  app.add_option("--json", options.json, "also write the numbers to this file");
  CLI11_PARSE(app, argc, argv);
  return tally::bench::Run(options);
}
