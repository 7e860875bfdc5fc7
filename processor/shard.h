// A shard: partition p of the three topics, and all that becomes of it.
//
//   source ─▶ decode ─▶ fold ─▶ delta ─▶ checkpoint ─▶ store
//                │                 └───── reads (delta over frozen delta over store)
//                └▶ dead letters
//
// One thread owns a shard; folding and reading both happen there, so nothing here is locked. The
// owner calls Step in a loop. Only building and committing a checkpoint runs elsewhere, on frozen
// data, and comes back through `post_to_owner`.
//
// What is durable is exactly what one commit wrote: rows, next offsets and digest together. After a
// crash the shard goes on from the offsets in its store, whatever the consumer group says; records
// that it meets again below them change nothing.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "processor/commit_retry.h"
#include "processor/dead_letters.h"
#include "processor/delta.h"
#include "processor/delta_commit.h"
#include "processor/domain/decode.h"
#include "processor/domain/partitioner.h"
#include "processor/filter_load.h"
#include "processor/last_record.h"
#include "processor/log_proof.h"
#include "processor/log_source.h"
#include "processor/memory_governor.h"
#include "processor/metrics.h"
#include "processor/partitioner_check.h"
#include "processor/registration_run.h"
#include "store/store.h"

namespace tally {

struct ShardOptions {
  int32_t partition = 0;
  int32_t partition_count = 0;
  std::string topic_prefix;
  domain::Partitioner partitioner = domain::Partitioner::kMurmur2;
  domain::DecodeOptions decode;

  // Where the log ended at start: readiness is having got there.
  Offsets end_at_start{};
  // Dead letters below these offsets have been written by an earlier run.
  Offsets dead_letters_written_below{};

  // A change is durable this long after it was read, or earlier when the delta is full: if its
  // commit takes as long as the one before, and that was less than half of it.
  absl::Duration checkpoint_interval = absl::Seconds(1);
  // The same while the shard is far behind the log: fewer and bigger commits.
  absl::Duration checkpoint_interval_behind = absl::Seconds(10);
  int64_t far_behind_records = 100'000;
  DeltaOptions delta;
  // Letters that the broker has not acknowledged yet; beyond it the shard waits.
  int64_t dead_letters_in_flight_max = 10'000;
  // Compaction that is this far behind makes the shard wait: commits are not slowed by the store.
  uint64_t level0_files_max = 64;
  // Reads that wait for a position.
  size_t position_waiters_max = 1'000;
  // Stored participants taken into the filter at a time.
  size_t filter_rows_at_a_time = 50'000;
};

// What a shard needs of the process around it. All of it outlives the shard.
struct ShardEnvironment {
  // Runs a blocking job on a background thread.
  std::function<void(std::function<void()>)> run_in_background;
  // Runs a function on the owner's thread, from any thread.
  std::function<void(std::function<void()>)> post_to_owner;
  // Makes the owner call Step soon. Any thread.
  std::function<void()> wake_owner;
  // The shard's store was found to be wrong: records it durably, so that a restart does not answer
  // from it. Called on a background thread. May be empty.
  std::function<void(int32_t partition, const absl::Status& why)> quarantine;
  // Something that concerns the whole process and that no restart mends (wrong partitioner).
  std::function<void(absl::Status)> stop_process;
  std::function<absl::Time()> now;  // by a clock that never jumps
  DeadLetterSink* dead_letters = nullptr;
  PartitionerCheck* partitioner_check = nullptr;
  Metrics* metrics = nullptr;
  const MemoryGovernor* memory = nullptr;  // may be null
  // Asks whether the log is still the one that was read; `answer` is called at most once, on any
  // thread. Empty: nobody can tell (a replay), and it is taken for the same.
  std::function<void(LogQuestion, std::function<void(LogAnswer)> answer)> ask_about_log;
  // Told of offsets that became durable (for consumer-group lag tools). May be empty.
  std::function<void(int32_t partition, const Offsets&)> on_durable;
};

class Shard {
 public:
  // `checkpoint` is the store's 'C' row.
  Shard(ShardOptions options, ShardEnvironment environment, std::unique_ptr<store::Store> store,
        const CheckpointRow& checkpoint, domain::HashKey hash_key);
  ~Shard();
  Shard(const Shard&) = delete;
  Shard& operator=(const Shard&) = delete;

