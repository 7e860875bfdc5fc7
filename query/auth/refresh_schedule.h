// When keys are read again. Pure: the time is handed in.
#pragma once

#include "absl/time/time.h"

namespace tally::query::auth {

struct RefreshOptions {
  absl::Duration interval;      // between the end of a refresh and the next, while they succeed
  absl::Duration interval_min;  // before what clients send may cause one
};

// After a failure the next attempt comes after interval_min, then after twice that, and so on up to
// the interval.
class RefreshSchedule {
 public:
  RefreshSchedule(RefreshOptions options, absl::Time now) : options_(options), due_(now) {}

  absl::Time Due() const { return due_; }
  // A token named a key that is not there: it may be new.
  void OnUnknownKey();
  // An operator asked for it.
  void OnDemand(absl::Time now) { due_ = now; }
  void OnDone(bool succeeded, absl::Time now);

 private:
  const RefreshOptions options_;
  absl::Time due_;
  absl::Time last_done_ = absl::InfinitePast();
  absl::Duration retry_ = absl::ZeroDuration();
};

}  // namespace tally::query::auth
