#include "processor/metrics.h"

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>

#include <map>
#include <utility>

namespace tally {
namespace {

using prometheus::BuildCounter;
using prometheus::BuildGauge;
using prometheus::BuildHistogram;
using prometheus::Histogram;

enum Outcome { kApplied, kUnchanged, kRejected, kRedelivered, kOutcomes };
constexpr const char* kOutcomeNames[kOutcomes] = {"applied", "unchanged", "rejected",
                                                  "redelivered"};

Histogram::BucketBoundaries PowersOf(double factor, double first, int count) {
  Histogram::BucketBoundaries bounds;
  for (double bound = first; count-- > 0; bound *= factor) bounds.push_back(bound);
  return bounds;
}

}  // namespace

class Metrics::Impl {
 public:
  Impl(prometheus::Registry& registry, const std::string& prefix)
      : records_(BuildCounter()
                     .Name("tally_records_total")
                     .Help("Records read, by topic and what came of them.")
                     .Register(registry)),
        batch_records_(BuildHistogram()
                           .Name("tally_batch_records")
                           .Help("Records in one batch taken from the log.")
                           .Register(registry)
                           .Add({}, PowersOf(4, 1, 8))),
        dead_letters_(BuildCounter()
                          .Name("tally_dead_letters_total")
                          .Help("Records handed to the dead-letter topic, by topic and reason.")
                          .Register(registry)),
        dead_letters_skipped_(
            BuildCounter()
                .Name("tally_dead_letters_already_written_total")
                .Help("Bad records met again whose dead letter had been written before.")
                .Register(registry)),
        checkpoint_seconds_(BuildHistogram()
                                .Name("tally_checkpoint_duration_seconds")
                                .Help("From freezing the delta to its durable commit.")
                                .Register(registry)
                                .Add({}, PowersOf(4, 0.001, 8))),
        checkpoint_rows_(BuildHistogram()
                             .Name("tally_checkpoint_rows")
                             .Help("Rows written by one checkpoint.")
                             .Register(registry)
                             .Add({}, PowersOf(10, 1, 8))),
        checkpoints_(BuildCounter()
                         .Name("tally_checkpoints_total")
                         .Help("Checkpoints, by result.")
                         .Register(registry)),
        next_offset_(BuildGauge()
                         .Name("tally_next_offset")
                         .Help("Next offset to read, by topic and partition.")
                         .Register(registry)),
        lag_(BuildGauge()
                 .Name("tally_lag_records")
                 .Help("Offsets between what is applied and the log's end.")
                 .Register(registry)),
        log_base_(BuildGauge()
                      .Name("tally_log_base_offset")
                      .Help("First offset that the state includes; above 0, earlier records were "
                            "already deleted when the store was made.")
                      .Register(registry)),
        checkpoint_age_(BuildGauge()
                            .Name("tally_checkpoint_age_seconds")
                            .Help("How long the oldest change that is not durable yet has waited.")
                            .Register(registry)),
        delta_bytes_(BuildGauge()
                         .Name("tally_delta_bytes")
                         .Help("Memory of changes not yet handed to a checkpoint.")
                         .Register(registry)),
        disk_bytes_(BuildGauge()
                        .Name("tally_store_disk_bytes")
                        .Help("Size of the shard's store on disk.")
                        .Register(registry)),
        level0_files_(BuildGauge()
                          .Name("tally_store_level0_files")
                          .Help("Sorted runs that compaction has not merged yet.")
                          .Register(registry)),
        compacting_(BuildGauge()
                        .Name("tally_store_compacting")
                        .Help("1 while the shard's store is being compacted, or has to be.")
                        .Register(registry)),
        filter_bytes_(
            BuildGauge()
                .Name("tally_filter_bytes")
                .Help("Memory of the filter that tells new participants from counted ones.")
                .Register(registry)),
        lookups_(
            BuildCounter()
                .Name("tally_participant_lookups_total")
                .Help("Participants looked up in the store, since the filter could not tell that "
                      "they are new: found is a duplicate, absent a doubt too many.")
                .Register(registry)),
        lookups_found_(lookups_.Add({{"result", "found"}})),
        lookups_absent_(lookups_.Add({{"result", "absent"}})),
        shard_failed_(BuildGauge()
                          .Name("tally_shard_failed")
                          .Help("1 when the shard has stopped; its log line says why.")
                          .Register(registry)),
        shard_write_blocked_(BuildGauge()
                                 .Name("tally_shard_write_blocked")
                                 .Help("1 while the shard's store cannot be written (disk full): "
                                       "it reads no further and tries again.")
                                 .Register(registry)),
        shard_halted_(BuildGauge()
                          .Name("tally_shard_halted")
                          .Help("1 when the shard reads nothing more but answers (partitions were "
                                "added to a topic); its log line says why.")
                          .Register(registry)),
        shard_quarantined_(BuildGauge()
                               .Name("tally_shard_quarantined")
                               .Help("1 when the shard's stored rows were found to be wrong.")
                               .Register(registry)),
        shard_caught_up_(BuildGauge()
                             .Name("tally_shard_caught_up")
                             .Help("1 once the shard has reached the ends seen at start.")
                             .Register(registry)),
        audit_rows_(BuildCounter()
                        .Name("tally_audit_rows_total")
                        .Help("Stored rows that the background audit has looked at.")
                        .Register(registry)
                        .Add({})),
        audit_runs_(BuildCounter()
                        .Name("tally_audit_runs_total")
                        .Help("Audits of a whole shard, by result: equal, differs, or error when "
                              "rows could not be read.")
                        .Register(registry)),
        audit_last_success_(
            BuildGauge()
                .Name("tally_audit_last_success_timestamp_seconds")
                .Help("When an audit last found all rows of the shard right; 0: not since "
                      "the start.")
                .Register(registry)),
        audit_mismatch_(BuildGauge()
                            .Name("tally_audit_mismatch")
                            .Help("1 when an audit found rows of the shard to be wrong; it answers "
                                  "no more.")
                            .Register(registry)),
        log_checks_(BuildCounter()
                        .Name("tally_log_checks_total")
                        .Help("Remembered records that were read again, to tell whether the log is "
                              "still the one that was read: same, gone (retention), unjudged (no "
                              "such record), short, different; error when that failed.")
                        .Register(registry)),
        log_checked_(
            BuildGauge()
                .Name("tally_log_check_last_success_timestamp_seconds")
                .Help(
                    "When the log was last compared with what every shard that asked had read; 0: "
                    "not since the start.")
                .Register(registry)
                .Add({})),
        topic_partitions_(BuildGauge()
                              .Name("tally_topic_partitions")
                              .Help("Partitions of the topic when last looked at.")
                              .Register(registry)),
        retention_finite_(BuildGauge()
                              .Name("tally_topic_retention_finite")
                              .Help("1 when the broker may delete records that a rebuild needs.")
                              .Register(registry)),
        broker_reachable_(BuildGauge()
                              .Name("tally_broker_reachable")
                              .Help("0 while no broker answers.")
                              .Register(registry)
                              .Add({})) {
    for (const auto topic : domain::kTopics) {
      topics_[Index(topic)] = prefix + std::string(TopicSuffix(topic));
      for (int outcome = 0; outcome < kOutcomes; ++outcome) {
        record_counters_[outcome][Index(topic)] =
            &records_.Add({{"topic", topics_[Index(topic)]}, {"outcome", kOutcomeNames[outcome]}});
      }
    }
  }

