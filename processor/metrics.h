// What the processor tells of itself, as Prometheus metrics. Labels never hold user or event ids.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "processor/domain/decode.h"
#include "processor/domain/record.h"
#include "processor/log_proof.h"
#include "processor/log_source.h"

namespace prometheus {
class Registry;
}

namespace tally {

// Handles of all processor metrics. Thread-safe; must outlive what uses it.
class Metrics {
 public:
  explicit Metrics(prometheus::Registry& registry, std::string topic_prefix);
  ~Metrics();
  Metrics(const Metrics&) = delete;
  Metrics& operator=(const Metrics&) = delete;

  // tally_records_total{topic,outcome="applied|unchanged|rejected|redelivered"}
  struct BatchCounts {
    std::array<uint64_t, domain::kTopicCount> applied{}, unchanged{}, rejected{}, redelivered{};
  };
  void CountBatch(const BatchCounts& counts, size_t records);
  // tally_dead_letters_total{topic,reason}, and the same letters found written already.
  void CountDeadLetter(domain::Topic topic, domain::Reason reason);
  void CountDeadLetterSkipped(domain::Topic topic);

  // tally_checkpoint_duration_seconds, tally_checkpoint_rows, tally_checkpoints_total{result}
  void CountCheckpoint(double seconds, size_t rows, bool ok);

  // tally_participant_lookups_total{result="found|absent"}: participants that the filter could not
  // tell to be new and that were looked up in the store.
  void CountLookups(uint64_t found, uint64_t absent);

  // tally_audit_rows_total: rows that the background audit has looked at.
  void CountAuditRows(uint64_t rows);
  // A shard was looked at from end to end, or could not be. tally_audit_runs_total{result},
  // tally_audit_last_success_timestamp_seconds{partition}, tally_audit_mismatch{partition}
  enum class AuditResult : uint8_t { kEqual, kDiffers, kError };
  // Before the first of them: the time of the last success is 0.
  void ExpectAudits(int32_t partition);
  void CountAudit(int32_t partition, AuditResult result, absl::Time at);

  // Gauges by partition, set about once a second by the shard's thread.
  struct ShardGauges {
    Offsets next_offsets{};
    Offsets lag{};              // -1 unknown: not shown
    double checkpoint_age = 0;  // seconds since the last durable checkpoint, 0 when nothing waits
    size_t delta_bytes = 0;
    uint64_t disk_bytes = 0;
    size_t filter_bytes = 0;
    uint64_t level0_files = 0;
    bool compacting = false;
    bool failed = false;
    bool waiting = false;      // tally_shard_write_blocked: for a store that cannot be written
    bool halted = false;       // tally_shard_halted: answers, but reads nothing more
    bool quarantined = false;  // tally_shard_quarantined
    bool caught_up = false;
  };
  void SetShard(int32_t partition, const ShardGauges& gauges);

  // tally_log_checks_total{result}: remembered records that were read again, by what was found.
  void CountLogChecks(Comparison comparison, int count);
  // The same with result="error", and tally_log_check_last_success_timestamp_seconds.
  void CountLogCheckFailed();
  void SetLogChecked(absl::Time at);
  // tally_topic_partitions{topic}
  void SetTopicPartitions(domain::Topic topic, int32_t partitions);
  // tally_topic_retention_finite{topic}: 1 when the broker may delete what a rebuild needs.
  void SetRetentionFinite(domain::Topic topic, bool finite);
  // tally_log_base_offset{topic,partition}: above 0 where state leaves out the log's lost start.
  void SetLogBase(int32_t partition, const Offsets& base);
  // tally_broker_reachable: 0 while no broker answers.
  void SetBrokerReachable(bool reachable);

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace tally
