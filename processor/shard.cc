#include "processor/shard.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "processor/domain/record_hash.h"
#include "processor/remedy.h"

namespace tally {
namespace {

using domain::Index;
using domain::Topic;

constexpr absl::Duration kStatsInterval = absl::Seconds(30);
constexpr absl::Duration kBusyStatsInterval = absl::Milliseconds(500);
constexpr size_t kFreedElsewhere = 2'000;
// Between two times of throwing away what was fetched.
constexpr absl::Duration kReadAnewIntervalMin = absl::Milliseconds(50);
constexpr absl::Duration kReadAnewIntervalMax = absl::Seconds(1);
// Of one batch, as long as there is news each time.
constexpr int kComparisonsMax = 10;

absl::string_view Abseil(std::string_view text) { return {text.data(), text.size()}; }

absl::Status WithContext(const absl::Status& status, const std::string& context) {
  return WithRemedy(absl::Status(status.code(), absl::StrCat(context, ": ", status.message())));
}

LastRecord Remember(const domain::Record& record) {
  return {record.offset, domain::RecordHash(record.key, record.value, record.timestamp_ms)};
}

bool IsJudgement(const absl::Status& status) {
  return status.ok() || absl::IsDataLoss(status) || absl::IsOutOfRange(status);
}

// Whether the log has what a batch ends with, as far as can be told: what retention has deleted may
// have been the same.
bool HasBatch(const LastRecords& batch, const LogAnswer& answer) {
  for (size_t topic = 0; topic < batch.size(); ++topic) {
    if (batch[topic].known() && answer.of_last[topic] == Comparison::kUnjudged) return false;
  }
  return true;
}

// A snapshot of the store as it is now, which may have been opened again: nullptr when it cannot be
// read, kDataLoss when it does not hold the state that was `stored`.
absl::StatusOr<std::shared_ptr<const store::Snapshot>> Standing(const store::Store& store,
                                                                const CheckpointRow& stored) {
  std::shared_ptr<const store::Snapshot> snapshot = store.NewSnapshot();
  std::string value;
  const auto found = snapshot->Get(kCheckpointKey, &value);
  if (!found.ok()) return nullptr;
  if (!*found) return snapshot;  // a store in memory, before its first commit
  const auto row = DecodeCheckpoint(value);
  if (!row.ok()) return row.status();
  if (*row == stored) return snapshot;
  return absl::DataLossError("the store that was opened again holds another state than before");
}

}  // namespace

// Outlives the shard: delivery reports may come late.
struct Shard::LetterAcks {
  std::array<std::atomic<int64_t>, domain::kTopicCount> acknowledged{};
  std::atomic<bool> owner_waits{false};
  std::atomic<bool> lost{false};
  std::mutex mutex;
  absl::Status why;
};

// What a background commit comes back with.
struct Shard::Committed {
  absl::Status status;
  std::shared_ptr<const store::Snapshot> after;
  // After a failure: the state before, in what the store is now. Null: it could not be read.
  std::shared_ptr<const store::Snapshot> standing;
  store::StoreStats stats;
};

Shard::Shard(ShardOptions options, ShardEnvironment environment,
             std::unique_ptr<store::Store> store, const CheckpointRow& checkpoint,
             domain::HashKey hash_key)
    : options_(std::move(options)),
      environment_(std::move(environment)),
      store_(std::move(store)),
      decoder_(options_.decode),
      durable_(checkpoint),
      delta_(std::move(hash_key), store_->NewSnapshot(), checkpoint, options_.delta, progress_),
      position_(checkpoint.next_offsets),
      remembered_(checkpoint.remembered),
      letter_acks_(std::make_shared<LetterAcks>()),
      filter_load_due_(checkpoint.participants > 0) {
  caught_up_ = Reaches(position_, options_.end_at_start);
  progress_->Publish(position_, caught_up_);
  PublishStatus();
  if (RecordsBehind() > options_.far_behind_records) delta_.ExpectMany();
}

Shard::~Shard() { progress_->Stop(); }

bool Shard::Step(size_t records_max) {
  if (failed()) return false;
  if (letter_acks_->lost.load(std::memory_order_acquire)) {
    absl::Status why;
    {
      std::lock_guard lock(letter_acks_->mutex);
      why = letter_acks_->why;
    }
    Fail(WithContext(why, "a dead letter could not be written"));
    return false;
  }
  if (finishing_) {
    ContinueFinish();
    return false;
  }
  if (environment_.memory != nullptr) delta_.LimitTo(environment_.memory->delta_part());
  if (std::exchange(filter_load_due_, false)) LoadFilter();
  if (commit_retry_.waiting()) {
    if (TimeToCheckpoint() == absl::ZeroDuration())
      commit_ != nullptr ? CommitFrozen() : ResumeStore();
    return false;
  }
  if (freezing_ != nullptr && !committing_ && LettersAcknowledged()) CommitFrozen();

  TakeBatch(records_max);
  const bool more = LogIsProved() && batch_ != nullptr && ApplyBatch();
  if (failed()) return false;
  if (TimeToCheckpoint() == absl::ZeroDuration()) StartCheckpoint();
  return more;
}

void Shard::SetSource(std::unique_ptr<ShardSource> source) {
  source_ = std::move(source);
  fetched_generation_ = source_->LogGeneration();
  read_from_ = position_;
}

void Shard::TakeBatch(size_t records_max) {
  if (batch_ != nullptr || source_ == nullptr || compaction_behind_) return;
  if (delta_.full() && freezing_ != nullptr) return;
  const bool had_news = HasNews();
  auto batch = source_->Poll(records_max);
  if (!batch.ok()) {
    // An offset that what was fetched before the news led to, perhaps: it is read anew.
    if (!absl::IsOutOfRange(batch.status()) || !had_news) Fail(batch.status());
    return;
  }
  batch_ = *std::move(batch);
  batch_next_ = 0;
  batch_comparisons_ = 0;
  if (batch_ == nullptr) return;
  batch_taken_ = source_->LogGeneration();
  // All of them before the first is judged.
  for (const auto& record : batch_->records()) {
    if (!record.key || record.offset < position_[Index(record.topic)]) continue;
    environment_.partitioner_check->Observe(record.topic, *record.key, record.partition);
  }
}

// False: the batch must wait until the log has been compared with what was read, or is gone. What
// was fetched before the last news of the log may be in it no more: it is read anew; or, if all of
// it was taken before the news, compared itself.
bool Shard::LogIsProved() {
  waits_to_read_anew_ = false;
  if (!environment_.ask_about_log || source_ == nullptr) return true;
  if (BatchIsProved()) return true;
  const bool comparable = BatchIsComparable();
  if (HasNews() && !comparable) MayReadAnew() ? ReadAnew() : (void)(waits_to_read_anew_ = true);
  if (failed()) return false;
  if (HasNews() && proved_generation_) {
    if (comparable) AskAboutLog(/*about_batch=*/true);
    return false;
  }
  if (proved_generation_ && *proved_generation_ >= source_->LogGeneration()) return true;
  AskAboutLog(/*about_batch=*/false);
  return false;
}

// Its last records prove the others if all are of one log.
bool Shard::BatchIsComparable() const {
  return batch_ != nullptr && batch_taken_ == fetched_generation_ && LastOfBatch() != LastRecords{};
}

// Of one that was compared itself. News that never end must not hold it for ever: what is folded is
// compared once more before anything else is.
bool Shard::BatchIsProved() const {
  if (batch_ == nullptr || batch_comparisons_ == 0 || asking_about_batch_) return false;
  return batch_generation_ == source_->LogGeneration() || batch_comparisons_ >= kComparisonsMax;
}

// Less and less often while nothing can be read in between.
bool Shard::MayReadAnew() const {
  return !asking_about_batch_ &&
         (!read_anew_at_ || environment_.now() - *read_anew_at_ >= read_anew_interval_);
}

void Shard::ReadAnew() {
  batch_.reset();
  waits_for_letters_ = false;
  fetched_generation_ = source_->LogGeneration();
  read_anew_interval_ =
      read_from_ == position_
          ? std::clamp(2 * read_anew_interval_, kReadAnewIntervalMin, kReadAnewIntervalMax)
          : kReadAnewIntervalMin;
  read_from_ = position_;
  read_anew_at_ = environment_.now();
  if (absl::Status status = source_->ReadAnew(position_); !status.ok()) Fail(status);
}

// Of what is left of it, by topic.
LastRecords Shard::LastOfBatch() const {
  std::array<const domain::Record*, domain::kTopicCount> last{};
  for (const auto& record : batch_->records().subspan(batch_next_)) {
    if (record.offset >= position_[Index(record.topic)]) last[Index(record.topic)] = &record;
  }
  LastRecords of_batch;
  for (size_t topic = 0; topic < last.size(); ++topic) {
    if (last[topic] != nullptr) of_batch[topic] = Remember(*last[topic]);
  }
  return of_batch;
}

struct Shard::AskedAboutLog {
  uint64_t generation = 0;
  LastRecords folded;
  std::optional<LastRecords> batch;  // or only about what was folded
};

void Shard::CheckLog() { AskAboutLog(/*about_batch=*/false); }

void Shard::AskAboutLog(bool about_batch) {
  if (asking_about_log_ || source_ == nullptr || !environment_.ask_about_log) return;
  asking_about_log_ = true;
  asking_about_batch_ = about_batch;
  AskedAboutLog asked{source_->LogGeneration(), remembered_.last, std::nullopt};
  LogQuestion question{.partition = partition(), .next = position_, .remembered = remembered_};
  if (about_batch) {
    asked.batch = LastOfBatch();
    question.remembered.proved = remembered_.last;
    for (size_t topic = 0; topic < asked.batch->size(); ++topic) {
      const LastRecord& last = (*asked.batch)[topic];
      if (last.known()) question.remembered.last[topic] = last;
    }
  }
  environment_.ask_about_log(std::move(question),
                             [this, asked, post = environment_.post_to_owner,
                              alive = std::weak_ptr<bool>(alive_)](LogAnswer answer) {
                               post([this, asked, alive, answer = std::move(answer)] {
                                 if (!alive.expired()) HearOfLog(asked, answer);
                               });
                             });
}

void Shard::HearOfLog(const AskedAboutLog& asked, const LogAnswer& answer) {
  asking_about_log_ = false;
  asking_about_batch_ = false;
  if (failed() || source_ == nullptr) return;
  environment_.wake_owner();
  if (asked.batch && answer.status.ok() && HasBatch(*asked.batch, answer)) {
    batch_generation_ = asked.generation;
    ++batch_comparisons_;
    return;
  }
  if (asked.batch && IsJudgement(answer.status)) {
    proved_generation_.reset();  // it may be what was folded that the log has no more
    return ReadAnew();
  }
  if (absl::IsDataLoss(answer.status)) return Quarantine(answer.status);
  if (absl::IsOutOfRange(answer.status)) return Fail(answer.status);
  if (!answer.status.ok()) return;
  proved_generation_ = asked.generation;
  for (size_t topic = 0; topic < asked.folded.size(); ++topic) {
    LastRecord proved = asked.folded[topic];
    if (!proved.known()) proved = answer.found[topic];
    remembered_.proved[topic] = proved;
    if (!remembered_.last[topic].known()) remembered_.last[topic] = proved;
  }
}

// True: the batch is done and there may be more. False: it has to wait (batch_ stays) or failed.
bool Shard::ApplyBatch() {
  const auto records = batch_->records();
  const Offsets before = position_;
  Applied applied = Applied::kDone;
  waits_for_letters_ = false;
  const size_t first = batch_next_;
  for (; batch_next_ < records.size(); ++batch_next_) {
    if (delta_.full() && freezing_ != nullptr) {
      applied = Applied::kWait;
      break;
    }
    applied = Apply(records[batch_next_]);
    if (applied != Applied::kDone) break;
    if (delta_.full() && freezing_ == nullptr) {
      oldest_change_ = oldest_change_.value_or(environment_.now());
      StartCheckpoint();
    }
  }
  ahead_.Clear();
  if (applied == Applied::kFailed) applied_ = {};  // the batch is gone
  RememberApplied();
  environment_.metrics->CountBatch(std::exchange(counts_, {}), batch_next_ - first);
  if (applied == Applied::kFailed) return false;
  if (applied == Applied::kDone) {
    // Records prove what is below them; that there are none beyond them is not proved by any.
    for (int topic = 0; topic < domain::kTopicCount && batch_comparisons_ == 0; ++topic) {
      position_[topic] = std::max(position_[topic], batch_->next_offsets()[topic]);
    }
    batch_.reset();
  }
  if (position_ != before) {
    if (!oldest_change_) oldest_change_ = environment_.now();
    if (!caught_up_ && Reaches(position_, options_.end_at_start)) {
      caught_up_ = true;
      checkpoint_now_ = true;  // a restart from here on has little to read again
      PublishStatus();
    }
    progress_->Publish(position_, caught_up_);
    WakeWaiters();
  }
  return applied == Applied::kDone;
}

Shard::Applied Shard::Apply(const domain::Record& record) {
  int64_t& next = position_[Index(record.topic)];
  if (record.offset < next) {
    ++counts_.redelivered[Index(record.topic)];
    return Applied::kDone;
  }
  Applied applied = Applied::kFailed;
  switch (record.topic) {
    case Topic::kEventCreated:
      applied = DecodeAndFold<domain::EventCreated>(record);
      break;
    case Topic::kParticipantRegistered:
      if (const auto* event = DecodedAhead(record)) {
        applied = FoldEvent(*event, record);
      } else {
        applied = DecodeAndFold<domain::ParticipantRegistered>(record);
      }
      break;
    case Topic::kDistributionCompleted:
      applied = DecodeAndFold<domain::DistributionCompleted>(record);
      break;
  }
  if (applied == Applied::kDone) {
    next = record.offset + 1;
    applied_[Index(record.topic)] = &record;
  }
  return applied;
}

void Shard::RememberApplied() {
  for (size_t topic = 0; topic < applied_.size(); ++topic) {
    const domain::Record* const record = std::exchange(applied_[topic], nullptr);
    if (record == nullptr) continue;
    remembered_.last[topic] = Remember(*record);
  }
}

// nullptr: it is not a registration like any other.
const domain::ParticipantRegistered* Shard::DecodedAhead(const domain::Record& record) {
  if (ahead_.empty()) {
    ahead_.Decode(batch_->records().subspan(batch_next_), record.offset, decoder_);
    delta_.Prepare(ahead_.events());
  }
  return ahead_.Take(record.offset);
}

template <typename Event>
Shard::Applied Shard::DecodeAndFold(const domain::Record& record) {
  // Keeps its capacity from record to record.
  static thread_local Event event;
  if (auto rejection = decoder_.Decode(record, event)) return Reject(record, *rejection);
  return FoldEvent(event, record);
}

template <typename Event>
Shard::Applied Shard::FoldEvent(const Event& event, const domain::Record& record) {
  const int32_t partition =
      domain::PartitionOf(options_.partitioner, event.event_id, options_.partition_count);
  if (partition != options_.partition) {
    if (StopForPartitioner(record)) return Applied::kFailed;
    return Reject(record, {domain::Reason::kWrongPartition,
                           absl::StrCat("the key belongs to partition ", partition, " of ",
                                        options_.partition_count, " by --partitioner ",
                                        Abseil(domain::PartitionerName(options_.partitioner)),
                                        ", the record is in partition ", options_.partition)});
  }
  const auto outcome =
      domain::Fold(event, {.offset = record.offset, .timestamp = record.timestamp_ms}, delta_);
  if (!outcome.ok()) {
    FailToRead(outcome.status());
    return Applied::kFailed;
  }
  auto& counts = *outcome == domain::Outcome::kApplied ? counts_.applied : counts_.unchanged;
  ++counts[Index(record.topic)];
  return Applied::kDone;
}

bool Shard::StopForPartitioner(const domain::Record& record) {
  const auto written_by = environment_.partitioner_check->WrittenBy(record.topic);
  if (!written_by) return false;
  const absl::Status why =
      WrittenWithAnother(options_.topic_prefix + std::string(domain::TopicSuffix(record.topic)),
                         options_.partitioner, *written_by);
  Fail(why);
  environment_.stop_process(why);
  return true;
}

Shard::Applied Shard::Reject(const domain::Record& record, const domain::Rejection& rejection) {
  const int topic = Index(record.topic);
  if (record.offset < options_.dead_letters_written_below[topic]) {
    environment_.metrics->CountDeadLetterSkipped(record.topic);
    ++counts_.rejected[topic];
    return Applied::kDone;
  }
  const int64_t in_flight =
      letters_written_[topic] - letter_acks_->acknowledged[topic].load(std::memory_order_acquire);
  const auto wait = [&] {
    waits_for_letters_ = true;
    return Applied::kWait;
  };
  if (in_flight >= options_.dead_letters_in_flight_max) return wait();
  auto done = [acks = letter_acks_, topic, wake = environment_.wake_owner](absl::Status status) {
    if (status.ok()) {
      acks->acknowledged[topic].fetch_add(1, std::memory_order_acq_rel);
    } else {
      std::lock_guard lock(acks->mutex);
      acks->why = std::move(status);
      acks->lost.store(true, std::memory_order_release);
    }
    if (acks->lost.load() || acks->owner_waits.exchange(false)) wake();
  };
  if (!environment_.dead_letters->Write(record, rejection, std::move(done))) return wait();
  ++letters_written_[topic];
  ++counts_.rejected[topic];
  environment_.metrics->CountDeadLetter(record.topic, rejection.reason);
  return Applied::kDone;
}

void Shard::LoadFilter() {
  filter_load_ = std::make_unique<FilterLoad>(
      store_->NewSnapshot(), options_.delta.filter_bytes_max - NewFilterBytes(options_.delta));
  LoadFilterStep();
}

// Step by step, so that commits of all shards come in between.
void Shard::LoadFilterStep() {
  environment_.run_in_background([this] {
    const absl::StatusOr<bool> more =
        filter_load_cancelled_ ? false : filter_load_->Step(options_.filter_rows_at_a_time);
    if (more.ok() && *more) return LoadFilterStep();
    filter_load_->Close();
    environment_.post_to_owner([this, status = more.status()] { FilterLoaded(status); });
  });
}

void Shard::FilterLoaded(const absl::Status& status) {
  if (status.ok() && !filter_load_cancelled_) delta_.SetStoredParticipants(filter_load_->Take());
  filter_load_.reset();
  if (!status.ok()) FailToRead(status);
  ContinueFinish();
}

int64_t Shard::RecordsBehind() const {
  int64_t behind = 0;
  for (const int64_t lag : Lag()) behind += std::max<int64_t>(lag, 0);
  return behind;
}

bool Shard::FarBehind() const {
  return !caught_up_ || RecordsBehind() > options_.far_behind_records;
}

std::optional<absl::Duration> Shard::TimeToCheckpoint() const {
  if (failed()) return std::nullopt;
  if (commit_retry_.waiting()) {
    if (committing_) return std::nullopt;
    return commit_retry_.TimeToTry(environment_.now());
  }
  if (freezing_ != nullptr || !oldest_change_) return std::nullopt;
  if (delta_.full() || checkpoint_now_) return absl::ZeroDuration();
  const absl::Duration interval =
      FarBehind() ? options_.checkpoint_interval_behind : options_.checkpoint_interval;
  // Begun early by what it will take, as the last one did, so that it is durable in time. Nobody
  // waits for that while much is to be read.
  const absl::Duration lead =
      FarBehind() ? absl::ZeroDuration() : std::min(commit_took_, interval / 2);
  return std::max(*oldest_change_ + interval - lead - environment_.now(), absl::ZeroDuration());
}

void Shard::StartCheckpoint() {
  frozen_at_ = environment_.now();
  checkpoint_now_ = false;
  RememberApplied();
  freezing_ = delta_.Freeze(position_, remembered_);
  oldest_change_.reset();
  letters_before_freeze_ = letters_written_;
  if (LettersAcknowledged()) CommitFrozen();
}

// The commit must not pass a bad record whose letter the broker has not acknowledged.
bool Shard::LettersAcknowledged() const {
  const auto acknowledged = [&] {
    for (int topic = 0; topic < domain::kTopicCount; ++topic) {
      if (letter_acks_->acknowledged[topic].load(std::memory_order_acquire) <
          letters_before_freeze_[topic]) {
        return false;
      }
    }
    return true;
  };
  if (acknowledged()) return true;
  letter_acks_->owner_waits.store(true);
  // An acknowledgement between the two looks would wake nobody.
  return acknowledged();
}

void Shard::CommitFrozen() {
  committing_ = true;
  if (commit_ == nullptr) commit_ = std::make_shared<DeltaCommit>(freezing_, durable_);
  environment_.run_in_background([this, commit = commit_, before = durable_,
                                  read_before = std::exchange(read_before_, nullptr),
                                  post = environment_.post_to_owner]() mutable {
    read_before.reset();
    Committed committed{.status = commit->Try(*store_), .after = {}, .standing = {}, .stats = {}};
    if (committed.status.ok()) {
      committed.after = store_->NewSnapshot();
    } else if (auto standing = Standing(*store_, before); standing.ok()) {
      committed.standing = *std::move(standing);
    }
    committed.stats = store_->Stats();
    post([this, committed = std::move(committed)]() mutable {
      FinishCheckpoint(std::move(committed));
    });
  });
}

// Where a compaction has failed and no commit.
void Shard::ResumeStore() {
  committing_ = true;
  environment_.run_in_background([this, before = durable_,
                                  read_before = std::exchange(read_before_, nullptr),
                                  post = environment_.post_to_owner]() mutable {
    read_before.reset();
    absl::Status status = store_->Resume();
    auto standing = Standing(*store_, before);
    if (!standing.ok()) status = standing.status();
    post([this, status, standing = std::move(standing)]() mutable {
      committing_ = false;
      if (standing.ok()) ReadFrom(*std::move(standing));
      status.ok() ? StoreGoesOn() : StoreFailed(status);
      ContinueFinish();
      environment_.wake_owner();
    });
  });
}

void Shard::FinishCheckpoint(Committed committed) {
  committing_ = false;
  const bool ok = committed.status.ok();
  const absl::Duration took = environment_.now() - frozen_at_;
  environment_.metrics->CountCheckpoint(absl::ToDoubleSeconds(took), commit_->rows(), ok);
  if (ok) {
    commit_took_ = took;
    TakeCommitted(std::move(committed));
  } else {
    ReadFrom(std::move(committed.standing));
    StoreFailed(WithContext(committed.status, "the checkpoint could not be committed"));
  }
  PublishStatus();
  ContinueFinish();
  environment_.wake_owner();
}

// Whoever holds on to what the store was before keeps it from being closed.
void Shard::ReadFrom(std::shared_ptr<const store::Snapshot> standing) {
  if (standing != nullptr) read_before_ = delta_.ReplaceSnapshot(std::move(standing));
}

void Shard::TakeCommitted(Committed committed) {
  durable_ = commit_->after();
  commit_.reset();
  freezing_.reset();
  StoreGoesOn();
  Dispose(delta_.Committed(std::move(committed.after)));
  if (environment_.on_durable) environment_.on_durable(partition(), durable_.next_offsets);
  TakeStats(committed.stats);
}

void Shard::StoreFailed(const absl::Status& why) {
  if (absl::IsDataLoss(why)) return Quarantine(why);
  if (!CommitRetry::MayPass(why)) return Fail(why);
  const bool first = !commit_retry_.waiting();
  commit_retry_.Failed(why, environment_.now());
  if (!first) return;
  spdlog::error(
      "shard {} reads no further until its store can be written again, and tries: {}. Reads are "
      "answered as of its position. Nothing is lost. Make room, or mend the disk; no restart is "
      "needed.",
      options_.partition, std::string_view(why.message().data(), why.message().size()));
}

void Shard::StoreGoesOn() {
  if (!commit_retry_.waiting()) return;
  const absl::Duration after = commit_retry_.Succeeded(environment_.now());
  spdlog::info("shard {} goes on: its store can be written again, after {} s", options_.partition,
               absl::ToInt64Seconds(after));
}

// Freeing many participants would hold up reads for milliseconds.
void Shard::Dispose(std::shared_ptr<const ParticipantMap> participants) {
  if (participants->size() < kFreedElsewhere) return;
  environment_.run_in_background(
      [participants = std::move(participants)]() mutable { participants.reset(); });
}

void Shard::TakeStats(const store::StoreStats& stats) {
  stats_ = stats;
  stats_at_ = environment_.now();
  const bool behind = stats.level0_files > options_.level0_files_max;
  if (behind && !compaction_behind_) {
    spdlog::info("shard {} waits for compaction ({} sorted runs)", options_.partition,
                 stats.level0_files);
  }
  compaction_behind_ = behind;
  if (!stats.health.ok() && !committing_ && !commit_retry_.waiting()) {
    StoreFailed(WithContext(stats.health, "the store takes no more commits"));
  }
}

void Shard::Finish(std::function<void(absl::Status)> done) {
  batch_.reset();
  source_.reset();
  finishing_ = true;
  filter_load_cancelled_ = true;
  on_finished_ = std::move(done);
  for (auto& [min, reached] : waiters_) reached();  // nothing more will come
  ContinueFinish();
}

// Called whenever something that finishing waits for has happened.
void Shard::ContinueFinish() {
  if (!on_finished_ || committing_ || filter_load_ != nullptr) return;
  if (failed()) {
    std::exchange(on_finished_, nullptr)(failure_);
  } else if (commit_retry_.waiting()) {
    std::exchange(on_finished_, nullptr)(commit_retry_.why());
  } else if (freezing_ != nullptr) {
    if (LettersAcknowledged()) CommitFrozen();
  } else if (position_ == durable_.next_offsets && delta_.empty()) {
    std::exchange(on_finished_, nullptr)(store_->Sync());
  } else {
    StartCheckpoint();
  }
}

void Shard::Fail(absl::Status why) {
  if (failed()) return;
  failure_ = std::move(why);
  progress_->Stop();
  filter_load_cancelled_ = true;
  spdlog::error(
      "shard {} has stopped: {}. It reads no further; its store stays as of the last checkpoint.",
      options_.partition, std::string_view(failure_.message().data(), failure_.message().size()));
  batch_.reset();
  source_.reset();
  PublishStatus();
  for (auto& [min, reached] : waiters_) reached();
  ContinueFinish();
}

void Shard::Halt(const absl::Status& why) {
  if (failed() || !halted_.ok()) return;
  halted_ = why;
  batch_.reset();
  source_.reset();
  spdlog::error("shard {} reads no further, and answers as of its position: {}", options_.partition,
                std::string_view(why.message().data(), why.message().size()));
  PublishStatus();
  environment_.wake_owner();
}

void Shard::Quarantine(const absl::Status& why) {
  if (failed()) return;
  quarantined_ = true;
  if (environment_.quarantine) {
    environment_.run_in_background([quarantine = environment_.quarantine, partition = partition(),
                                    why] { quarantine(partition, why); });
  }
  Fail(WithRemedy(why));
}

void Shard::FailToRead(const absl::Status& why) {
  const absl::Status status = WithContext(why, "the store cannot be read");
  absl::IsDataLoss(why) ? Quarantine(status) : Fail(status);
}

bool Shard::Reaches(const Offsets& position, const Offsets& min) {
  for (int topic = 0; topic < domain::kTopicCount; ++topic) {
    if (position[topic] < min[topic]) return false;
  }
  return true;
}

std::optional<Shard::Waiter> Shard::AddWaiter(const Offsets& min, std::function<void()> reached) {
  if (finishing_ || waiters_.size() >= options_.position_waiters_max) return std::nullopt;
  waiters_.emplace_back(min, std::move(reached));
  return std::prev(waiters_.end());
}

void Shard::WakeWaiters() {
  for (auto& [min, reached] : waiters_) {
    if (Reaches(position_, min)) reached();
  }
}

// Where the source has not heard of the log's end, it is at least where it was at start.
Offsets Shard::Lag() const {
  Offsets lag{-1, -1, -1};
  if (failed()) return lag;
  const Offsets end = source_ != nullptr ? source_->EndOffsets() : lag;
  for (int topic = 0; topic < domain::kTopicCount; ++topic) {
    const int64_t known = end[topic] >= 0 ? end[topic] : options_.end_at_start[topic];
    lag[topic] = std::max<int64_t>(0, known - position_[topic]);
  }
  return lag;
}

Shard::Health Shard::GetHealth() const {
  std::lock_guard lock(health_mutex_);
  return health_;
}

void Shard::PublishStatus() {
  const Offsets lag = Lag();
  {
    std::lock_guard lock(health_mutex_);
    health_ = {.caught_up = caught_up_,
               .lag = lag,
               .failure = std::string(failure_.message()),
               .quarantined = quarantined_,
               .halted = std::string(halted_.message()),
               .waiting = std::string(commit_retry_.why().message())};
  }
  // Asking the store looks at every file: now and then, or while it is busy.
  const bool busy = compaction_behind_ || stats_.compacting;
  if (environment_.now() - stats_at_ > (busy ? kBusyStatsInterval : kStatsInterval)) {
    TakeStats(store_->Stats());
  }
  const LookupCounts& lookups = delta_.lookups();
  environment_.metrics->CountLookups(lookups.found - lookups_published_.found,
                                     lookups.absent - lookups_published_.absent);
  lookups_published_ = lookups;
  environment_.metrics->SetShard(
      partition(),
      {.next_offsets = position_,
       .lag = lag,
       .checkpoint_age = freezing_ || oldest_change_
                             ? absl::ToDoubleSeconds(environment_.now() -
                                                     (freezing_ ? frozen_at_ : *oldest_change_))
                             : 0,
       .delta_bytes = delta_.live_bytes(),
       .disk_bytes = stats_.disk_bytes,
       .filter_bytes = delta_.filter_bytes(),
       .level0_files = stats_.level0_files,
       .compacting = stats_.compacting,
       .failed = failed(),
       .waiting = commit_retry_.waiting() && !failed(),
       .halted = !halted_.ok() && !failed(),
       .quarantined = quarantined_,
       .caught_up = caught_up_});
}

}  // namespace tally
