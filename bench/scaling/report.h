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

  void Add(const RunResult& result, int64_t records);
};

struct Report {
  int64_t records = 0;
  size_t value_bytes = 0;
  int partitions = 0;
  int rounds = 0;
  std::vector<Contestant> contestants;  // the first is what the others are compared with

  std::string Table() const;
  std::string Json() const;
};

}  // namespace tally::bench
