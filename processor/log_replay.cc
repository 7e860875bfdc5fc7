#include "processor/log_replay.h"

#include <prometheus/registry.h>

#include <algorithm>
#include <boost/asio/post.hpp>
#include <boost/asio/thread_pool.hpp>
#include <future>
#include <utility>

#include "absl/strings/str_cat.h"
#include "processor/bounded_source.h"
#include "processor/dead_letters.h"
#include "processor/log_admin.h"
#include "processor/metrics.h"
#include "processor/partitioner_check.h"
#include "processor/shard.h"
#include "processor/shard_store.h"
#include "processor/steady_now.h"
#include "processor/worker.h"

namespace tally {
namespace {

constexpr absl::Duration kLookInterval = absl::Milliseconds(50);

// Remembers the first letter that would have to be written; it is the last, too.
class NoLetters final : public DeadLetterSink {
 public:
  bool Write(const domain::Record& record, const domain::Rejection&, Done done) override {
    if (!missing_) missing_ = {record.topic, record.offset};
    done(absl::FailedPreconditionError(
        absl::StrCat("the bad record at offset ", record.offset, " has no dead letter yet")));
    return true;
  }
  // After the replay.
  const std::optional<LetterMissing>& missing() const { return missing_; }

 private:
  std::optional<LetterMissing> missing_;
};

// A shard and all that it needs around it, for one replay.
class Replay {
 public:
  Replay(const ReplayOptions& options, domain::Partitioner partitioner)
      : options_(options),
        metrics_(registry_, options.lineage.topic_prefix),
        check_(partitioner, options.lineage.partition_count) {
    // Whether the log was written with another partitioner was judged when the store was made.
    for (const auto topic : domain::kTopics) check_.Settle(topic);
    shard_options_.partitioner = partitioner;
  }

  absl::Status Run() {
    if (auto status = Open(); !status.ok()) return status;
    worker_->Start();
    absl::Status status = WaitUntilRead();
    status.Update(Close());
    return status;
  }
  const std::optional<LetterMissing>& missing() const { return letters_.missing(); }

 private:
  absl::Status Open();
  ShardEnvironment Environment();
  absl::Status WaitUntilRead();
  absl::Status Close();

