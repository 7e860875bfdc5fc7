#include "tests/sim/instance.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <utility>

#include "processor/log_check.h"
#include "processor/shard_store.h"
#include "processor/store_check.h"
#include "tests/sim/failure.h"

namespace tally::sim {
namespace {

// So few that a slow disk has shards wait for compaction; more than compaction leaves.
constexpr uint64_t kRunsMax = 5;

std::string Text(const absl::Status& status) { return status.ToString(); }

bool AnyAbove(const Offsets& a, const Offsets& b) {
  for (size_t i = 0; i < a.size(); ++i) {
    if (a[i] > b[i]) return true;
  }
  return false;
}

// nullopt: the store cannot be read.
std::optional<CheckpointRow> CheckpointOf(const store::Snapshot& snapshot) {
  std::string value;
  const auto found = snapshot.Get(kCheckpointKey, &value);
  if (!found.ok()) return std::nullopt;
  return *found ? DecodeCheckpoint(value).value_or(CheckpointRow{}) : CheckpointRow{};
}

}  // namespace

Instance::Instance(Surroundings& around, Disk& disk, int ordinal)
    : around_(around), disk_(disk), ordinal_(ordinal) {}

Instance::~Instance() {
  Random random(0);
  Kill(random);
}

absl::Status Instance::Start(int instances, uint64_t salt) {
  Random random(salt);
  const Config& config = around_.config;
  instances_ = instances;
  stopping_ = false;
  stop_status_.reset();
  excused_.clear();
  stop_excused_ = disk_.has_fault();
  http_ = std::make_unique<Loop>(around_.clock);
  http_->Start();
  letters_ = std::make_unique<Letters>(around_.letter_topics);
  log_admin_ = around_.log.NewAdmin();
  partitioner_check_ =
      std::make_unique<PartitionerCheck>(domain::Partitioner::kMurmur2, config.partitions);
  for (const auto topic : domain::kTopics) partitioner_check_->Settle(topic);
  reader_ = std::make_unique<ShardReader>(
      ShardReaderOptions{.topic_prefix = "sample.",
                         .instance = ordinal_,
                         .instances = instances,
                         .events_per_step = config.events_per_step,
                         .now = [this] { return around_.clock.now(); }});
  for (int i = 0; i < config.workers; ++i) {
    auto loop = std::make_unique<Loop>(around_.clock);
    loops_.push_back(loop.get());
    auto source =
        around_.log.NewSource(random.Next(), [this](int32_t partition, const Offsets& next) {
          const auto stored = StoredOffsets(partition);
          if (!stored || !AnyAbove(next, *stored)) return;
          Fail("group", fmt::format("the group is told of offsets {} of partition {} while the "
                                    "store holds {}",
                                    fmt::join(next, ","), partition, fmt::join(*stored, ",")));
        });
    WorkerOptions options{.index = i,
                          .batch_records_max = static_cast<size_t>(config.batch_records_max)};
    workers_.push_back(std::make_shared<Worker>(options, std::move(source), std::move(loop)));
  }
  size_t next_worker = 0;
  absl::Status status;
  for (int32_t partition = 0; partition < config.partitions && status.ok(); ++partition) {
    if (OwnerOf(partition, instances) != ordinal_) continue;
    status = Add(*workers_[next_worker++ % workers_.size()], partition);
  }
  for (auto& worker : workers_) {
    if (status.ok()) status = worker->Open();
  }
  if (!status.ok()) {
    Kill(random);
    return status;
  }
  for (auto& worker : workers_) worker->Start();
  reader_->Serve("sim", config.partitions, workers_);
  return absl::OkStatus();
}

absl::Status Instance::Add(Worker& worker, int32_t partition) {
  const Config& config = around_.config;
  const auto ranges = around_.log.Ranges(partition);
  store::Lineage wanted;
  wanted.cluster_id = "sim";
  wanted.topic_prefix = "sample.";
  wanted.partition = partition;
  wanted.partition_count = config.partitions;
  wanted.partitioner = domain::PartitionerName(domain::Partitioner::kMurmur2);
  wanted.hash_key_fingerprint = around_.hash_key.Fingerprint();
  wanted.input_utc_offset_minutes = 540;
  auto opened = disk_.Open(partition, wanted);
  if (!opened.ok()) return opened.status();
  CheckStore(partition, *opened);

  ShardOptions options;
  options.partition = partition;
  options.partition_count = config.partitions;
  options.topic_prefix = "sample.";
  options.end_at_start = around_.log.StableEnd(partition);
  options.dead_letters_written_below = around_.letter_topics.WrittenBelow(partition);
  options.checkpoint_interval = absl::Milliseconds(config.checkpoint_interval_ms);
  options.checkpoint_interval_behind = 4 * options.checkpoint_interval;
  options.far_behind_records = 50;
  options.delta.bytes_max = static_cast<size_t>(config.delta_bytes_max);
  options.delta.resident_events_max = static_cast<size_t>(config.resident_events_max);
  options.delta.filter_bytes_max = static_cast<size_t>(config.filter_bytes_max);
  options.dead_letters_in_flight_max = config.letters_in_flight_max;
  options.position_waiters_max = static_cast<size_t>(config.position_waiters_max);
  options.filter_rows_at_a_time = static_cast<size_t>(config.filter_rows_at_a_time);
  options.level0_files_max = kRunsMax;

  auto store = Interleaved(std::move(opened->store), around_.store_use);
  Owned& owned = owned_[partition];
  owned = {.shard = nullptr, .store = store.get(), .highest = opened->checkpoint.next_offsets};
  auto shard = std::make_unique<Shard>(options, Environment(worker), std::move(store),
                                       opened->checkpoint, around_.hash_key);
  owned.shard = shard.get();
  if (disk_.has_fault() || around_.log.has_fault(partition) ||
      around_.store_use.reads_until_failure >= 0) {
    Excuse(partition);
  }
  const absl::Status resume =
      CheckResume("sample.", partition, opened->checkpoint.next_offsets, ranges);
  if (!resume.ok()) {
    Excuse(partition);  // only deleted history can be why
    shard->Fail(resume);
  }
  worker.Add(std::move(shard));
  return absl::OkStatus();
}

ShardEnvironment Instance::Environment(Worker& worker) {
  ShardEnvironment environment;
  environment.run_in_background = [this](std::function<void()> job) {
    jobs_.push_back(std::move(job));
  };
  environment.post_to_owner = worker.PostToOwner();
  environment.wake_owner = worker.WakeOwner();
  environment.stop_process = [](const absl::Status& why) {
    Fail("stopped", "the process was stopped: " + Text(why));
  };
  environment.now = [this] { return around_.clock.now(); };
  environment.dead_letters = letters_.get();
  environment.partitioner_check = partitioner_check_.get();
  environment.metrics = &around_.metrics;
  environment.ask_about_log = [this](LogQuestion question, std::function<void(LogAnswer)> answer) {
    jobs_.push_back([this, question = std::move(question), answer = std::move(answer)] {
      answer(CompareWithLog(*log_admin_, "sample.", {&question, 1}, absl::Seconds(1)).front());
    });
  };
  environment.on_durable = [&worker](int32_t partition, const Offsets& next) {
    worker.source().CommitGroupOffsets(partition, next);
  };
  return environment;
}

void Instance::CheckStore(int32_t partition, const OpenedShard& opened) {
  CheckStoredState(around_, partition, *opened.store->NewSnapshot(),
                   fmt::format("as instance {} opens it", ordinal_), disk_.is_damaged(partition));
}

void Instance::Kill(Random& random) { End(random, /*crash=*/true); }

void Instance::NoteFolded() {
  for (const auto& [partition, owned] : owned_) {
    if (owned.shard == nullptr) continue;
    Offsets& folded = around_.folded[partition];
    for (size_t topic = 0; topic < folded.size(); ++topic) {
      folded[topic] = std::max(folded[topic], owned.shard->position()[topic]);
    }
  }
}

void Instance::End(Random& random, bool crash) {
  NoteFolded();
  if (crash) disk_.BeginCrash();
  jobs_.clear();
  if (letters_ != nullptr) letters_->Crash(random);
  // Reads that wait hold their workers, whose loops hold them.
  for (Loop* loop : loops_) loop->Discard();
  loops_.clear();
  owned_.clear();
  reader_.reset();
  workers_.clear();
  http_.reset();
  letters_.reset();
  if (crash) disk_.EndCrash();
}

void Instance::Stop() {
  stopping_ = true;
  reader_->SetUnavailable("shutting down");
  stop_status_ = absl::OkStatus();
  unfinished_ = workers_.size();
  for (auto& worker : workers_) {
    worker->Stop([this](absl::Status status) {
      stop_status_->Update(status);
      --unfinished_;
    });
  }
}

std::optional<absl::Status> Instance::Ended() {
  if (!stopping_ || unfinished_ > 0) return std::nullopt;
  absl::Status status = *stop_status_;
  Random random(0);
  End(random, /*crash=*/false);
  return status;
}

bool Instance::RunLoop(uint64_t pick) {
  const size_t count = loops_.size() + 1;
  for (size_t i = 0; i < count && running(); ++i) {
    const size_t at = (pick + i) % count;
    if (at < loops_.size() ? loops_[at]->RunOne() : http_->RunOne()) return true;
  }
  return false;
}

void Instance::RunJob(uint64_t pick) {
  if (jobs_.empty()) return;
  const auto at = jobs_.begin() + static_cast<std::ptrdiff_t>(pick % jobs_.size());
  auto job = std::move(*at);
  jobs_.erase(at);
  job();
}

Shard* Instance::shard(int32_t partition) const {
  const auto found = owned_.find(partition);
  return found == owned_.end() ? nullptr : found->second.shard;
}

std::vector<Shard*> Instance::shards() const {
  std::vector<Shard*> shards;
  for (const auto& [partition, owned] : owned_) shards.push_back(owned.shard);
  return shards;
}

bool Instance::has_failed() const {
  return std::any_of(owned_.begin(), owned_.end(),
                     [](const auto& owned) { return owned.second.shard->failed(); });
}

std::optional<CheckpointRow> Instance::Stored(int32_t partition) const {
  const auto found = owned_.find(partition);
  if (found == owned_.end()) return std::nullopt;
  return CheckpointOf(*found->second.store->NewSnapshot());
}

std::optional<Offsets> Instance::StoredOffsets(int32_t partition) const {
  const auto row = Stored(partition);
  if (!row) return std::nullopt;
  return row->next_offsets;
}

void Instance::ExcuseAll() {
  for (const auto& [partition, owned] : owned_) Excuse(partition);
}

void Instance::CheckShards() {
  NoteFolded();
  for (auto& [partition, owned] : owned_) {
    const Shard& shard = *owned.shard;
    if (shard.failed() && !IsExcused(partition)) {
      Fail("stopped", fmt::format("shard {} of instance {} has stopped without a fault: {}",
                                  partition, ordinal_, Text(shard.failure())));
    }
    if (AnyAbove(owned.highest, shard.position())) {
      Fail("position", fmt::format("the position of shard {} went back", partition));
    }
    if (!around_.log.is_made_again(partition) &&
        AnyAbove(shard.position(), around_.log.StableEnd(partition))) {
      Fail("position", fmt::format("the position of shard {} is beyond the log", partition));
    }
    owned.highest = shard.position();
  }
}

void CheckStoredState(Surroundings& around, int32_t partition, const store::Snapshot& snapshot,
                      const std::string& when, bool damaged) {
  const auto fail = [&](const std::string& what) {
    Fail("store", fmt::format("the store of partition {}, {}: {}", partition, when, what));
  };
  const CheckpointRow row = CheckpointOf(snapshot).value_or(CheckpointRow{});
  const auto stored = StoredState(snapshot);
  if (!stored.ok() && damaged && absl::IsDataLoss(stored.status())) return;
  if (!stored.ok()) fail(Text(stored.status()));
  const auto expected =
      WithHashes(around.expected.ShardAt(partition, row.next_offsets), around.hash_key);
  if (const std::string difference = Difference(*stored, expected); !difference.empty()) {
    fail(fmt::format("is not the fold of the records below its offsets {}:\n{}",
                     fmt::join(row.next_offsets, ","), difference));
  }
  const auto scan = ScanStore(snapshot);
  if (!scan.ok() && damaged && absl::IsDataLoss(scan.status())) return;
  if (!scan.ok()) fail("cannot be scanned: " + Text(scan.status()));
  const domain::Digest digest = DigestOf(expected);
  if (row.digest != digest || scan->digest != digest) {
    fail(fmt::format("its digest is {}, of its rows {}, and should be {}", ToHex(row.digest),
                     ToHex(scan->digest), ToHex(digest)));
  }
  if (scan->events != row.events || scan->participants != row.participants ||
      scan->distributions != row.distributions) {
    fail("its totals are not those of its rows");
  }
  const std::string missing =
      around.expected.LettersMissing(partition, row.next_offsets, around.letter_topics);
  if (!missing.empty()) Fail("letter", missing + ", " + when);
  Observe(row.digest.lo);
}

}  // namespace tally::sim
