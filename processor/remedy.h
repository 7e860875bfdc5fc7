// What a shard says, and what its operator can do, when stored rows turn out to be wrong.
#pragma once

#include "absl/status/status.h"

namespace tally {

// kDataLoss of a store: the same with the words "quarantined" and the remedy. Anything else, and
// what has them already, as it is.
absl::Status WithRemedy(const absl::Status& status);

}  // namespace tally
