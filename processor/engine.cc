#include "processor/engine.h"

#include <spdlog/spdlog.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/post.hpp>
#include <iterator>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "processor/log_check.h"
#include "processor/memory_shares.h"
#include "processor/shard_share.h"
#include "processor/shard_store.h"
#include "processor/steady_now.h"
#include "store/memory_store.h"
#include "store/quarantine.h"

namespace tally {
namespace {

constexpr absl::Duration kAdminTimeout = absl::Seconds(10);
constexpr absl::Duration kBackoffMin = absl::Milliseconds(250);
constexpr absl::Duration kBackoffMax = absl::Seconds(5);
constexpr absl::Duration kStartUpEndLimit = absl::Seconds(2);
constexpr absl::Duration kAuditEndLimit = absl::Seconds(2);
constexpr absl::Duration kRepeatLogAfter = absl::Seconds(30);
constexpr absl::Duration kMemoryLookInterval = absl::Milliseconds(200);
constexpr int kLooksPerConnectionCheck = 5;

std::string_view Text(const absl::Status& status) {
  return {status.message().data(), status.message().size()};
}

// What may pass by waiting: no broker, no topics yet.
bool MayPass(const absl::Status& status) {
  return absl::IsUnavailable(status) || absl::IsDeadlineExceeded(status) ||
         absl::IsNotFound(status);
}

// Errors of the store must not look as if waiting for the broker helped.
absl::Status Final(const absl::Status& status) {
  return MayPass(status) ? absl::InternalError(status.message()) : status;
}

// Reads and the fold come first where cores are short. What commits in the background cannot fall
// behind without end: a shard waits when its delta is full.
bool LowerThreadPriority() {
  constexpr int kNice = 10;
  return setpriority(PRIO_PROCESS, static_cast<id_t>(gettid()), kNice) == 0;
}

void WarnOfSmallBudget(size_t budget_bytes, size_t shards) {
  if (budget_bytes >= BudgetBytesMin(shards)) return;
  spdlog::warn(
      "--memory-budget is {} MiB: {} shards may take more. Give it {}MiB, or have more instances",
      budget_bytes >> 20, shards, (BudgetBytesMin(shards) >> 20) + 1);
}

// Stands in for a store that is too damaged to be opened: empty, never read, never written.
OpenedShard InPlaceOfDamaged(const store::Lineage& wanted) {
  OpenedShard shard{
      .store = std::make_unique<store::MemoryStore>(), .lineage = wanted, .checkpoint = {}};
  shard.checkpoint.next_offsets = wanted.log_base;
  return shard;
}

constexpr absl::Duration kSnapshotLimit = absl::Seconds(5);

// From another thread than the owner's; null when that takes too long.
std::unique_ptr<store::Snapshot> SnapshotOf(Worker& worker, const Shard& shard) {
  struct Answer {
    Latch done;
    std::unique_ptr<store::Snapshot> snapshot;
  };
  const auto answer = std::make_shared<Answer>();
  worker.PostToOwner()([answer, &shard] {
    if (!shard.failed()) answer->snapshot = shard.NewStoreSnapshot();
    answer->done.Set();
  });
  if (!answer->done.WaitFor(kSnapshotLimit)) return nullptr;
  return std::move(answer->snapshot);
}

}  // namespace

// What start-up finds out, step by step.
struct Engine::Plan {
  std::string cluster_id;
  std::optional<domain::HashKey> hash_key;
  int32_t partition_count = 0;
  std::vector<int32_t> owned;
  std::vector<std::vector<LogRange>> ranges;    // by topic index, then partition
  std::vector<int32_t> dead_letter_partitions;  // by topic index; 0: no such topic

  struct PlannedShard {
    int32_t partition = 0;
    store::Lineage wanted;
    std::optional<OpenedShard> opened;  // nullopt until a new store is created
    Offsets end_at_start{};
    Offsets dead_letters_written_below{};
    absl::Status failure;     // why it must not read on, if so
    absl::Status quarantine;  // why its store must not be read, if so; `opened` is a stand-in

