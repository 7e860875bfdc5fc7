// What is told of the runs: a table for people, JSON for bench/run.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "bench/common/samples.h"
#include "bench/scaling/measure.h"

namespace tally::bench {

// One way to run the engine, with what was measured of it, round by round.
struct Contestant {
  std::string name;  // stable: a key of the JSON
  int workers = 1;
  int cores = 0;  // 0: all
  Samples records_per_second;
  Samples cpu_us_per_record;
  Samples cores_used;
  Samples threads_queued;  // on average, for want of a core

  void Add(const RunResult& result, int64_t records);
};

// Two contestants compared.
struct Comparison {
  std::string name;
  double ratio = 0;
  // What the ratio could be at best on this machine: its cores over those that `base` kept busy.
  double bound = 0;
};

struct Report {
  int64_t records = 0;
  size_t value_bytes = 0;
  int partitions = 0;
  int rounds = 0;
  int cores = 0;  // of the machine
  std::vector<Contestant> contestants;

  // Two workers against one: with all cores for both, and with a core for each worker.
  std::vector<Comparison> Comparisons() const;
  std::string Table() const;
  std::string Json() const;
};

}  // namespace tally::bench
