#include "query/auth/refresh_schedule.h"

#include <algorithm>

namespace tally::query::auth {

void RefreshSchedule::OnUnknownKey() {
  // While refreshes fail, the retries are soon enough.
  if (retry_ == absl::ZeroDuration()) due_ = std::min(due_, last_done_ + options_.interval_min);
}

void RefreshSchedule::OnDone(bool succeeded, absl::Time now) {
  last_done_ = now;
  retry_ = succeeded ? absl::ZeroDuration()
                     : std::clamp(2 * retry_, std::min(options_.interval_min, options_.interval),
                                  options_.interval);
  due_ = now + (succeeded ? options_.interval : retry_);
}

}  // namespace tally::query::auth
