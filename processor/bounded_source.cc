#include "processor/bounded_source.h"

#include <algorithm>
#include <utility>
#include <vector>

namespace tally {
namespace {

// Holds the bytes of `inner`.
class BoundedBatch final : public RecordBatch {
 public:
  BoundedBatch(std::unique_ptr<RecordBatch> inner, const Offsets& until)
      : inner_(std::move(inner)), next_offsets_(inner_->next_offsets()) {
    const auto beyond = [&until](const domain::Record& record) {
      return record.offset >= until[domain::Index(record.topic)];
    };
    const auto records = inner_->records();
    if (std::any_of(records.begin(), records.end(), beyond)) {
      std::remove_copy_if(records.begin(), records.end(), std::back_inserter(kept_), beyond);
      all_ = false;
    }
    for (int topic = 0; topic < domain::kTopicCount; ++topic) {
      next_offsets_[topic] = std::min(next_offsets_[topic], until[topic]);
    }
  }

  std::span<const domain::Record> records() const override {
    return all_ ? inner_->records() : std::span<const domain::Record>(kept_);
  }
  const Offsets& next_offsets() const override { return next_offsets_; }

 private:
  const std::unique_ptr<RecordBatch> inner_;
  Offsets next_offsets_;
  bool all_ = true;
  std::vector<domain::Record> kept_;
};

class BoundedShardSource final : public ShardSource {
 public:
  BoundedShardSource(std::unique_ptr<ShardSource> inner, const Offsets& from, const Offsets& until,
                     std::shared_ptr<ReplayProgress> progress)
      : inner_(std::move(inner)), next_(from), until_(until), progress_(std::move(progress)) {
    for (int topic = 0; topic < domain::kTopicCount; ++topic) progress_->Set(topic, from[topic]);
  }

  absl::StatusOr<std::unique_ptr<RecordBatch>> Poll(size_t records_max) override {
    if (AtEnd()) return nullptr;
    auto batch = inner_->Poll(records_max);
    if (!batch.ok() || *batch == nullptr) return batch;
    auto bounded = std::make_unique<BoundedBatch>(*std::move(batch), until_);
    for (int topic = 0; topic < domain::kTopicCount; ++topic) {
      next_[topic] = std::max(next_[topic], bounded->next_offsets()[topic]);
      progress_->Set(topic, next_[topic]);
    }
    return bounded;
  }

  absl::Status ReadAnew(const Offsets& from) override {
    next_ = from;
    return inner_->ReadAnew(from);
  }

  Offsets EndOffsets() const override { return until_; }

 private:
  bool AtEnd() const {
    for (int topic = 0; topic < domain::kTopicCount; ++topic) {
      if (next_[topic] < until_[topic]) return false;
    }
    return true;
  }

  const std::unique_ptr<ShardSource> inner_;
  Offsets next_;
  const Offsets until_;
  const std::shared_ptr<ReplayProgress> progress_;
};

}  // namespace

BoundedLogSource::BoundedLogSource(std::unique_ptr<LogSource> inner, const Offsets& until,
                                   std::shared_ptr<ReplayProgress> progress)
    : inner_(std::move(inner)), until_(until), progress_(std::move(progress)) {}

absl::StatusOr<std::unique_ptr<ShardSource>> BoundedLogSource::Open(int32_t partition,
                                                                    const Offsets& from) {
  auto source = inner_->Open(partition, from);
  if (!source.ok()) return source.status();
  return std::make_unique<BoundedShardSource>(*std::move(source), from, until_, progress_);
}

}  // namespace tally
