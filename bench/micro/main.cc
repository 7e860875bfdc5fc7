// tally_bench_micro: Google Benchmark's flags, e.g. --benchmark_filter=Fold.
#include <benchmark/benchmark.h>

#include <cstdlib>

#include "bench/micro/temporary_folder.h"

int main(int argc, char** argv) {
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
  // At exit: after the last static object that has files there.
  std::atexit(&tally::bench::RemoveTemporaryFolder);
  benchmark::RunSpecifiedBenchmarks();
  benchmark::Shutdown();
  return 0;
}
