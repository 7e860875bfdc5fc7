// Looks at the log beside the shards that read it: whether it is still the one that was read, when
// a shard asks or an interval has passed, and whether partitions were added to a topic.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "processor/log_admin.h"
#include "processor/log_proof.h"
#include "processor/metrics.h"

namespace tally {

struct LogWatchOptions {
  std::string topic_prefix;
  int32_t partition_count = 0;
  absl::Duration interval = absl::Minutes(5);
  // Of one comparison; twice as long for each further try: a network may only be slow.
  absl::Duration timeout = absl::Seconds(2);
  absl::Duration timeout_max = absl::Seconds(30);
  absl::Duration backoff_min = absl::Milliseconds(250);
  absl::Duration backoff_max = absl::Seconds(5);
  // A log that looks too short may only have a leader that does not know its end yet.
  int short_tries = 3;
  // After so many tries the one who asked is told why there is no answer.
  int tries_max = 10;
};

// What the watch tells of its own accord. Called on its thread.
struct LogWatchEvents {
  // An interval has passed: shards should ask.
  std::function<void()> look_at_all;
  // A topic has more partitions than the state was made from; at most once.
  std::function<void(const absl::Status& why)> partitions_added;
};

// The watch without its thread. Ask from any thread, the rest from one.
class LogWatch {
 public:
  using Answer = std::function<void(LogAnswer)>;

  // `metrics` outlives it.
  LogWatch(LogWatchOptions options, std::shared_ptr<LogAdmin> admin, LogWatchEvents events,
           std::function<absl::Time()> now, Metrics& metrics);

  void Ask(LogQuestion question, Answer answer);

  // Does what is due; blocks as long as brokers take. How long to wait before the next call, unless
  // something is asked before.
  absl::Duration Step();
  // Nobody hears anything from now on, whatever Step is in the middle of.
  void Mute();

 private:
  struct Open {
    LogQuestion question;
    Answer answer;
    int tries = 0;
  };

  void LookAtTopics();
  void Compare();
  // Puts back into open_ what has no answer yet.
  void Settle(std::vector<Open> questions);
  absl::Duration TimeoutFor(const std::vector<Open>& open) const;
  std::vector<LogAnswer> Read(const std::vector<Open>& open);
  bool IsFinal(const absl::Status& status, int tries) const;
  void Count(const LogAnswer& answer);
  bool muted() const;

  const LogWatchOptions options_;
  const std::shared_ptr<LogAdmin> admin_;
  const LogWatchEvents events_;
  const std::function<absl::Time()> now_;
  Metrics& metrics_;

  absl::Time next_look_;
  absl::Time next_retry_ = absl::InfinitePast();  // of what was asked before without an answer
  std::vector<Open> open_;                        // asked, and not answered yet
  absl::Duration backoff_;
  bool partitions_added_ = false;
  std::set<std::string> said_;
  std::set<int32_t> unjudged_;  // partitions whose last answer was that nothing could be told

  mutable std::mutex mutex_;
  std::vector<Open> asked_;  // guarded by mutex_
  bool muted_ = false;       // guarded by mutex_
};

// A LogWatch on a thread of its own.
class LogWatchThread {
 public:
  explicit LogWatchThread(std::shared_ptr<LogWatch> watch);
  ~LogWatchThread();
  LogWatchThread(const LogWatchThread&) = delete;
  LogWatchThread& operator=(const LogWatchThread&) = delete;

  void Ask(LogQuestion question, LogWatch::Answer answer);

  // Nobody hears anything any more. Does not wait for brokers that do not answer: the thread ends
  // by itself then. Called by the destructor, too.
  void Stop();

 private:
  struct Shared;
  const std::shared_ptr<Shared> shared_;
};

}  // namespace tally