  const ReplayOptions& options_;
  prometheus::Registry registry_;
  Metrics metrics_;
  PartitionerCheck check_;
  NoLetters letters_;
  ShardOptions shard_options_;
  std::shared_ptr<ReplayProgress> progress_ = std::make_shared<ReplayProgress>();
  boost::asio::thread_pool background_{1};
  std::unique_ptr<Worker> worker_;
  Shard* shard_ = nullptr;  // the worker's
  std::atomic<bool> reached_{false};
};

absl::Status Replay::Open() {
  // Three queues, a live and a frozen delta, the filter, RocksDB: the shares of tallyd, roughly.
  const size_t sixteenth = options_.memory_bytes / 16;
  auto rocks = std::make_shared<store::RocksEnvironment>(
      store::RocksEnvironmentOptions{.memory_bytes = 2 * sixteenth});
  auto opened = CreateShardStore(options_.path, options_.lineage, rocks);
  if (!opened.ok()) return opened.status();
  auto source = options_.make_source(3 * sixteenth / 2);
  if (!source.ok()) return source.status();

  const store::Lineage& lineage = options_.lineage;
  shard_options_.partition = lineage.partition;
  shard_options_.partition_count = lineage.partition_count;
  shard_options_.topic_prefix = lineage.topic_prefix;
  shard_options_.decode.input_utc_offset_minutes = lineage.input_utc_offset_minutes;
  shard_options_.end_at_start = options_.until;
  shard_options_.dead_letters_written_below = options_.letters_written_below;
  shard_options_.checkpoint_interval = shard_options_.checkpoint_interval_behind;
  shard_options_.delta.bytes_max = 5 * sixteenth / 2;
  shard_options_.delta.filter_bytes_max = 4 * sixteenth;

  worker_ = std::make_unique<Worker>(
      WorkerOptions{},
      std::make_unique<BoundedLogSource>(*std::move(source), options_.until, progress_));
  auto shard = std::make_unique<Shard>(shard_options_, Environment(), std::move(opened->store),
                                       opened->checkpoint, options_.hash_key);
  shard_ = shard.get();
  if (Shard::Reaches(shard->position(), options_.until)) reached_ = true;
  // Also called when the shard fails.
  shard->AddWaiter(options_.until, [this] { reached_ = true; });
  worker_->Add(std::move(shard));
  return worker_->Open();
}

ShardEnvironment Replay::Environment() {
  ShardEnvironment environment;
  environment.run_in_background = [this](std::function<void()> job) {
    boost::asio::post(background_, std::move(job));
  };
  environment.post_to_owner = worker_->PostToOwner();
  environment.wake_owner = worker_->WakeOwner();
  environment.stop_process = [](const absl::Status&) {};  // the shard fails as well
  environment.now = SteadyNow;
  environment.dead_letters = &letters_;
  environment.partitioner_check = &check_;
  environment.metrics = &metrics_;
  return environment;
}

absl::Status Replay::WaitUntilRead() {
  int64_t base = 0;
  for (const int64_t offset : options_.lineage.log_base) base += offset;
  int64_t passed = progress_->Sum();
  absl::Time moved_at = SteadyNow();
  while (!reached_) {
    if (options_.progress && !options_.progress(passed - base)) {
      return absl::CancelledError("interrupted");
    }
    absl::SleepFor(kLookInterval);
    const int64_t now = progress_->Sum();
    if (std::exchange(passed, now) != now) moved_at = SteadyNow();
    if (SteadyNow() - moved_at < options_.stall_max) continue;
    const absl::Status connection = worker_->Connection();
    return absl::DeadlineExceededError(
        absl::StrCat("nothing could be read for ", absl::FormatDuration(options_.stall_max),
                     connection.ok() ? "" : ": ", connection.message()));
  }
  const std::string failure = shard_->GetHealth().failure;
  return failure.empty() ? absl::OkStatus() : absl::AbortedError(failure);
}

absl::Status Replay::Close() {
  std::promise<absl::Status> ended;
  worker_->Stop([&](absl::Status with) { ended.set_value(std::move(with)); });
  const absl::Status status = ended.get_future().get();
  worker_->Join();
  background_.join();
  worker_.reset();
  return status;
}

}  // namespace

absl::Status CheckReplayable(const store::Lineage& lineage, const Offsets& until,
                             const std::vector<LogRange>& ranges) {
  for (const auto topic : domain::kTopics) {
    const auto index = static_cast<size_t>(domain::Index(topic));
    const LogRange& range = ranges[index];
    const std::string name = absl::StrCat(
        lineage.topic_prefix, std::string(domain::TopicSuffix(topic)), "/", lineage.partition);
    const int64_t base = lineage.log_base[index];
    if (until[index] > base && range.begin > base) {
      return absl::OutOfRangeError(absl::StrCat(
          name, ": the store's state begins at offset ", base, ", but the log begins at ",
          range.begin, ": ", range.begin - base, " offsets have been deleted (retention)"));
    }
    if (range.end < until[index]) {
      return absl::OutOfRangeError(
          absl::StrCat(name, ": the store is at offset ", until[index], ", but the log ends at ",
                       range.end, ": the topic was truncated, or deleted and made again"));
    }
  }
  return absl::OkStatus();
}

absl::Status ReplayShard(const ReplayOptions& options, std::optional<LetterMissing>* missing) {
  const auto partitioner = domain::ParsePartitioner(options.lineage.partitioner);
  if (!partitioner) {
    return absl::InvalidArgumentError(
        absl::StrCat("unknown partitioner \"", options.lineage.partitioner, "\""));
  }
  Replay replay(options, *partitioner);
  absl::Status status = replay.Run();
  if (missing != nullptr) *missing = replay.missing();
  return status;
}

}  // namespace tally
