#include "tests/fakes/memory_log.h"

#include <algorithm>
#include <cstdint>

namespace tally {
namespace {

using domain::Index;
using domain::Topic;

// Has its own copies: the log may be cut off while they are waited with.
class Batch final : public RecordBatch {
 public:
  std::span<const domain::Record> records() const override { return records_; }
  const Offsets& next_offsets() const override { return next_; }

  void Add(Topic topic, int32_t partition, MemoryLog::Stored stored) {
    const auto& record = stored_.emplace_back(std::move(stored));
    records_.push_back({.topic = topic,
                        .partition = partition,
                        .offset = record.offset,
                        .timestamp_ms = record.timestamp_ms,
                        .key = record.key,
                        .value = record.value,
                        .headers = {}});
  }
  void Reach(Topic topic, int64_t next) { next_[static_cast<size_t>(Index(topic))] = next; }

 private:
  std::deque<MemoryLog::Stored> stored_;
  std::vector<domain::Record> records_;
  Offsets next_{-1, -1, -1};
};

}  // namespace

class MemoryLog::Source final : public ShardSource {
 public:
  Source(MemoryLog& log, int32_t partition, const Offsets& from)
      : log_(log), partition_(partition), next_(from) {}

  absl::StatusOr<std::unique_ptr<RecordBatch>> Poll(size_t records_max) override {
    std::lock_guard lock(log_.mutex_);
    if (!log_.poll_error_.ok()) return std::exchange(log_.poll_error_, absl::OkStatus());
    if (fetched_.empty()) Fetch(log_.fetches_ahead_ ? SIZE_MAX : records_max);
    if (fetched_.empty()) return nullptr;
    auto batch = std::make_unique<Batch>();
    while (!fetched_.empty()) {
      Fetched& first = fetched_.front();
      if (first.record && batch->records().size() == records_max) break;
      if (first.record) batch->Add(first.topic, partition_, *std::move(first.record));
      batch->Reach(first.topic, first.next);
      fetched_.pop_front();
    }
    return batch;
  }

  absl::Status ReadAnew(const Offsets& from) override {
    std::lock_guard lock(log_.mutex_);
    ++log_.read_anew_;
    fetched_.clear();
    next_ = from;
    return absl::OkStatus();
  }

  Offsets EndOffsets() const override { return log_.End(partition_); }
  uint64_t LogGeneration() const override { return log_.generation_; }

 private:
  struct Fetched {
    Topic topic;
    std::optional<Stored> record;  // nullopt: a gap
    int64_t next;
  };

  void Fetch(size_t records_max) {
    for (const Topic topic : domain::kTopics) {
      const auto& stored = log_.partitions_[partition_][static_cast<size_t>(Index(topic))];
      int64_t& next = next_[static_cast<size_t>(Index(topic))];
      for (const auto& record : stored.records) {
        if (record.offset < next) continue;
        if (fetched_.size() >= records_max) return;
        next = record.offset + 1;
        fetched_.push_back({topic, record, next});
      }
      if (next < stored.end) {
        next = stored.end;
        fetched_.push_back({topic, std::nullopt, next});
      }
    }
  }

  MemoryLog& log_;
  const int32_t partition_;
  Offsets next_;  // to fetch
  std::deque<Fetched> fetched_;
};

int64_t MemoryLog::Append(int32_t partition, Topic topic, std::optional<std::string> key,
                          std::optional<std::string> value, int64_t timestamp_ms) {
  std::lock_guard lock(mutex_);
  auto& stored = partitions_[partition][static_cast<size_t>(Index(topic))];
  stored.records.push_back({stored.end, timestamp_ms, std::move(key), std::move(value)});
  return stored.end++;
}

void MemoryLog::Skip(int32_t partition, Topic topic, int64_t offsets) {
  std::lock_guard lock(mutex_);
  partitions_[partition][static_cast<size_t>(Index(topic))].end += offsets;
}

RecordAt MemoryLog::At(int32_t partition, Topic topic, int64_t offset) const {
  std::lock_guard lock(mutex_);
  RecordAt at;
  const auto found = partitions_.find(partition);
  if (found == partitions_.end()) return at;
  const TopicPartition& stored = found->second[static_cast<size_t>(Index(topic))];
  at.range = {stored.begin, stored.end};
  if (offset < stored.begin || offset >= stored.end) return at;
  for (const Stored& record : stored.records) {
    if (record.offset < offset) continue;
    at.record = OwnedRecord{.offset = record.offset,
                            .timestamp_ms = record.timestamp_ms,
                            .key = record.key,
                            .value = record.value,
                            .headers = {}};
    break;
  }
  return at;
}

void MemoryLog::Remake(int32_t partition, Topic topic) {
  std::lock_guard lock(mutex_);
  partitions_[partition][static_cast<size_t>(Index(topic))] = {};
}

void MemoryLog::Truncate(int32_t partition, Topic topic, int64_t end) {
  std::lock_guard lock(mutex_);
  auto& stored = partitions_[partition][static_cast<size_t>(Index(topic))];
  std::erase_if(stored.records, [end](const Stored& record) { return record.offset >= end; });
  stored.end = end;
}

void MemoryLog::DeleteBelow(int32_t partition, Topic topic, int64_t begin) {
  std::lock_guard lock(mutex_);
  auto& stored = partitions_[partition][static_cast<size_t>(Index(topic))];
  std::erase_if(stored.records, [begin](const Stored& record) { return record.offset < begin; });
  stored.begin = begin;
}

Offsets MemoryLog::End(int32_t partition) const {
  std::lock_guard lock(mutex_);
  Offsets end{};
  const auto found = partitions_.find(partition);
  if (found == partitions_.end()) return end;
  for (size_t topic = 0; topic < end.size(); ++topic) end[topic] = found->second[topic].end;
  return end;
}

class MemoryLog::WorkerSource final : public LogSource {
 public:
  explicit WorkerSource(MemoryLog& log) : log_(log) {}

  absl::StatusOr<std::unique_ptr<ShardSource>> Open(int32_t partition,
                                                    const Offsets& from) override {
    return log_.Open(partition, from);
  }
  int WakeFd() const override { return -1; }
  void CommitGroupOffsets(int32_t, const Offsets&) override {}
  absl::Status Connection() const override { return absl::OkStatus(); }

 private:
  MemoryLog& log_;
};

std::unique_ptr<LogSource> MemoryLog::NewWorkerSource() {
  return std::make_unique<WorkerSource>(*this);
}

void MemoryLog::FailNextPoll(absl::Status status) {
  std::lock_guard lock(mutex_);
  poll_error_ = std::move(status);
}

std::unique_ptr<ShardSource> MemoryLog::Open(int32_t partition, const Offsets& from) {
  return std::make_unique<Source>(*this, partition, from);
}

bool FakeDeadLetters::Write(const domain::Record& record, const domain::Rejection& rejection,
                            Done done) {
  if (full_) return false;
  letters_.push_back(
      {record.topic, record.partition, record.offset, rejection.reason, rejection.detail});
  if (at_once_) {
    done(absl::OkStatus());
  } else {
    in_flight_.push_back(std::move(done));
  }
  return true;
}

void FakeDeadLetters::Acknowledge(absl::Status status) {
  for (auto& done : std::exchange(in_flight_, {})) done(status);
}

}  // namespace tally
