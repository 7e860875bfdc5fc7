#include "processor/commit_retry.h"

#include <algorithm>
#include <utility>

namespace tally {

bool CommitRetry::MayPass(const absl::Status& status) {
  return absl::IsResourceExhausted(status) || absl::IsUnavailable(status) ||
         absl::IsAborted(status);
}

void CommitRetry::Failed(absl::Status why, absl::Time now) {
  backoff_ = waiting() && !absl::IsAborted(why) ? std::min(2 * backoff_, kBackoffMax) : kBackoffMin;
  if (!waiting()) since_ = now;
  why_ = std::move(why);
  next_ = now + backoff_;
}

absl::Duration CommitRetry::Succeeded(absl::Time now) {
  if (!waiting()) return absl::ZeroDuration();
  why_ = absl::OkStatus();
  return now - since_;
}

absl::Duration CommitRetry::TimeToTry(absl::Time now) const {
  return std::clamp(next_ - now, absl::ZeroDuration(), backoff_);
}

}  // namespace tally
