// What a shard says, and what its operator can do, when stored rows turn out to be wrong, or the
// log to be another one.
#pragma once

#include <cstdint>
#include <string>

#include "absl/status/status.h"

namespace tally {

// kDataLoss of a store: the same with the words "quarantined" and the remedy. Anything else, and
// what has them already, as it is.
absl::Status WithRemedy(const absl::Status& status);

// kDataLoss, with the remedy: at the offset there is another record than the one that was read.
absl::Status AnotherLog(const std::string& topic, int32_t partition, int64_t offset);
// kOutOfRange, with the remedy: the log ends before `next`, below which all has been read.
absl::Status ShortLog(const std::string& topic, int32_t partition, int64_t next, int64_t end);

}  // namespace tally
