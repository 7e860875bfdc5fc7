// A whole shard on a log, a disk and a clock in memory, moved step by step by one thread.
#pragma once

#include <prometheus/registry.h>

#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "processor/metrics.h"
#include "processor/partitioner_check.h"
#include "processor/shard.h"
#include "processor/store_check.h"
#include "store/memory_store.h"
#include "tests/fakes/memory_log.h"

namespace tally {

class ShardLife {
 public:
  explicit ShardLife(MemoryLog& log, ShardOptions options = {});
  ~ShardLife();

  // Makes the shard anew on the same disk, as after a crash of the process (or, first, opens it).
  void Restart();
  void Crash();

  // Lets the shard work until it says there is nothing more to do right away.
  void Work();
  // Runs one background job (a commit), if one waits; then what it posted, if `hear`.
  bool RunBackground(bool hear = true);
  void RunPosted();
  void Advance(absl::Duration time) { now_ += time; }
  // Everything there is: work, checkpoints, commits.
  void Settle();

  Shard& shard() { return *shard_; }
  store::MemoryStore& store() { return *store_; }
  FakeDeadLetters& dead_letters() { return dead_letters_; }
  const std::optional<absl::Status>& stopped_process() const { return stopped_process_; }
  ShardOptions& options() { return options_; }
  const std::vector<std::string>& quarantines() const { return quarantines_; }
  // Questions about the log that nobody has answered yet; none are asked unless `on`.
  void SetAskAboutLog(bool on) { ask_about_log_ = on; }
  struct Asked {
    LogQuestion question;
    std::function<void(LogAnswer)> answer;
  };
  std::deque<Asked>& asked() { return asked_; }
  // Answers the oldest as the log has it, and lets the shard hear.
  void AnswerFromLog();
  bool background_waits() const { return !background_.empty(); }

  CheckpointRow Stored() const;
  absl::StatusOr<StoreScan> Scan() const;
  // Participants of an event as a read sees them; -1: unknown event.
  int64_t Participants(const std::string& event_id);

 private:
  MemoryLog& log_;
  ShardOptions options_;
  const std::shared_ptr<store::MemoryDisk> disk_;
  absl::Time now_ = absl::FromUnixSeconds(1'767'225'600);
  prometheus::Registry registry_;
  Metrics metrics_;
  FakeDeadLetters dead_letters_;
  std::unique_ptr<PartitionerCheck> check_;
  std::deque<std::function<void()>> background_, posted_;
  std::optional<absl::Status> stopped_process_;
  std::vector<std::string> quarantines_;
  bool ask_about_log_ = false;
  std::deque<Asked> asked_;
  store::MemoryStore* store_ = nullptr;  // the shard's
  std::unique_ptr<Shard> shard_;
};

}  // namespace tally
