// Which dead letters exist already, so that a replay does not repeat them.
#pragma once

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "processor/log_admin.h"

namespace tally::kafka {

// The offset of `topic`/`partition` below which all dead letters have been written: one after the
// highest tally-offset in the last letters of the dead-letter partition; 0 without any or without
// the dead-letter topic. A watermark that does not belong to this log (at or beyond its end, or a
// letter that differs from the record at its offset: the topic was recreated) is ignored with a
// warning in the log. Errors are LogAdmin's.
absl::StatusOr<int64_t> DeadLettersWrittenBelow(LogAdmin& admin, const std::string& topic,
                                                int32_t partition, absl::Duration timeout);

}  // namespace tally::kafka
