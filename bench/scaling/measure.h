// One run of the engine over a log in memory, in a process of its own.
#pragma once

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "bench/scaling/memory_log.h"

namespace tally::bench {

struct RunOptions {
  int workers = 1;
  // The whole process (workers, checkpoints, compaction) may use this many cores; 0: all.
  int cores = 0;
  size_t memory_budget_bytes = size_t{512} << 20;
  std::string state_dir;  // made, and removed after the run
};

struct RunResult {
  double seconds = 0;       // from the first poll until all is durable
  double fold_seconds = 0;  // from the first poll until all is folded
  double cpu_seconds = 0;   // user and system, of the whole process, in `seconds`
  // How long threads of it that could run had no core, in `fold_seconds`: with one worker on an
  // idle machine next to nothing. Much of it says that something else was running.
  double queued_seconds = 0;
  uint64_t participants = 0;
  uint64_t digest_hi = 0, digest_lo = 0;  // sum over the shards
};

// Forks; call while the process has one thread. The state is read back from disk after the run.
absl::StatusOr<RunResult> Measure(const MemoryLog& log, const RunOptions& options);

}  // namespace tally::bench
