#include "query/grpc/gate.h"

namespace tally::query::rpc {

absl::Status Gate::Enter() {
  const std::lock_guard lock(mutex_);
  if (closed_) return absl::CancelledError("shutting down");
  if (calls_ >= calls_max_) {
    return absl::ResourceExhaustedError("too many calls at once; try again later");
  }
  ++calls_;
  return absl::OkStatus();
}

void Gate::Leave() {
  const std::lock_guard lock(mutex_);
  if (--calls_ == 0) empty_.notify_all();
}

void Gate::Close() {
  const std::lock_guard lock(mutex_);
  closed_ = true;
}

bool Gate::AwaitEmpty(absl::Duration time) {
  std::unique_lock lock(mutex_);
  return empty_.wait_for(lock, absl::ToChronoNanoseconds(time), [this] { return calls_ == 0; });
}

}  // namespace tally::query::rpc
