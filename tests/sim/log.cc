#include "tests/sim/log.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace tally::sim {
namespace {

using domain::Index;
using domain::Topic;

class Batch final : public RecordBatch {
 public:
  std::span<const domain::Record> records() const override { return records_; }
  const Offsets& next_offsets() const override { return next_; }

  void Add(int64_t offset, Input taken) {
    const Input& input = inputs_.emplace_back(std::move(taken));
    auto& headers = headers_.emplace_back();
    for (const auto& [name, value] : input.headers) headers.push_back({name, value});
    records_.push_back({.topic = input.topic,
                        .partition = input.partition,
                        .offset = offset,
                        .timestamp_ms = input.timestamp_ms,
                        .key = input.key,
                        .value = input.value,
                        .headers = headers});
  }
  size_t size() const { return records_.size(); }
  void Reach(Topic topic, int64_t next) {
    auto& reached = next_[static_cast<size_t>(Index(topic))];
    reached = std::max(reached, next);
  }
  bool empty() const { return records_.empty() && next_ == Offsets{-1, -1, -1}; }

 private:
  std::deque<Input> inputs_;
  std::vector<domain::Record> records_;
  std::deque<std::vector<domain::Header>> headers_;
  Offsets next_{-1, -1, -1};
};

}  // namespace

class Log::PartitionSource final : public ShardSource {
 public:
  PartitionSource(Log& log, int32_t partition, const Offsets& from, uint64_t salt)
      : log_(log), partition_(partition), random_(salt) {
    StartAt(from);
  }

  // By chance: which topic comes first, and how much of what is there has come already.
  absl::StatusOr<std::unique_ptr<RecordBatch>> Poll(size_t records_max) override {
    Faults& faults = log_.faults_[static_cast<size_t>(partition_)];
    if (!faults.next_poll.ok()) return std::exchange(faults.next_poll, absl::OkStatus());
    if (const int records = std::exchange(faults.rewind, 0); records > 0) Rewind(records);
    auto batch = std::make_unique<Batch>();
    const int first = random_.Below(domain::kTopicCount);
    for (int i = 0; i < domain::kTopicCount; ++i) {
      const Topic topic = domain::kTopics[(first + i) % domain::kTopicCount];
      if (absl::Status status = Take(topic, records_max, *batch); !status.ok()) return status;
    }
    if (batch->empty()) return nullptr;
    return batch;
  }

  absl::Status ReadAnew(const Offsets& from) override {
    StartAt(from);
    return absl::OkStatus();
  }
  uint64_t LogGeneration() const override {
    return log_.faults_[static_cast<size_t>(partition_)].generation;
  }
  Offsets EndOffsets() const override {
    return log_.config_.ends_known ? log_.StableEnd(partition_) : Offsets{-1, -1, -1};
  }

 private:
  struct Fetched {
    int64_t offset;
    std::optional<Input> input;  // nullopt: nothing that is seen
  };
  struct Reader {
    int64_t next = 0;  // to be handed out
    std::deque<Fetched> fetched;
    int64_t fetched_to() const { return next + static_cast<int64_t>(fetched.size()); }
  };

  void StartAt(const Offsets& from) {
    for (size_t topic = 0; topic < from.size(); ++topic) {
      readers_[topic] = {.next = from[topic], .fetched = {}};
    }
  }

  // Some of it is still on its way, but something has come.
  size_t Some(size_t room) {
    const bool all = random_.Percent(70);
    return all ? room : std::min<size_t>(room, 1 + static_cast<size_t>(random_.Below(5)));
  }

  absl::Status Fetch(Topic topic) {
    const TopicPartition& at = log_.At(partition_, topic);
    Reader& reader = readers_[static_cast<size_t>(Index(topic))];
    const int64_t from = reader.fetched_to();
    if (from < at.begin || from > at.end()) {
      if (!reader.fetched.empty()) return absl::OkStatus();
      return absl::OutOfRangeError(fmt::format("offset {} of topic {} is not in [{}, {}]", from,
                                               Index(topic), at.begin, at.end()));
    }
    if (from >= at.stable_end()) return absl::OkStatus();
    const size_t count = Some(static_cast<size_t>(at.stable_end() - from));
    for (size_t i = 0; i < count; ++i) {
      const int64_t offset = from + static_cast<int64_t>(i);
      const Entry& entry = at.entries[static_cast<size_t>(offset)];
      reader.fetched.push_back({offset, entry.hidden ? std::nullopt : entry.input});
    }
    return absl::OkStatus();
  }

