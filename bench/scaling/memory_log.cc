#include "bench/scaling/memory_log.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "absl/strings/match.h"
#include "tools/tally/encode.h"

namespace tally::bench {
namespace {

using domain::Index;
using domain::Topic;

constexpr size_t kBlockBytes = size_t{16} << 20;
// The decoder's parser may look at some bytes beyond a value.
constexpr size_t kPaddingBytes = 64;

Topic TopicOf(std::string_view name) {
  for (const Topic topic : domain::kTopics) {
    if (name.ends_with(domain::TopicSuffix(topic))) return topic;
  }
  std::abort();
}

class Batch final : public RecordBatch {
 public:
  Batch(std::span<const domain::Record> records, Progress& progress)
      : records_(records), progress_(progress) {
    for (const auto& record : records_) next_[Index(record.topic)] = record.offset + 1;
  }
  // The shard drops a batch when it has folded all of it.
  ~Batch() override { progress_.Folded(static_cast<int64_t>(records_.size())); }

  std::span<const domain::Record> records() const override { return records_; }
  const Offsets& next_offsets() const override { return next_; }

 private:
  std::span<const domain::Record> records_;
  Progress& progress_;
  Offsets next_{-1, -1, -1};
};

class PartitionSource final : public ShardSource {
 public:
  PartitionSource(const MemoryLog::Partition& partition, Progress& progress)
      : partition_(partition), progress_(progress) {}

  absl::StatusOr<std::unique_ptr<RecordBatch>> Poll(size_t records_max) override {
    progress_.Begin();
    const size_t count = std::min(records_max, partition_.records.size() - next_);
    if (count == 0) return nullptr;
    const auto records = std::span(partition_.records).subspan(next_, count);
    next_ += count;
    return std::make_unique<Batch>(records, progress_);
  }
  absl::Status ReadAnew(const Offsets&) override {
    return absl::UnimplementedError("a log that never changes is never read anew");
  }
  Offsets EndOffsets() const override { return partition_.end; }

 private:
  const MemoryLog::Partition& partition_;
  Progress& progress_;
  size_t next_ = 0;
};

class Source final : public LogSource {
 public:
  Source(const MemoryLog& log, Progress& progress) : log_(log), progress_(progress) {}

  absl::StatusOr<std::unique_ptr<ShardSource>> Open(int32_t partition,
                                                    const Offsets& from) override {
    if (from != Offsets{}) return absl::InvalidArgumentError("the state directory is not empty");
    return std::make_unique<PartitionSource>(log_.partitions()[static_cast<size_t>(partition)],
                                             progress_);
  }
  int WakeFd() const override { return -1; }
  void CommitGroupOffsets(int32_t, const Offsets&) override {}
  absl::Status Connection() const override { return absl::OkStatus(); }

 private:
  const MemoryLog& log_;
  Progress& progress_;
};

class Admin final : public LogAdmin {
 public:
  explicit Admin(const MemoryLog& log) : log_(log) {}

  absl::StatusOr<std::string> ClusterId(absl::Duration) override { return "bench"; }

  absl::StatusOr<std::vector<TopicInfo>> DescribeTopics(const std::vector<std::string>& names,
                                                        absl::Duration) override {
    std::vector<TopicInfo> topics;
    for (const auto& name : names) {
      topics.push_back({name, static_cast<int32_t>(log_.partitions().size()), "delete", -1, -1});
    }
    return topics;
  }

  absl::Status CreateTopics(const std::vector<std::string>&, int32_t, int16_t,
                            absl::Duration) override {
    return absl::OkStatus();
  }

  absl::StatusOr<std::vector<LogRange>> Ranges(const std::string& topic, int32_t partitions,
                                               absl::Duration) override {
    std::vector<LogRange> ranges(static_cast<size_t>(partitions));
    if (absl::EndsWith(topic, ".dlq")) return ranges;
    for (size_t i = 0; i < ranges.size(); ++i) {
      ranges[i].end = log_.partitions()[i].end[Index(TopicOf(topic))];
    }
    return ranges;
  }

