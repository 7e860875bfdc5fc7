// A log that ends at given offsets, whatever comes after them: what a replay to exactly some
// position reads.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>

#include "processor/log_source.h"

namespace tally {

// How far a bounded source has come; read by any thread while it is polled by its own.
class ReplayProgress {
 public:
  void Set(int topic, int64_t next) { next_[static_cast<size_t>(topic)].store(next); }
  // The sum of the next offsets of all topics.
  int64_t Sum() const {
    int64_t sum = 0;
    for (const auto& next : next_) sum += next.load();
    return sum;
  }

 private:
  std::array<std::atomic<int64_t>, domain::kTopicCount> next_{};
};

// Hands on what `inner` reads below `until`, and says of no topic that it goes further. Offsets in
// gaps count as reached when the log is past them. Group offsets are never committed. One shard.
class BoundedLogSource final : public LogSource {
 public:
  BoundedLogSource(std::unique_ptr<LogSource> inner, const Offsets& until,
                   std::shared_ptr<ReplayProgress> progress);

  absl::StatusOr<std::unique_ptr<ShardSource>> Open(int32_t partition,
                                                    const Offsets& from) override;
  int WakeFd() const override { return inner_->WakeFd(); }
  void Serve() override { inner_->Serve(); }
  void CommitGroupOffsets(int32_t, const Offsets&) override {}
  absl::Status Connection() const override { return inner_->Connection(); }

 private:
  const std::unique_ptr<LogSource> inner_;
  const Offsets until_;
  const std::shared_ptr<ReplayProgress> progress_;
};

}  // namespace tally