  absl::Status Take(Topic topic, size_t records_max, Batch& batch) {
    if (absl::Status status = Fetch(topic); !status.ok()) return status;
    Reader& reader = readers_[static_cast<size_t>(Index(topic))];
    size_t left = Some(records_max - std::min(records_max, batch.size()));
    const int64_t before = reader.next;
    for (; !reader.fetched.empty(); ++reader.next) {
      const Fetched& first = reader.fetched.front();
      if (first.input && left == 0) break;
      if (first.input) {
        batch.Add(first.offset, *first.input);
        --left;
      }
      reader.fetched.pop_front();
    }
    if (reader.next > before) batch.Reach(topic, reader.next);
    return absl::OkStatus();
  }

  void Rewind(int records) {
    for (const Topic topic : domain::kTopics) {
      Reader& reader = readers_[static_cast<size_t>(Index(topic))];
      const int64_t begin = log_.At(partition_, topic).begin;
      reader.next = std::min(reader.next, std::max(begin, reader.next - records));
      reader.fetched.clear();
    }
  }

  Log& log_;
  const int32_t partition_;
  std::array<Reader, domain::kTopicCount> readers_;
  Random random_;
};

class Log::Admin final : public LogAdmin {
 public:
  explicit Admin(const Log& log) : log_(log) {}

  absl::StatusOr<std::string> ClusterId(absl::Duration) override { return NotHere(); }
  absl::StatusOr<std::vector<TopicInfo>> DescribeTopics(const std::vector<std::string>&,
                                                        absl::Duration) override {
    return NotHere();
  }
  absl::Status CreateTopics(const std::vector<std::string>&, int32_t, int16_t,
                            absl::Duration) override {
    return NotHere();
  }
  absl::StatusOr<std::vector<LogRange>> Ranges(const std::string&, int32_t,
                                               absl::Duration) override {
    return NotHere();
  }
  absl::Status Read(const std::vector<PartitionAt>&,
                    const std::function<bool(const PartitionAt&, const OwnedRecord&)>&,
                    absl::Duration) override {
    return NotHere();
  }
  absl::StatusOr<std::vector<RecordAt>> ReadAt(const std::vector<PartitionAt>& places,
                                               absl::Duration) override {
    std::vector<RecordAt> found;
    for (const PartitionAt& place : places) found.push_back(At(place));
    return found;
  }

 private:
  static absl::Status NotHere() { return absl::UnimplementedError("see Log"); }

  RecordAt At(const PartitionAt& place) const {
    for (const Topic topic : domain::kTopics) {
      if (!place.topic.ends_with(domain::TopicSuffix(topic))) continue;
      const TopicPartition& at = log_.At(place.partition, topic);
      RecordAt found{.range = {at.begin, at.stable_end()}, .record = std::nullopt};
      if (place.offset < at.begin) return found;
      for (int64_t offset = place.offset; offset < at.stable_end(); ++offset) {
        const Entry& entry = at.entries[static_cast<size_t>(offset)];
        if (!entry.input || entry.hidden) continue;
        found.record = OwnedRecord{.offset = offset,
                                   .timestamp_ms = entry.input->timestamp_ms,
                                   .key = entry.input->key,
                                   .value = entry.input->value,
                                   .headers = {}};
        break;
      }
      return found;
    }
    return {};
  }

  const Log& log_;
};

class Log::Source final : public LogSource {
 public:
  Source(Log& log, uint64_t salt, OnGroupOffsets on_group_offsets)
      : log_(log), random_(salt), on_group_offsets_(std::move(on_group_offsets)) {}

  absl::StatusOr<std::unique_ptr<ShardSource>> Open(int32_t partition,
                                                    const Offsets& from) override {
    return std::make_unique<PartitionSource>(log_, partition, from, random_.Next());
  }
  int WakeFd() const override { return -1; }
  void CommitGroupOffsets(int32_t partition, const Offsets& next) override {
    on_group_offsets_(partition, next);
  }
  absl::Status Connection() const override { return absl::OkStatus(); }

 private:
  Log& log_;
  Random random_;
  const OnGroupOffsets on_group_offsets_;
};

