// When to try again to commit after a failure that may pass: a full disk, an I/O error.
#pragma once

#include "absl/status/status.h"
#include "absl/time/time.h"

namespace tally {

// One thread.
class CommitRetry {
 public:
  static constexpr absl::Duration kBackoffMin = absl::Seconds(1);
  static constexpr absl::Duration kBackoffMax = absl::Seconds(30);

  // False for errors that no waiting mends (corruption, wrong use). kAborted passes soon: the next
  // try is not put off further.
  static bool MayPass(const absl::Status& status);

  // A try failed at `now`; waits twice as long for the next one as for the last.
  void Failed(absl::Status why, absl::Time now);
  // A try went well. How long it took since the first failure; zero if there was none.
  absl::Duration Succeeded(absl::Time now);

  bool waiting() const { return !why_.ok(); }
  // Of the last failure; OK while nothing is to be tried again.
  const absl::Status& why() const { return why_; }
  // Until the next try is due; call while waiting().
  absl::Duration TimeToTry(absl::Time now) const;

 private:
  absl::Status why_;
  absl::Duration backoff_;
  absl::Time since_, next_;
};

}  // namespace tally