  prometheus::Family<prometheus::Counter>& records_;
  prometheus::Histogram& batch_records_;
  prometheus::Family<prometheus::Counter>& dead_letters_;
  prometheus::Family<prometheus::Counter>& dead_letters_skipped_;
  prometheus::Histogram& checkpoint_seconds_;
  prometheus::Histogram& checkpoint_rows_;
  prometheus::Family<prometheus::Counter>& checkpoints_;
  prometheus::Family<prometheus::Gauge>& next_offset_;
  prometheus::Family<prometheus::Gauge>& lag_;
  prometheus::Family<prometheus::Gauge>& log_base_;
  prometheus::Family<prometheus::Gauge>& checkpoint_age_;
  prometheus::Family<prometheus::Gauge>& delta_bytes_;
  prometheus::Family<prometheus::Gauge>& disk_bytes_;
  prometheus::Family<prometheus::Gauge>& level0_files_;
  prometheus::Family<prometheus::Gauge>& compacting_;
  prometheus::Family<prometheus::Gauge>& filter_bytes_;
  prometheus::Family<prometheus::Counter>& lookups_;
  prometheus::Counter& lookups_found_;
  prometheus::Counter& lookups_absent_;
  prometheus::Family<prometheus::Gauge>& shard_failed_;
  prometheus::Family<prometheus::Gauge>& shard_write_blocked_;
  prometheus::Family<prometheus::Gauge>& shard_halted_;
  prometheus::Family<prometheus::Gauge>& shard_quarantined_;
  prometheus::Family<prometheus::Gauge>& shard_caught_up_;
  prometheus::Counter& audit_rows_;
  prometheus::Family<prometheus::Counter>& audit_runs_;
  prometheus::Family<prometheus::Gauge>& audit_last_success_;
  prometheus::Family<prometheus::Gauge>& audit_mismatch_;
  prometheus::Family<prometheus::Counter>& log_checks_;
  prometheus::Gauge& log_checked_;
  prometheus::Family<prometheus::Gauge>& topic_partitions_;
  prometheus::Family<prometheus::Gauge>& retention_finite_;
  prometheus::Gauge& broker_reachable_;