  absl::Status Read(const std::vector<PartitionAt>& from,
                    const std::function<bool(const PartitionAt&, const OwnedRecord&)>& visit,
                    absl::Duration) override {
    for (const auto& at : from) {
      for (const auto& record : log_.partitions()[static_cast<size_t>(at.partition)].records) {
        if (record.topic != TopicOf(at.topic)) continue;
        OwnedRecord owned;
        owned.offset = record.offset;
        owned.key = std::string(*record.key);
        if (!visit({at.topic, at.partition, record.offset}, owned)) return absl::OkStatus();
      }
    }
    return absl::OkStatus();
  }

  // Nothing here is ever made again.
  absl::StatusOr<std::vector<RecordAt>> ReadAt(const std::vector<PartitionAt>& places,
                                               absl::Duration) override {
    return std::vector<RecordAt>(places.size(),
                                 RecordAt{.range = {INT64_MAX, INT64_MAX}, .record = std::nullopt});
  }

 private:
  const MemoryLog& log_;
};

class NoDeadLetters final : public DeadLetterSink {
 public:
  bool Write(const domain::Record&, const domain::Rejection& rejection, Done done) override {
    done(absl::InternalError("the load has bad input: " + rejection.detail));
    return true;
  }
};

}  // namespace

MemoryLog::MemoryLog(const cli::SyntheticOptions& options, int32_t partitions)
    : partitions_(static_cast<size_t>(partitions)) {
  cli::SyntheticLoad load(options);
  content_type_ = {cli::kContentTypeHeader, options.format == cli::Format::kJson
                                                ? cli::kJsonContentType
                                                : cli::kProtobufContentType};
  cli::OutgoingRecord made;
  while (load.Next(&made)) {
    const int32_t number =
        domain::PartitionOf(domain::Partitioner::kMurmur2, *made.key, partitions);
    Partition& partition = partitions_[static_cast<size_t>(number)];
    domain::Record record;
    record.topic = TopicOf(made.topic);
    record.partition = number;
    record.offset = partition.end[Index(record.topic)]++;
    record.timestamp_ms = made.timestamp_ms;
    record.key = Keep(*made.key);
    record.value = Keep(*made.value);
    record.headers = {&content_type_, 1};
    partition.records.push_back(record);
    value_bytes_ += made.value->size();
    ++records_;
  }
}

std::string_view MemoryLog::Keep(std::string_view bytes) {
  if (block_free_ < bytes.size() + kPaddingBytes) {
    block_free_ = std::max(kBlockBytes, bytes.size() + kPaddingBytes);
    blocks_.push_back(std::make_unique<char[]>(block_free_));
    block_end_ = blocks_.back().get() + block_free_;
  }
  char* kept = block_end_ - block_free_;
  std::memcpy(kept, bytes.data(), bytes.size());
  block_free_ -= bytes.size();
  return {kept, bytes.size()};
}

void Progress::Begin() {
  if (first_.load(std::memory_order_relaxed) && first_.exchange(false)) began_.Notify();
}

void Progress::Folded(int64_t records) {
  if (records_left_.fetch_sub(records, std::memory_order_acq_rel) == records) folded_.Notify();
}

LogParts PartsOf(const MemoryLog& log, Progress& progress) {
  LogParts parts;
  parts.admin = std::make_shared<Admin>(log);
  parts.make_source = [&log, &progress](size_t) -> absl::StatusOr<std::unique_ptr<LogSource>> {
    return std::make_unique<Source>(log, progress);
  };
  parts.make_dead_letters = []() -> absl::StatusOr<std::unique_ptr<DeadLetterSink>> {
    return std::make_unique<NoDeadLetters>();
  };
  parts.dead_letters_written_below = [](const std::string&, int32_t) { return int64_t{0}; };
  return parts;
}

}  // namespace tally::bench
