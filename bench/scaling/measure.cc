#include "bench/scaling/measure.h"

#include <prometheus/registry.h>
#include <sched.h>
#include <spdlog/spdlog.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>

#include "absl/strings/str_cat.h"
#include "processor/metrics.h"
#include "processor/rows.h"
#include "processor/shard_reader.h"
#include "processor/shard_store.h"
#include "store/rocks_store.h"

namespace tally::bench {
namespace {

using Clock = std::chrono::steady_clock;

constexpr absl::Duration kRunLimit = absl::Minutes(30);
constexpr absl::Duration kFinishLimit = absl::Minutes(2);

double Seconds(Clock::duration time) { return std::chrono::duration<double>(time).count(); }

double CpuSeconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

// Of the threads that there are now (man 5 proc: schedstat, the second number, nanoseconds).
double QueuedSeconds() {
  double seconds = 0;
  std::error_code ignored;
  for (const auto& task : std::filesystem::directory_iterator("/proc/self/task", ignored)) {
    std::ifstream file(task.path() / "schedstat");
    double ran = 0;
    double queued = 0;
    if (file >> ran >> queued) seconds += queued / 1e9;
  }
  return seconds;
}

absl::Status Confine(int cores) {
  if (cores <= 0) return absl::OkStatus();
  cpu_set_t allowed;
  cpu_set_t chosen;
  CPU_ZERO(&chosen);
  if (sched_getaffinity(0, sizeof allowed, &allowed) != 0) {
    return absl::InternalError(std::strerror(errno));
  }
  for (int cpu = 0; cpu < CPU_SETSIZE && CPU_COUNT(&chosen) < cores; ++cpu) {
    if (CPU_ISSET(cpu, &allowed)) CPU_SET(cpu, &chosen);
  }
  if (CPU_COUNT(&chosen) < cores) {
    return absl::FailedPreconditionError(absl::StrCat("there are no ", cores, " cores"));
  }
  if (sched_setaffinity(0, sizeof chosen, &chosen) != 0) {
    return absl::InternalError(std::strerror(errno));
  }
  return absl::OkStatus();
}

absl::Status ReadBack(const MemoryLog& log, const store::DataDir& dir, RunResult& result) {
  domain::Digest digest;
  for (size_t p = 0; p < log.partitions().size(); ++p) {
    auto store = store::OpenRocksStoreReadOnly(
        {.path = dir.ShardPath(static_cast<int32_t>(p)), .merger = std::make_shared<HourMerger>()});
    if (!store.ok()) return store.status();
    const auto row = ReadCheckpoint(*(*store)->NewSnapshot());
    if (!row.ok()) return row.status();
    if (row->next_offsets != log.partitions()[p].end) {
      return absl::InternalError(absl::StrCat("shard ", p, " is not durable up to its end"));
    }
    result.participants += row->participants;
    digest += row->digest;
  }
  result.digest_hi = digest.hi;
  result.digest_lo = digest.lo;
  return absl::OkStatus();
}

absl::StatusOr<RunResult> RunEngine(const MemoryLog& log, const RunOptions& options) {
  if (auto status = Confine(options.cores); !status.ok()) return status;
  spdlog::set_level(spdlog::level::warn);
  Config config;
  config.topic_prefix = "bench.";
  config.partitions = static_cast<int32_t>(log.partitions().size());
  config.threads = options.workers;
  config.memory_budget_bytes = options.memory_budget_bytes;
  config.data_dir = options.state_dir;
  auto dir = store::DataDir::Open(options.state_dir, store::DataDirMode::kReadWrite);
  if (!dir.ok()) return dir.status();
  auto again = store::DataDir::Open(options.state_dir, store::DataDirMode::kReadOnly);
  if (!again.ok()) return again.status();

  Progress progress(log.records());
  prometheus::Registry registry;
  Metrics metrics(registry, config.topic_prefix);
  ShardReader reader({.topic_prefix = config.topic_prefix});
  Engine engine(config, PartsOf(log, progress), *std::move(dir), reader, metrics,
                [](absl::Status why) {
                  std::fprintf(stderr, "the engine has stopped: %s\n", why.ToString().c_str());
                  _exit(1);
                });
  engine.Start();
  progress.began().WaitForNotification();
  const auto begin = Clock::now();
  const double cpu_begin = CpuSeconds();
  const double queued_begin = QueuedSeconds();
  if (!progress.folded().WaitForNotificationWithTimeout(kRunLimit)) {
    return absl::DeadlineExceededError("the engine does not come to the log's end");
  }
  RunResult result;
  result.fold_seconds = Seconds(Clock::now() - begin);
  // Now, as the workers' threads are soon gone.
  result.queued_seconds = QueuedSeconds() - queued_begin;
  if (engine.Stop(kFinishLimit) != Engine::Stopped::kFinished) {
    return absl::InternalError("the engine did not finish");
  }
  result.seconds = Seconds(Clock::now() - begin);
  result.cpu_seconds = CpuSeconds() - cpu_begin;
  if (auto status = ReadBack(log, *again, result); !status.ok()) return status;
  return result;
}

// In the child: the result, or the error's text, through the pipe.
[[noreturn]] void RunAndTell(const MemoryLog& log, const RunOptions& options, int pipe) {
  const auto result = RunEngine(log, options);
  if (!result.ok()) {
    std::fprintf(stderr, "%s\n", result.status().ToString().c_str());
    _exit(1);
  }
  const bool told = write(pipe, &*result, sizeof *result) == sizeof *result;
  _exit(told ? 0 : 1);
}

}  // namespace

absl::StatusOr<RunResult> Measure(const MemoryLog& log, const RunOptions& options) {
  std::error_code error;
  std::filesystem::remove_all(options.state_dir, error);
  int ends[2];
  if (pipe(ends) != 0) return absl::InternalError(std::strerror(errno));
  const pid_t child = fork();
  if (child < 0) return absl::InternalError(std::strerror(errno));
  if (child == 0) RunAndTell(log, options, ends[1]);
  close(ends[1]);
  RunResult result;
  const bool told = read(ends[0], &result, sizeof result) == sizeof result;
  close(ends[0]);
  int status = 0;
  waitpid(child, &status, 0);
  std::filesystem::remove_all(options.state_dir, error);
  if (!told || status != 0) return absl::InternalError("the run has failed");
  return result;
}

}  // namespace tally::bench
