#include "tests/fakes/shard_life.h"

#include <utility>

#include "tests/fakes/memory_log_admin.h"

namespace tally {

ShardLife::ShardLife(MemoryLog& log, ShardOptions options)
    : log_(log),
      options_(std::move(options)),
      disk_(std::make_shared<store::MemoryDisk>()),
      metrics_(registry_, "sample.") {
  options_.topic_prefix = "sample.";
  if (options_.partition_count == 0) options_.partition_count = 1;
  Restart();
}

ShardLife::~ShardLife() { Crash(); }

void ShardLife::Crash() {
  // Jobs hold the shard: like the process, they are gone before it is.
  background_.clear();
  posted_.clear();
  asked_.clear();
  shard_.reset();
  store_ = nullptr;
}

void ShardLife::Restart() {
  Crash();
  stopped_process_.reset();
  check_ = std::make_unique<PartitionerCheck>(options_.partitioner, options_.partition_count);
  auto store = std::make_unique<store::MemoryStore>(disk_, std::make_shared<HourMerger>());
  store_ = store.get();
  ShardEnvironment environment;
  environment.run_in_background = [this](std::function<void()> job) {
    background_.push_back(std::move(job));
  };
  environment.post_to_owner = [this](std::function<void()> job) {
    posted_.push_back(std::move(job));
  };
  environment.wake_owner = [] {};
  environment.stop_process = [this](absl::Status why) { stopped_process_ = std::move(why); };
  environment.quarantine = [this](int32_t, const absl::Status& why) {
    quarantines_.emplace_back(why.message());
  };
  if (ask_about_log_) {
    environment.ask_about_log = [this](LogQuestion question,
                                       std::function<void(LogAnswer)> answer) {
      asked_.push_back({std::move(question), std::move(answer)});
    };
  }
  environment.now = [this] { return now_; };
  environment.dead_letters = &dead_letters_;
  environment.partitioner_check = check_.get();
  environment.metrics = &metrics_;
  const CheckpointRow row = Stored();
  options_.end_at_start = log_.End(options_.partition);
  shard_ = std::make_unique<Shard>(options_, std::move(environment), std::move(store), row,
                                   domain::HashKey::Derived("cluster", "sample."));
  shard_->SetSource(log_.Open(options_.partition, row.next_offsets));
}

void ShardLife::Work() {
  while (shard_->Step(100)) {
  }
}

bool ShardLife::RunBackground(bool hear) {
  if (background_.empty()) return false;
  auto job = std::move(background_.front());
  background_.pop_front();
  job();
  job = nullptr;
  if (hear) RunPosted();
  return true;
}

void ShardLife::AnswerFromLog() {
  MemoryLogAdmin admin(log_, "sample.");
  admin.partitions = options_.partition_count;
  const Asked asked = std::move(asked_.front());
  asked_.pop_front();
  asked.answer(CompareWithLog(admin, "sample.", {&asked.question, 1}, absl::Seconds(1)).front());
  RunPosted();
}

void ShardLife::RunPosted() {
  while (!posted_.empty()) {
    auto job = std::move(posted_.front());
    posted_.pop_front();
    job();
  }
}

void ShardLife::Settle() {
  for (int i = 0; i < 3; ++i) {
    Work();
    Advance(absl::Seconds(60));
    Work();
    while (RunBackground()) Work();
  }
}

CheckpointRow ShardLife::Stored() const {
  std::string value;
  const auto snapshot = store_->NewSnapshot();
  const auto found = snapshot->Get(kCheckpointKey, &value);
  return found.ok() && *found ? *DecodeCheckpoint(value) : CheckpointRow{};
}

absl::StatusOr<StoreScan> ShardLife::Scan() const { return ScanStore(*store_->NewSnapshot()); }

int64_t ShardLife::Participants(const std::string& event_id) {
  const auto view = shard_->delta().View(event_id);
  if (!view.ok() || !*view) return -1;
  return static_cast<int64_t>((*view)->node->aggregate.participants);
}

}  // namespace tally
