// A log in memory: records of three topics by partition, read through the real interfaces.
#pragma once

#include <array>
#include <atomic>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "processor/dead_letters.h"
#include "processor/log_admin.h"
#include "processor/log_source.h"

namespace tally {

// Outlives the sources that it opens. Thread-safe; a source has one thread.
class MemoryLog {
 public:
  struct Stored {
    int64_t offset;
    int64_t timestamp_ms;
    std::optional<std::string> key, value;
  };

  // Returns the record's offset.
  int64_t Append(int32_t partition, domain::Topic topic, std::optional<std::string> key,
                 std::optional<std::string> value, int64_t timestamp_ms);
  // Offsets without records, as transaction markers leave them.
  void Skip(int32_t partition, domain::Topic topic, int64_t offsets);
  Offsets End(int32_t partition) const;

  std::unique_ptr<ShardSource> Open(int32_t partition, const Offsets& from);
  // The first record at or after the offset, as LogAdmin::ReadAt has it.
  RecordAt At(int32_t partition, domain::Topic topic, int64_t offset) const;
  // The topic's partition is deleted and made again, empty.
  void Remake(int32_t partition, domain::Topic topic);
  // The partition ends at the offset again.
  void Truncate(int32_t partition, domain::Topic topic, int64_t end);
  // Retention has deleted everything below the offset.
  void DeleteBelow(int32_t partition, domain::Topic topic, int64_t begin);
  // See ShardSource::LogGeneration.
  void NewGeneration() { ++generation_; }
  // From now on sources take all that there is into a queue of theirs, and hand it on from there.
  void FetchAhead() { fetches_ahead_ = true; }
  // How often a source was told to.
  int read_anew() const { return read_anew_; }

  // The next poll of any source fails with it.
  void FailNextPoll(absl::Status status);

  // For a worker: opens any partition, has no descriptor to wait on.
  std::unique_ptr<LogSource> NewWorkerSource();

 private:
  class Source;
  class WorkerSource;
  struct TopicPartition {
    std::deque<Stored> records;
    int64_t begin = 0;
    int64_t end = 0;
  };
  mutable std::mutex mutex_;
  std::map<int32_t, std::array<TopicPartition, domain::kTopicCount>> partitions_;
  absl::Status poll_error_;
  std::atomic<uint64_t> generation_{0};
  bool fetches_ahead_ = false;
  int read_anew_ = 0;
};

// Keeps letters and acknowledges them when told to.
class FakeDeadLetters final : public DeadLetterSink {
 public:
  struct Letter {
    domain::Topic topic;
    int32_t partition;
    int64_t offset;
    domain::Reason reason;
    std::string detail;
  };

  bool Write(const domain::Record& record, const domain::Rejection& rejection, Done done) override;

  // Off: letters stay in flight until Acknowledge.
  void SetAcknowledgeAtOnce(bool at_once) { at_once_ = at_once; }
  void SetFull(bool full) { full_ = full; }
  void Acknowledge(absl::Status status = absl::OkStatus());

  const std::vector<Letter>& letters() const { return letters_; }

 private:
  bool at_once_ = true;
  bool full_ = false;
  std::vector<Letter> letters_;
  std::vector<Done> in_flight_;
};

}  // namespace tally
