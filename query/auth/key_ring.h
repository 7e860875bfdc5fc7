// The keys that count now: read from their source, and read again in the background.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "absl/status/status.h"
#include "query/auth/jwks_source.h"
#include "query/auth/key_set.h"
#include "query/auth/metrics.h"
#include "query/auth/refresh_schedule.h"

namespace tally::query::auth {

// Thread-safe. When a refresh fails, or brings no usable key, the last good set stays; both is
// logged and counted.
class KeyRing {
 public:
  // `metrics` outlives it. Start begins the refreshing; before that nothing is read.
  KeyRing(std::unique_ptr<JwksSource> source, RefreshOptions options, Metrics& metrics);
  // Ends a refresh that is under way.
  ~KeyRing();
  KeyRing(const KeyRing&) = delete;
  KeyRing& operator=(const KeyRing&) = delete;

  // Reads once, on the caller's thread; before Start only. The error names the source.
  absl::Status Load();
  void Start();

  struct Current {
    std::shared_ptr<const KeySet> keys;  // null: none were read yet
    uint64_t generation = 0;             // another one for every other set
  };
  Current Get() const;

  // What a token named is not there. Does not block; refreshes so caused have a minimum interval.
  void ReportUnknownKey();
  // Refreshes soon.
  void Reload();

 private:
  void Run();
  absl::Status Refresh();
  absl::Status Replace(std::string text);
  void Report(const absl::Status& status);

  const std::unique_ptr<JwksSource> source_;
  Metrics& metrics_;
  std::string text_;          // of the current set; the refreshing thread's, as what follows
  std::string last_failure_;  // the same one is logged once

  mutable std::mutex mutex_;  // guards what follows
  std::condition_variable changed_;
  RefreshSchedule schedule_;
  bool stopping_ = false;
  Current current_;

  std::thread thread_;
};

}  // namespace tally::query::auth