    const Offsets& next_offsets() const {
      return opened ? opened->checkpoint.next_offsets : wanted.log_base;
    }
    const Offsets& log_base() const { return opened ? opened->lineage.log_base : wanted.log_base; }
    // What is to be read of it, in records; nothing while it stands.
    int64_t Lag() const {
      if (!failure.ok() || !quarantine.ok()) return 0;
      int64_t lag = 0;
      for (int i = 0; i < domain::kTopicCount; ++i) {
        lag += std::max<int64_t>(end_at_start[i] - next_offsets()[i], 0);
      }
      return lag;
    }
  };
  std::vector<PlannedShard> shards;

  std::vector<LogRange> RangesOf(int32_t partition) const {
    std::vector<LogRange> result;
    for (const auto& topic : ranges) result.push_back(topic[static_cast<size_t>(partition)]);
    return result;
  }
};

Engine::Engine(const Config& config, LogParts log, store::DataDir data_dir, ShardReader& reader,
               Metrics& metrics, std::function<void(absl::Status)> stop_process)
    : config_(config),
      memory_(config.memory_budget_bytes),
      log_(std::move(log)),
      data_dir_(std::move(data_dir)),
      reader_(reader),
      metrics_(metrics),
      stop_process_(std::move(stop_process)),
      rocks_(std::make_shared<store::RocksEnvironment>(store::RocksEnvironmentOptions{
          .memory_bytes = ShareMemory(config.memory_budget_bytes, 1).rocks_bytes})) {}

Engine::~Engine() {
  if (thread_.joinable()) thread_.join();
}

void Engine::Start() {
  thread_ = std::thread([this] {
    RunUntilStopped();
    thread_ended_.Set();
  });
}

absl::Status Engine::CheckNotStopping() const {
  return stopping_.IsSet() ? absl::CancelledError("stopping") : absl::OkStatus();
}

bool Engine::WaitFor(absl::Duration time) { return !stopping_.WaitFor(time); }

void Engine::SetStarting(const std::string& what) {
  reader_.SetUnavailable(what);
  const std::lock_guard lock(mutex_);
  starting_ = what;
}

void Engine::RunUntilStopped() {
  absl::Duration backoff = kBackoffMin;
  std::string said;
  absl::Time said_at;
  for (;;) {
    const absl::Status status = TryStart();
    if (status.ok()) break;
    if (!CheckNotStopping().ok()) return;
    if (!MayPass(status)) return stop_process_(status);
    metrics_.SetBrokerReachable(absl::IsNotFound(status));
    const std::string what(status.message());
    SetStarting(what);
    if (what != said || SteadyNow() - said_at > kRepeatLogAfter) {
      spdlog::warn("waiting to start, and trying again: {}", what);
      said = what;
      said_at = SteadyNow();
    }
    if (!WaitFor(backoff)) return;
    backoff = std::min(2 * backoff, kBackoffMax);
  }
  WatchBrokers();
}

void Engine::WatchBrokers() {
  bool reachable = true;
  metrics_.SetBrokerReachable(true);
  for (int look = 1; WaitFor(kMemoryLookInterval); ++look) {
    memory_.Look();
    if (look % kLooksPerConnectionCheck != 0) continue;
    absl::Status connection;
    {
      const std::lock_guard lock(mutex_);
      for (const auto& worker : workers_) connection.Update(worker->Connection());
    }
    metrics_.SetBrokerReachable(connection.ok());
    if (connection.ok() == reachable) continue;
    reachable = connection.ok();
    if (reachable) {
      spdlog::info("brokers are reachable again");
    } else {
      spdlog::warn("brokers are not reachable, reads go on and reconnecting is tried: {}",
                   Text(connection));
    }
  }
}

absl::Status Engine::TryStart() {
  Plan plan;
  // Nothing is written before all that can be checked has been.
  for (const auto step :
       {&Engine::FindTopics, &Engine::FindRanges, &Engine::OpenStores, &Engine::ProbePartitioner,
        &Engine::CreateStores, &Engine::FindDeadLetters, &Engine::StartWorkers}) {
    if (auto status = CheckNotStopping(); !status.ok()) return status;
    if (auto status = (this->*step)(plan); !status.ok()) return status;
  }
  return absl::OkStatus();
}

absl::Status Engine::FindTopics(Plan& plan) {
  auto cluster_id = log_.admin->ClusterId(kAdminTimeout);
  if (!cluster_id.ok()) return cluster_id.status();
  plan.cluster_id = *std::move(cluster_id);
  plan.hash_key = config_.hash_key
                      ? *config_.hash_key
                      : domain::HashKey::Derived(plan.cluster_id, config_.topic_prefix);

  std::vector<std::string> names = InputTopics(config_.topic_prefix);
  const std::vector<std::string> letters = DeadLetterTopics(config_.topic_prefix);
  names.insert(names.end(), letters.begin(), letters.end());
  auto topics = log_.admin->DescribeTopics(names, kAdminTimeout);
  if (!topics.ok()) return topics.status();

  std::vector<std::string> missing;
  int32_t partitions = 0;
  for (size_t i = 0; i < topics->size(); ++i) {
    const TopicInfo& topic = (*topics)[i];
    if (topic.partitions == 0) missing.push_back(topic.name);
    // An input topic that exists decides, so that what is lost is made as wide again.
    if (partitions == 0 && i < domain::kTopicCount) partitions = topic.partitions;
  }
  if (partitions == 0) partitions = config_.partitions;
  if (!missing.empty() && config_.create_topics) {
    auto status =
        log_.admin->CreateTopics(missing, partitions, config_.replication_factor, kAdminTimeout);
    if (!status.ok()) return status;
    spdlog::info("created {} with {} partitions", absl::StrJoin(missing, ", "), partitions);
    topics = log_.admin->DescribeTopics(names, kAdminTimeout);
    if (!topics.ok()) return topics.status();
  }

  const std::vector<TopicInfo> inputs(topics->begin(), topics->begin() + domain::kTopicCount);
  auto count = CheckTopics(inputs);
  if (!count.ok()) return count.status();
  plan.partition_count = *count;
  for (auto topic = topics->begin() + domain::kTopicCount; topic != topics->end(); ++topic) {
    plan.dead_letter_partitions.push_back(topic->partitions);
    if (topic->partitions >= *count) continue;
    spdlog::warn(
        "dead-letter topic {} has {} partitions and {} are needed: a shard that meets bad input "
        "will stop; create it with `tally topics create --partitions {}`",
        topic->name, topic->partitions, *count, *count);
  }
  const auto finite = FiniteRetention(inputs);
  for (size_t i = 0; i < inputs.size(); ++i) {
    const bool is_finite = std::find(finite.begin(), finite.end(), inputs[i].name) != finite.end();
    metrics_.SetRetentionFinite(domain::kTopics[i], is_finite);
  }
  if (!finite.empty()) {
    spdlog::warn(
        "{}: the broker deletes old records, after which the state can no longer be rebuilt from "
        "the topics; set retention.ms=-1 and retention.bytes=-1",
        absl::StrJoin(finite, ", "));
  }
  for (int32_t p = 0; p < *count; ++p) {
    if (OwnerOf(p, config_.instances) == config_.instance) plan.owned.push_back(p);
  }
  if (plan.owned.empty()) {
    return absl::FailedPreconditionError(
        absl::StrCat("instance ", config_.instance, " of ", config_.instances, " owns none of ",
                     *count, " partitions: run at most ", *count, " instances"));
  }
  return absl::OkStatus();
}

absl::Status Engine::FindRanges(Plan& plan) {
  for (const auto& topic : InputTopics(config_.topic_prefix)) {
    auto ranges = log_.admin->Ranges(topic, plan.partition_count, kAdminTimeout);
    if (!ranges.ok()) return ranges.status();
    plan.ranges.push_back(*std::move(ranges));
  }
  return absl::OkStatus();
}

absl::Status Engine::OpenStores(Plan& plan) {
  for (const int32_t partition : plan.owned) {
    const auto ranges = plan.RangesOf(partition);
    store::Lineage wanted;
    wanted.cluster_id = plan.cluster_id;
    wanted.topic_prefix = config_.topic_prefix;
    wanted.partition = partition;
    wanted.partition_count = plan.partition_count;
    wanted.partitioner = domain::PartitionerName(config_.partitioner);
    wanted.hash_key_fingerprint = plan.hash_key->Fingerprint();
    wanted.input_utc_offset_minutes = config_.input_utc_offset_minutes;
    for (int topic = 0; topic < domain::kTopicCount; ++topic) {
      wanted.log_base[topic] = ranges[static_cast<size_t>(topic)].begin;
    }
    absl::Status quarantine;
    auto opened = OpenUnlessQuarantined(data_dir_.ShardPath(partition), wanted, quarantine);
    if (!opened.ok()) return Final(opened.status());
    if (!*opened) {
      auto status = CheckLogBase(config_.topic_prefix, partition, ranges);
      if (!status.ok() && !config_.accept_log_base) return status;
      if (!status.ok()) {
        spdlog::warn("--accept-log-base: the state of shard {} leaves out what the log has lost",
                     partition);
      }
    }
    Plan::PlannedShard shard{
        .partition = partition, .wanted = std::move(wanted), .opened = *std::move(opened)};
    shard.quarantine = std::move(quarantine);
    for (int topic = 0; topic < domain::kTopicCount; ++topic) {
      shard.end_at_start[topic] = ranges[static_cast<size_t>(topic)].end;
    }
    shard.failure = CheckResume(config_.topic_prefix, partition, shard.next_offsets(), ranges);
    metrics_.SetLogBase(partition, shard.log_base());
    plan.shards.push_back(std::move(shard));
  }
  return absl::OkStatus();
}

// One store that is damaged, or was found to be wrong, is no reason not to serve the others. It is
// not opened for writing: what can be learned from it stays there.
absl::StatusOr<std::optional<OpenedShard>> Engine::OpenUnlessQuarantined(
    const std::string& path, const store::Lineage& wanted, absl::Status& quarantine) {
  const auto marked = store::QuarantineOf(path);
  if (!marked.ok()) return marked.status();
  if (marked->has_value()) {
    quarantine = absl::DataLossError(**marked);
  } else {
    auto opened = OpenShardStore(path, wanted, rocks_);
    if (!absl::IsDataLoss(opened.status())) return opened;
    quarantine = opened.status();
  }
  return InPlaceOfDamaged(wanted);
}

absl::Status Engine::CreateStores(Plan& plan) {
  for (auto& shard : plan.shards) {
    if (shard.opened) continue;
    auto created = CreateShardStore(data_dir_.ShardPath(shard.partition), shard.wanted, rocks_);
    if (!created.ok()) return Final(created.status());
    shard.opened = *std::move(created);
  }
  if (auto status = data_dir_.ExpectShards(plan.owned); !status.ok()) {
    spdlog::warn("`tally verify` will not notice when a shard's directory is gone: {}",
                 Text(status));
  }
  return absl::OkStatus();
}

absl::Status Engine::ProbePartitioner(Plan& plan) {
  partitioner_check_ =
      std::make_unique<PartitionerCheck>(config_.partitioner, plan.partition_count);
  const auto names = InputTopics(config_.topic_prefix);
  for (const auto topic : domain::kTopics) {
    const auto index = static_cast<size_t>(domain::Index(topic));
    std::vector<PartitionAt> from;
    int64_t read_before = 0;
    for (const auto& shard : plan.shards) {
      const int64_t next = shard.next_offsets()[index];
      read_before += next - shard.log_base()[index];
      const auto& range = plan.ranges[index][static_cast<size_t>(shard.partition)];
      if (next < range.end) from.push_back({names[index], shard.partition, next});
    }
    // The topic's first records were judged when they were read.
    if (read_before >= PartitionerCheck::kRecordsLookedAt) {
      partitioner_check_->Settle(topic);
      continue;
    }
    if (from.empty()) continue;
    PartitionerCheck probe(config_.partitioner, plan.partition_count);
    int seen = 0;
    auto status = log_.admin->Read(
        from,
        [&](const PartitionAt& at, const OwnedRecord& record) {
          if (record.key) probe.Observe(topic, *record.key, at.partition);
          return ++seen < PartitionerCheck::kRecordsLookedAt;
        },
        kAdminTimeout);
    if (!status.ok()) return status;
    if (const auto written_by = probe.WrittenBy(topic)) {
      return WrittenWithAnother(names[index], config_.partitioner, *written_by);
    }
  }
  return absl::OkStatus();
}

absl::Status Engine::FindDeadLetters(Plan& plan) {
  const auto names = InputTopics(config_.topic_prefix);
  for (const auto topic : domain::kTopics) {
    const auto index = static_cast<size_t>(domain::Index(topic));
    const int32_t partitions = std::min(plan.dead_letter_partitions[index], plan.partition_count);
    if (partitions == 0) continue;
    auto letters = log_.admin->Ranges(names[index] + ".dlq", partitions, kAdminTimeout);
    if (!letters.ok()) return letters.status();
    for (auto& shard : plan.shards) {
      if (auto status = CheckNotStopping(); !status.ok()) return status;
      if (shard.partition >= partitions) continue;
      const auto& range = (*letters)[static_cast<size_t>(shard.partition)];
      if (range.end == range.begin) continue;
      auto below = log_.dead_letters_written_below(names[index], shard.partition);
      if (!below.ok()) return below.status();
      shard.dead_letters_written_below[index] = *below;
    }
  }
  return absl::OkStatus();
}

absl::Status Engine::StartWorkers(Plan& plan) {
  auto dead_letters = log_.make_dead_letters();
  if (!dead_letters.ok()) return dead_letters.status();
  dead_letters_ = *std::move(dead_letters);

  const auto thread_count = std::min(static_cast<size_t>(config_.threads), plan.shards.size());
  const MemoryShares memory = ShareMemory(config_.memory_budget_bytes, plan.shards.size());
  WarnOfSmallBudget(config_.memory_budget_bytes, plan.shards.size());
  background_ = std::make_unique<boost::asio::thread_pool>(std::min<size_t>(thread_count, 4));

  std::vector<std::shared_ptr<Worker>> workers;
  log_watch_ = StartLogWatch(plan.partition_count);
  for (size_t i = 0; i < thread_count; ++i) {
    auto source = log_.make_source(memory.queue_bytes);
    if (!source.ok()) return source.status();
    workers.push_back(
        std::make_shared<Worker>(WorkerOptions{.index = static_cast<int>(i)}, *std::move(source)));
  }
  std::vector<int64_t> lags;
  for (const auto& planned : plan.shards) lags.push_back(planned.Lag());
  const std::vector<size_t> shared = ShareOut(lags, thread_count);
  for (size_t i = 0; i < plan.shards.size(); ++i) {
    auto& planned = plan.shards[i];
    Worker& worker = *workers[shared[i]];
    ShardOptions options;
    options.partition = planned.partition;
    options.partition_count = plan.partition_count;
    options.topic_prefix = config_.topic_prefix;
    options.partitioner = config_.partitioner;
    options.decode.input_utc_offset_minutes = config_.input_utc_offset_minutes;
    options.end_at_start = planned.end_at_start;
    options.dead_letters_written_below = planned.dead_letters_written_below;
    options.checkpoint_interval = config_.checkpoint_interval;
    options.checkpoint_interval_behind =
        std::max(options.checkpoint_interval_behind, config_.checkpoint_interval);
    options.delta.bytes_max = memory.delta_bytes;
    options.delta.resident_events_max = memory.resident_events;
    options.delta.filter_bytes_max = memory.filter_bytes;

    ShardEnvironment environment;
    environment.run_in_background = [pool = background_.get()](std::function<void()> job) {
      boost::asio::post(*pool, [job = std::move(job)] {
        static thread_local const bool lowered = LowerThreadPriority();
        static_cast<void>(lowered);
        job();
      });
    };
    environment.post_to_owner = worker.PostToOwner();
    environment.wake_owner = worker.WakeOwner();
    environment.quarantine = [this](int32_t partition, const absl::Status& why) {
      const absl::Status marked = store::Quarantine(data_dir_.ShardPath(partition), Text(why));
      if (!marked.ok()) spdlog::error("the quarantine could not be recorded: {}", Text(marked));
    };
    // What is found on every start needs no mark, and goes when the files are put right.
    if (!planned.quarantine.ok()) environment.quarantine = nullptr;
    environment.stop_process = stop_process_;
    environment.now = SteadyNow;
    environment.dead_letters = dead_letters_.get();
    environment.partitioner_check = partitioner_check_.get();
    environment.metrics = &metrics_;
    environment.memory = &memory_;
    environment.ask_about_log = [watch = log_watch_.get()](LogQuestion question,
                                                           LogWatch::Answer answer) {
      watch->Ask(std::move(question), std::move(answer));
    };
    environment.on_durable = [&worker](int32_t partition, const Offsets& next) {
      worker.source().CommitGroupOffsets(partition, next);
    };
    auto shard =
        std::make_unique<Shard>(options, std::move(environment), std::move(planned.opened->store),
                                planned.opened->checkpoint, *plan.hash_key);
    if (!planned.quarantine.ok()) shard->Quarantine(planned.quarantine);
    if (!planned.failure.ok()) shard->Fail(planned.failure);
    worker.Add(std::move(shard));
  }
  for (const auto& worker : workers) {
    if (auto status = worker->Open(); !status.ok()) return Final(status);
  }
  for (const auto& worker : workers) worker->Start();
  spdlog::info("reading {} of {} partitions of {}* on {} threads", plan.owned.size(),
               plan.partition_count, config_.topic_prefix, thread_count);
  reader_.Serve(plan.cluster_id, plan.partition_count, workers);
  StartAudit(workers);
  const std::lock_guard lock(mutex_);
  starting_.clear();
  workers_ = std::move(workers);
  return absl::OkStatus();
}

// Calls all shards on their owners' threads.
void Engine::ForAllShards(const std::function<void(Shard&)>& call) {
  const std::lock_guard lock(mutex_);
  for (const auto& worker : workers_) {
    worker->PostToOwner()([worker = worker.get(), call] {
      for (const auto& shard : worker->shards()) call(*shard);
    });
  }
}

std::unique_ptr<LogWatchThread> Engine::StartLogWatch(int32_t partition_count) {
  LogWatchOptions options;
  options.topic_prefix = config_.topic_prefix;
  options.partition_count = partition_count;
  options.interval = config_.metadata_interval;
  LogWatchEvents events;
  events.look_at_all = [this] { ForAllShards([](Shard& shard) { shard.CheckLog(); }); };
  events.partitions_added = [this](const absl::Status& why) {
    ForAllShards([why](Shard& shard) { shard.Halt(why); });
  };
  return std::make_unique<LogWatchThread>(std::make_shared<LogWatch>(
      std::move(options), log_.admin, std::move(events), SteadyNow, metrics_));
}

void Engine::StartAudit(const std::vector<std::shared_ptr<Worker>>& workers) {
  if (config_.audit_interval == absl::ZeroDuration()) return;
  std::vector<AuditedShard> audited;
  for (const auto& worker : workers) {
    for (const auto& shard : worker->shards()) {
      // The audit ends before the workers do.
      AuditedShard one{
          .partition = shard->partition(), .snapshot = {}, .alive = {}, .quarantine = {}};
      one.snapshot = [&worker = *worker, &shard = *shard] { return SnapshotOf(worker, shard); };
      one.alive = [&shard = *shard] {
        const Shard::Health health = shard.GetHealth();
        return health.failure.empty() && health.waiting.empty();
      };
      one.quarantine = [post = worker->PostToOwner(), &shard = *shard](const absl::Status& why) {
        post([&shard, why] { shard.Quarantine(why); });
      };
      audited.push_back(std::move(one));
    }
  }
  AuditOptions options{.interval = config_.audit_interval};
  options.memory_bytes = ShareMemory(config_.memory_budget_bytes, 1).audit_bytes;
  audit_ = std::make_unique<AuditThread>(options, std::move(audited), metrics_);
}

Engine::Stopped Engine::Stop(absl::Duration limit) {
  draining_ = true;
  stopping_.Set();
  const absl::Time deadline = SteadyNow() + limit;
  if (thread_.joinable()) {
    if (!thread_ended_.WaitFor(std::min(kStartUpEndLimit, limit))) {
      return Stopped::kStillStarting;
    }
    thread_.join();
  }
  if (log_watch_ != nullptr) log_watch_->Stop();
  if (audit_ != nullptr && !audit_->Stop(kAuditEndLimit)) return Stopped::kIncomplete;
  std::vector<std::shared_ptr<Worker>> workers;
  {
    const std::lock_guard lock(mutex_);
    workers = std::move(workers_);
    workers_.clear();
  }
  reader_.SetUnavailable("shutting down");
  struct Ended {
    Latch done;
    absl::Status status;
  };
  std::vector<std::shared_ptr<Ended>> ended;
  for (const auto& worker : workers) {
    auto one = std::make_shared<Ended>();
    ended.push_back(one);
    worker->Stop([one](absl::Status status) {
      one->status = std::move(status);
      one->done.Set();
    });
  }
  for (const auto& one : ended) {
    if (!one->done.WaitFor(std::max(deadline - SteadyNow(), absl::ZeroDuration()))) {
      spdlog::warn(
          "not everything that was read could be made durable in time; it will be read "
          "again from the log");
      return Stopped::kIncomplete;
    }
    if (!one->status.ok()) spdlog::warn("a shard ended early: {}", Text(one->status));
  }
  // Letters and commits call back into workers until they have ended themselves.
  for (const auto& worker : workers) worker->Join();
  if (background_) background_->join();
  dead_letters_.reset();
  workers.clear();
  return Stopped::kFinished;
}

query::Health Engine::GetHealth() const {
  query::Health health;
  health.draining = draining_;
  const std::lock_guard lock(mutex_);
  health.starting = starting_;
  bool all_reached = !workers_.empty();
  for (const auto& worker : workers_) {
    for (const auto& shard : worker->shards()) {
      const auto from = shard->GetHealth();
      query::ShardHealth to{.partition = shard->partition(), .lag = from.lag};
      to.failure = !from.failure.empty()   ? from.failure
                   : !from.waiting.empty() ? from.waiting
                                           : from.halted;
      using State = query::ShardHealth::State;
      to.state = from.quarantined        ? State::kQuarantined
                 : !from.failure.empty() ? State::kFailed
                 : !from.waiting.empty() ? State::kWriteBlocked
                 : !from.halted.empty()  ? State::kHalted
                 : from.caught_up        ? State::kLive
                                         : State::kReplaying;
      all_reached =
          all_reached && (!from.failure.empty() || !from.halted.empty() || from.caught_up);
      health.shards.push_back(std::move(to));
    }
  }
  std::sort(health.shards.begin(), health.shards.end(),
            [](const auto& a, const auto& b) { return a.partition < b.partition; });
  health.reached_start_end = all_reached;
  return health;
}

}  // namespace tally