  // Where reading must start: the offsets in the store.
  const Offsets& durable_position() const { return durable_.next_offsets; }
  // It has just been opened at durable_position().
  void SetSource(std::unique_ptr<ShardSource> source);

  // Does a bounded amount of work, at most `records_max` records of it, and starts a checkpoint
  // when one is due. True: there may be more to do right away.
  bool Step(size_t records_max);

  // How long until a checkpoint is due if nothing more comes: Step must be called then. nullopt:
  // not before something comes.
  std::optional<absl::Duration> TimeToCheckpoint() const;

  // Checkpoints what there is, then calls `done` (on the owner's thread) with whether everything
  // applied is durable. From the call on, Step reads nothing more. The shard may be destroyed after
  // `done`, not before.
  void Finish(std::function<void(absl::Status)> done);

  // Reads nothing more, and says why; what has been read is made durable, and reads are answered.
  void Halt(const absl::Status& why);

  // Asks whether the log is still the one that was read, and goes on meanwhile.
  void CheckLog();

  // Stops the shard: it reads and writes nothing more and says why. What it has not made durable is
  // still in the log.
  void Fail(absl::Status why);

  // The same, for good: the store is wrong, and must be made anew before it answers again.
  void Quarantine(const absl::Status& why);

  // The store could not be read: what may be its corruption quarantines the shard.
  void FailToRead(const absl::Status& why);

  // ---- Reading, on the owner's thread.

  int32_t partition() const { return options_.partition; }
  bool failed() const { return !failure_.ok(); }
  const absl::Status& failure() const { return failure_; }
  bool caught_up() const { return caught_up_; }
  bool finishing() const { return finishing_; }
  // A batch waits for room for a dead letter, or for its time to be read anew; nobody may say when.
  bool waits_for_letters() const {
    return !failed() && source_ != nullptr && (waits_for_letters_ || waits_to_read_anew_);
  }
  // The input that reads reflect now.
  const Offsets& position() const { return position_; }
  Delta& delta() { return delta_; }
  // For other threads.
  std::shared_ptr<const ShardProgress> progress() const { return progress_; }
  // What is durable; see store::Store.
  std::unique_ptr<store::Snapshot> NewStoreSnapshot() const { return store_->NewSnapshot(); }

  // Calls `reached` on the owner's thread, perhaps more than once, when position() is at least
  // `min` (-1: any) or the shard has failed or finishes. Null when there are too many waiters or
  // the shard finishes. Whoever added it removes it, but not from within `reached`.
  using Waiter = std::list<std::pair<Offsets, std::function<void()>>>::iterator;
  std::optional<Waiter> AddWaiter(const Offsets& min, std::function<void()> reached);
  void RemoveWaiter(Waiter waiter) { waiters_.erase(waiter); }
  static bool Reaches(const Offsets& position, const Offsets& min);

  // ---- Health, any thread.

  struct Health {
    bool caught_up = false;
    Offsets lag{};  // -1 unknown
    std::string failure;
    bool quarantined = false;
    // Why nothing more is read; the shard answers at its position.
    std::string halted;
    // Why nothing can be committed for now; the shard answers at its position and tries again.
    std::string waiting;
  };
  Health GetHealth() const;

  // Publishes health and gauges; the owner calls it about once a second.
  void PublishStatus();

 private:
  enum class Applied : uint8_t { kDone, kWait, kFailed };
  struct LetterAcks;

  struct AskedAboutLog;
  void TakeBatch(size_t records_max);
  bool LogIsProved();
  bool HasNews() const { return source_->LogGeneration() != fetched_generation_; }
  bool BatchIsProved() const;
  bool BatchIsComparable() const;
  bool MayReadAnew() const;
  void ReadAnew();
  void AskAboutLog(bool about_batch);
  void HearOfLog(const AskedAboutLog& asked, const LogAnswer& answer);
  LastRecords LastOfBatch() const;
  bool ApplyBatch();
  void RememberApplied();
  Applied Apply(const domain::Record& record);
  const domain::ParticipantRegistered* DecodedAhead(const domain::Record& record);
  template <typename Event>
  Applied DecodeAndFold(const domain::Record& record);
  template <typename Event>
  Applied FoldEvent(const Event& event, const domain::Record& record);
  Applied Reject(const domain::Record& record, const domain::Rejection& rejection);
  bool StopForPartitioner(const domain::Record& record);