Log::Log(const Config& config)
    : config_(config),
      partitions_(static_cast<size_t>(config.partitions)),
      faults_(static_cast<size_t>(config.partitions)) {}

Log::TopicPartition& Log::At(int32_t partition, Topic topic) {
  return partitions_[static_cast<size_t>(partition)][static_cast<size_t>(Index(topic))];
}

const Log::TopicPartition& Log::At(int32_t partition, Topic topic) const {
  return partitions_[static_cast<size_t>(partition)][static_cast<size_t>(Index(topic))];
}

int64_t Log::Append(const Input& input, bool transactional) {
  TopicPartition& at = At(input.partition, input.topic);
  at.entries.push_back({.input = input, .transactional = transactional && at.open_since});
  return at.end() - 1;
}

void Log::Skip(int32_t partition, Topic topic, int64_t offsets) {
  TopicPartition& at = At(partition, topic);
  for (; offsets > 0; --offsets) at.entries.push_back({});
}

void Log::BeginTransaction(int32_t partition, Topic topic) {
  TopicPartition& at = At(partition, topic);
  if (!at.open_since) at.open_since = at.end();
}

void Log::EndTransaction(int32_t partition, Topic topic, bool commit) {
  TopicPartition& at = At(partition, topic);
  if (!at.open_since) return;
  for (int64_t i = *at.open_since; !commit && i < at.end(); ++i) {
    Entry& entry = at.entries[static_cast<size_t>(i)];
    entry.hidden = entry.transactional;
  }
  at.entries.push_back({});  // the marker
  at.open_since.reset();
}

void Log::EndAllTransactions() {
  for (int32_t partition = 0; partition < config_.partitions; ++partition) {
    for (const Topic topic : domain::kTopics) EndTransaction(partition, topic, true);
  }
}

void Log::DeleteBelow(int32_t partition, Topic topic, int64_t offset) {
  TopicPartition& at = At(partition, topic);
  at.begin = std::max(at.begin, std::min(offset, at.stable_end()));
}

void Log::CutOff(int32_t partition, Topic topic, int64_t offset) {
  TopicPartition& at = At(partition, topic);
  at.entries.resize(static_cast<size_t>(offset));
  if (at.open_since >= offset) at.open_since.reset();
  ++faults_[static_cast<size_t>(partition)].generation;
}

Offsets Log::StableEnd(int32_t partition) const {
  Offsets end{};
  for (const Topic topic : domain::kTopics) {
    end[static_cast<size_t>(Index(topic))] = At(partition, topic).stable_end();
  }
  return end;
}

std::vector<LogRange> Log::Ranges(int32_t partition) const {
  std::vector<LogRange> ranges;
  for (const Topic topic : domain::kTopics) {
    const TopicPartition& at = At(partition, topic);
    ranges.push_back({.begin = at.begin, .end = at.stable_end()});
  }
  return ranges;
}

void Log::FailNextPoll(int32_t partition, absl::Status status) {
  faults_[static_cast<size_t>(partition)].next_poll = std::move(status);
}

void Log::Rewind(int32_t partition, int records) {
  Faults& faults = faults_[static_cast<size_t>(partition)];
  faults.rewind = records;
  ++faults.generation;
}

void Log::ClearFaults() {
  for (Faults& faults : faults_) faults = {.generation = faults.generation};
}

void Log::Remake(int32_t partition, Topic topic, int64_t records) {
  TopicPartition& at = At(partition, topic);
  TopicPartition made;
  made.before = std::move(at.entries);
  for (int64_t i = 0; i < records; ++i) {
    Input input{.topic = topic, .partition = partition, .timestamp_ms = 1};
    input.key = "made again";
    input.value = fmt::format("record {}", i);
    made.entries.push_back({.input = std::move(input)});
  }
  at = std::move(made);
  ++faults_[static_cast<size_t>(partition)].generation;
}

bool Log::is_made_again(int32_t partition) const {
  for (const Topic topic : domain::kTopics) {
    if (At(partition, topic).before) return true;
  }
  return false;
}

std::unique_ptr<LogAdmin> Log::NewAdmin() const { return std::make_unique<Admin>(*this); }

std::unique_ptr<LogSource> Log::NewSource(uint64_t salt, OnGroupOffsets on_group_offsets) {
  return std::make_unique<Source>(*this, salt, std::move(on_group_offsets));
}

}  // namespace tally::sim
