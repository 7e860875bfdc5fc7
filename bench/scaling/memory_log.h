// A log in memory that costs its readers next to nothing: records lie ready as the engine wants to
// see them, a batch is a view of a range of them. Whatever is measured on it is the engine's.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/synchronization/notification.h"
#include "processor/engine.h"
#include "processor/log_source.h"
#include "tools/tally/synthetic.h"

namespace tally::bench {

// The records of a load, by partition, in the order in which they were made.
class MemoryLog {
 public:
  MemoryLog(const cli::SyntheticOptions& load, int32_t partitions);

  struct Partition {
    std::vector<domain::Record> records;
    Offsets end{};
  };
  const std::vector<Partition>& partitions() const { return partitions_; }
  int64_t records() const { return records_; }
  size_t value_bytes() const { return value_bytes_; }

 private:
  std::string_view Keep(std::string_view bytes);

  std::vector<Partition> partitions_;
  int64_t records_ = 0;
  size_t value_bytes_ = 0;
  std::vector<std::unique_ptr<char[]>> blocks_;
  char* block_end_ = nullptr;
  size_t block_free_ = 0;  // bytes before block_end_
  domain::Header content_type_;
};

// When a log's readers began and when all of it had been folded. Thread-safe.
class Progress {
 public:
  explicit Progress(int64_t records) : records_left_(records) {}

  void Begin();  // the first call counts
  void Folded(int64_t records);

  absl::Notification& began() { return began_; }
  absl::Notification& folded() { return folded_; }

 private:
  std::atomic<bool> first_{true};
  std::atomic<int64_t> records_left_;
  absl::Notification began_, folded_;
};

// What an engine needs to read `log` from its start. A dead letter is a mistake of the load: it is
// not taken, and the shard stops. `log` and `progress` outlive the parts.
LogParts PartsOf(const MemoryLog& log, Progress& progress);

}  // namespace tally::bench
