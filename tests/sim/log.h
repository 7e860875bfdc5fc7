// The three topics, as brokers keep them and a read-committed client sees them: transaction markers
// and aborted records leave gaps, an open transaction holds back what follows it, history may be
// deleted, and the unread end be lost. Read through the real interfaces, which fetch ahead.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "processor/log_admin.h"
#include "processor/log_source.h"
#include "tests/sim/config.h"
#include "tests/sim/input.h"
#include "tests/sim/random.h"

namespace tally::sim {

class Log {
 public:
  struct Entry {
    // nullopt: a marker. Entries of a transaction that is open or aborted are not seen.
    std::optional<Input> input;
    bool transactional = false;
    bool hidden = false;
  };
  struct TopicPartition {
    int64_t begin = 0;
    std::deque<Entry> entries;          // by offset
    std::optional<int64_t> open_since;  // the open transaction's first offset
    // What there was before it was deleted and made again, if it was.
    std::optional<std::deque<Entry>> before;
    int64_t end() const { return static_cast<int64_t>(entries.size()); }
    // What a read-committed client may read up to.
    int64_t stable_end() const { return open_since.value_or(end()); }
  };

  explicit Log(const Config& config);

  // Returns the offset. `transactional`: it is of the open transaction, if there is one.
  int64_t Append(const Input& input, bool transactional);
  void Skip(int32_t partition, domain::Topic topic, int64_t offsets);
  // One at a time in a topic's partition.
  void BeginTransaction(int32_t partition, domain::Topic topic);
  void EndTransaction(int32_t partition, domain::Topic topic, bool commit);
  void EndAllTransactions();
  // The broker has deleted everything below the offset.
  void DeleteBelow(int32_t partition, domain::Topic topic, int64_t offset);

  // A leader is elected that has nothing from this offset on.
  void CutOff(int32_t partition, domain::Topic topic, int64_t offset);

  // Deleted and made again, with so many records that it did not have before.
  void Remake(int32_t partition, domain::Topic topic, int64_t records);
  bool is_made_again(int32_t partition) const;

  TopicPartition& At(int32_t partition, domain::Topic topic);
  const TopicPartition& At(int32_t partition, domain::Topic topic) const;
  Offsets StableEnd(int32_t partition) const;
  std::vector<LogRange> Ranges(int32_t partition) const;

  // Faults of all sources of a partition, those opened later included.
  void FailNextPoll(int32_t partition, absl::Status status);
  // As after a new connection: the next poll hands out up to so many earlier offsets of each topic
  // again.
  void Rewind(int32_t partition, int records);
  void ClearFaults();
  bool has_fault(int32_t partition) const {
    return !faults_[static_cast<size_t>(partition)].next_poll.ok();
  }

  // Told of every CommitGroupOffsets.
  using OnGroupOffsets = std::function<void(int32_t partition, const Offsets& next)>;
  std::unique_ptr<LogSource> NewSource(uint64_t salt, OnGroupOffsets on_group_offsets);
  // Only ReadAt.
  std::unique_ptr<LogAdmin> NewAdmin() const;

 private:
  class Admin;
  class Source;
  class PartitionSource;
  struct Faults {
    absl::Status next_poll;
    int rewind = 0;
    uint64_t generation = 0;  // no fault by itself
  };

  const Config config_;
  std::vector<std::array<TopicPartition, domain::kTopicCount>> partitions_;
  std::vector<Faults> faults_;
};

}  // namespace tally::sim