  std::array<std::string, domain::kTopicCount> topics_;
  std::array<std::array<prometheus::Counter*, domain::kTopicCount>, kOutcomes> record_counters_;
};

Metrics::Metrics(prometheus::Registry& registry, std::string topic_prefix)
    : impl_(std::make_unique<Impl>(registry, topic_prefix)) {
  BuildGauge()
      .Name("process_start_time_seconds")
      .Help("When the process began to count.")
      .Register(registry)
      .Add({})
      .Set(static_cast<double>(absl::ToUnixSeconds(absl::Now())));
}
Metrics::~Metrics() = default;

void Metrics::CountBatch(const BatchCounts& counts, size_t records) {
  impl_->batch_records_.Observe(static_cast<double>(records));
  const auto add = [&](Outcome outcome, const std::array<uint64_t, domain::kTopicCount>& numbers) {
    for (int topic = 0; topic < domain::kTopicCount; ++topic) {
      if (numbers[topic] == 0) continue;
      impl_->record_counters_[outcome][topic]->Increment(static_cast<double>(numbers[topic]));
    }
  };
  add(kApplied, counts.applied);
  add(kUnchanged, counts.unchanged);
  add(kRejected, counts.rejected);
  add(kRedelivered, counts.redelivered);
}

void Metrics::CountDeadLetter(domain::Topic topic, domain::Reason reason) {
  impl_->dead_letters_
      .Add({{"topic", impl_->topics_[Index(topic)]},
            {"reason", std::string(domain::ReasonName(reason))}})
      .Increment();
}

void Metrics::CountDeadLetterSkipped(domain::Topic topic) {
  impl_->dead_letters_skipped_.Add({{"topic", impl_->topics_[Index(topic)]}}).Increment();
}

void Metrics::CountCheckpoint(double seconds, size_t rows, bool ok) {
  impl_->checkpoints_.Add({{"result", ok ? "ok" : "error"}}).Increment();
  if (!ok) return;
  impl_->checkpoint_seconds_.Observe(seconds);
  impl_->checkpoint_rows_.Observe(static_cast<double>(rows));
}

void Metrics::SetShard(int32_t partition, const ShardGauges& gauges) {
  const std::string number = std::to_string(partition);
  for (const auto topic : domain::kTopics) {
    const prometheus::Labels labels{{"topic", impl_->topics_[Index(topic)]}, {"partition", number}};
    impl_->next_offset_.Add(labels).Set(static_cast<double>(gauges.next_offsets[Index(topic)]));
    if (gauges.lag[Index(topic)] >= 0) {
      impl_->lag_.Add(labels).Set(static_cast<double>(gauges.lag[Index(topic)]));
    }
  }
  const prometheus::Labels labels{{"partition", number}};
  impl_->checkpoint_age_.Add(labels).Set(gauges.checkpoint_age);
  impl_->delta_bytes_.Add(labels).Set(static_cast<double>(gauges.delta_bytes));
  impl_->disk_bytes_.Add(labels).Set(static_cast<double>(gauges.disk_bytes));
  impl_->level0_files_.Add(labels).Set(static_cast<double>(gauges.level0_files));
  impl_->compacting_.Add(labels).Set(gauges.compacting ? 1 : 0);
  impl_->filter_bytes_.Add(labels).Set(static_cast<double>(gauges.filter_bytes));
  impl_->shard_failed_.Add(labels).Set(gauges.failed ? 1 : 0);
  impl_->shard_write_blocked_.Add(labels).Set(gauges.waiting ? 1 : 0);
  impl_->shard_halted_.Add(labels).Set(gauges.halted ? 1 : 0);
  impl_->shard_quarantined_.Add(labels).Set(gauges.quarantined ? 1 : 0);
  impl_->shard_caught_up_.Add(labels).Set(gauges.caught_up ? 1 : 0);
}

void Metrics::CountLookups(uint64_t found, uint64_t absent) {
  impl_->lookups_found_.Increment(static_cast<double>(found));
  impl_->lookups_absent_.Increment(static_cast<double>(absent));
}

void Metrics::CountAuditRows(uint64_t rows) {
  impl_->audit_rows_.Increment(static_cast<double>(rows));
}

void Metrics::ExpectAudits(int32_t partition) {
  impl_->audit_last_success_.Add({{"partition", std::to_string(partition)}});
}

void Metrics::CountAudit(int32_t partition, AuditResult result, absl::Time at) {
  constexpr const char* kNames[] = {"equal", "differs", "error"};
  impl_->audit_runs_.Add({{"result", kNames[static_cast<size_t>(result)]}}).Increment();
  if (result == AuditResult::kError) return;
  const prometheus::Labels labels{{"partition", std::to_string(partition)}};
  impl_->audit_mismatch_.Add(labels).Set(result == AuditResult::kDiffers ? 1 : 0);
  if (result == AuditResult::kDiffers) return;
  impl_->audit_last_success_.Add(labels).Set(static_cast<double>(absl::ToUnixSeconds(at)));
}

void Metrics::CountLogChecks(Comparison comparison, int count) {
  constexpr const char* kNames[kComparisons] = {"same", "gone", "unjudged", "short", "different"};
  impl_->log_checks_.Add({{"result", kNames[static_cast<size_t>(comparison)]}}).Increment(count);
}

void Metrics::CountLogCheckFailed() { impl_->log_checks_.Add({{"result", "error"}}).Increment(); }

void Metrics::SetLogChecked(absl::Time at) {
  impl_->log_checked_.Set(static_cast<double>(absl::ToUnixSeconds(at)));
}

void Metrics::SetTopicPartitions(domain::Topic topic, int32_t partitions) {
  impl_->topic_partitions_.Add({{"topic", impl_->topics_[Index(topic)]}}).Set(partitions);
}

void Metrics::SetRetentionFinite(domain::Topic topic, bool finite) {
  impl_->retention_finite_.Add({{"topic", impl_->topics_[Index(topic)]}}).Set(finite ? 1 : 0);
}

void Metrics::SetLogBase(int32_t partition, const Offsets& base) {
  for (const auto topic : domain::kTopics) {
    impl_->log_base_
        .Add({{"topic", impl_->topics_[Index(topic)]}, {"partition", std::to_string(partition)}})
        .Set(static_cast<double>(base[Index(topic)]));
  }
}

void Metrics::SetBrokerReachable(bool reachable) {
  impl_->broker_reachable_.Set(reachable ? 1 : 0);
}

}  // namespace tally