  void LoadFilter();
  void LoadFilterStep();
  void FilterLoaded(const absl::Status& status);

  int64_t RecordsBehind() const;
  bool FarBehind() const;
  void StartCheckpoint();
  bool LettersAcknowledged() const;
  void CommitFrozen();
  void ResumeStore();
  struct Committed;
  void ReadFrom(std::shared_ptr<const store::Snapshot> standing);
  void FinishCheckpoint(Committed committed);
  void TakeCommitted(Committed committed);
  void StoreFailed(const absl::Status& why);
  void StoreGoesOn();
  void Dispose(std::shared_ptr<const ParticipantMap> participants);
  void ContinueFinish();
  void TakeStats(const store::StoreStats& stats);
  void WakeWaiters();
  Offsets Lag() const;

  const ShardOptions options_;
  const ShardEnvironment environment_;
  std::unique_ptr<store::Store> store_;
  domain::Decoder decoder_;
  CheckpointRow durable_;
  const std::shared_ptr<ShardProgress> progress_ = std::make_shared<ShardProgress>();
  Delta delta_;
  Offsets position_;
  std::unique_ptr<ShardSource> source_;

  std::unique_ptr<RecordBatch> batch_;
  size_t batch_next_ = 0;
  RegistrationRun ahead_;
  Metrics::BatchCounts counts_;

  // Of batch_, by topic: the last record that was applied and is to be remembered.
  std::array<const domain::Record*, domain::kTopicCount> applied_{};
  RememberedRecords remembered_;
  // The log's generations: what the source hands out while it is still fetched_generation_ was
  // fetched since then; as of proved_generation_ the log was last found to have what was folded.
  uint64_t fetched_generation_ = 0;
  std::optional<uint64_t> proved_generation_;
  bool asking_about_log_ = false;
  bool asking_about_batch_ = false;
  // The log was found to have batch_: how often, and as of which generation the last time.
  int batch_comparisons_ = 0;
  uint64_t batch_generation_ = 0;
  uint64_t batch_taken_ = 0;  // the generation when batch_ had been taken
  Offsets read_from_{};       // the source began here, when it was last told to
  std::optional<absl::Time> read_anew_at_;
  absl::Duration read_anew_interval_;
  bool waits_to_read_anew_ = false;
  const std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);

  std::shared_ptr<LetterAcks> letter_acks_;
  std::array<int64_t, domain::kTopicCount> letters_written_{};

  // The checkpoint under way, if any.
  std::shared_ptr<const FrozenDelta> freezing_;
  std::array<int64_t, domain::kTopicCount> letters_before_freeze_{};
  std::shared_ptr<DeltaCommit> commit_;  // of freezing_, once tried
  bool committing_ = false;
  CommitRetry commit_retry_;
  // What the delta has read until a failed try; let go by the next one, in the background.
  std::shared_ptr<const store::Snapshot> read_before_;
  bool checkpoint_now_ = false;  // whenever the last one was
  absl::Time frozen_at_;
  absl::Duration commit_took_;               // the last one that succeeded, from its freeze on
  std::optional<absl::Time> oldest_change_;  // since when position_ is ahead of what is frozen

  // The stored participants' filter being made, a step at a time in the background.
  std::unique_ptr<FilterLoad> filter_load_;
  std::atomic<bool> filter_load_cancelled_{false};
  bool filter_load_due_;  // by the first Step: before, nothing may run elsewhere
  LookupCounts lookups_published_;

  bool finishing_ = false;
  bool waits_for_letters_ = false;
  store::StoreStats stats_;
  absl::Time stats_at_;
  bool compaction_behind_ = false;

  std::function<void(absl::Status)> on_finished_;
  absl::Status failure_;
  absl::Status halted_;
  bool quarantined_ = false;
  bool caught_up_ = false;
  std::list<std::pair<Offsets, std::function<void()>>> waiters_;

  mutable std::mutex health_mutex_;
  Health health_;
};

}  // namespace tally
