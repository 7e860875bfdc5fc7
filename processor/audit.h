// The background audit: every shard's rows are looked at again and again, slowly, so that damage
// which no read has met is found. See processor/store_check.h for what is checked.
//
// A shard is checked at one snapshot, digest and all, in pieces of a few milliseconds; the wait
// after a piece is so long that its CPU time is the share that the audit may take. What is found
// wrong quarantines the shard: no answer is better than a wrong one.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "processor/latch.h"
#include "processor/metrics.h"
#include "processor/store_check.h"
#include "store/store.h"

namespace tally {

struct AuditOptions {
  absl::Duration interval = absl::Minutes(5);      // from the start of one round to the next
  absl::Duration first_after = absl::Seconds(30);  // of the first round
  double cpu_share_max = 0.003;                    // of one core
  absl::Duration piece = absl::Milliseconds(5);    // of CPU time, about
  size_t rows_at_a_time = 256;                     // between two looks at the CPU time
  size_t memory_bytes = size_t{16} << 20;
};

// A shard as the audit sees it. The functions are called from the audit's thread.
struct AuditedShard {
  int32_t partition = 0;
  // The store's state as of its last commit; null: not now (it has stopped, or is busy).
  std::function<std::unique_ptr<store::Snapshot>()> snapshot;
  // False: the shard has stopped, and what is held of its store must be let go.
  std::function<bool()> alive;
  // The shard is wrong, and why; it must answer no more.
  std::function<void(const absl::Status& why)> quarantine;
};

// The audit's work without its thread. One thread.
class Audit {
 public:
  struct Clock {
    std::function<absl::Time()> now;           // never jumps
    std::function<absl::Time()> wall_now;      // for people
    std::function<absl::Duration()> cpu_time;  // of the calling thread
    std::function<bool()> stopping;            // true: end the piece at once
  };

  // `metrics` outlives it.
  Audit(AuditOptions options, std::vector<AuditedShard> shards, Clock clock, Metrics& metrics);

  // Does a piece of the round under way, or begins one that is due. How long to wait before the
  // next call.
  absl::Duration Step();

 private:
  struct Running;

  bool NextShard();
  absl::Duration RoundEnded();
  void Finish(const absl::Status& status);
  void Report(const std::string& why);
  const AuditedShard& shard() const { return shards_[next_shard_ - 1]; }

  const AuditOptions options_;
  const std::vector<AuditedShard> shards_;
  const Clock clock_;
  Metrics& metrics_;

  absl::Time next_round_;
  size_t next_shard_ = 0;  // of this round
  std::unique_ptr<store::Snapshot> snapshot_;
  std::unique_ptr<StoreCheck> check_;
  uint64_t rows_counted_ = 0;  // of the check under way
};

// An Audit on a thread of its own, with the least CPU and I/O priority.
class AuditThread {
 public:
  AuditThread(AuditOptions options, std::vector<AuditedShard> shards, Metrics& metrics);
  // Stop must have returned true.
  ~AuditThread();

  // True: it has ended and let go of all stores. False: not within `limit` (a disk that hangs); it
  // must not be destroyed then.
  bool Stop(absl::Duration limit);

 private:
  void Run();

  Audit audit_;
  Latch stopping_;
  Latch ended_;
  std::thread thread_;
};

}  // namespace tally
