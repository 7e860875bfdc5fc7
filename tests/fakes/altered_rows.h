// Changes one row of a store as no crash and no flipped bit does: in a commit of its own, under a
// valid checksum. What notices such a change can only know it from the other rows or from the log.
#pragma once

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "store/store.h"

namespace tally {

// What can be altered, such as "participant-hour".
std::vector<std::string> AlterationNames();

// Alters a row of the event, which has at least two channels, a participant and a distribution.
// Not among the names above: "lineage-fold", the store of an older version; "flip-event",
// "flip-distribution", "flip-hour", "flip-checkpoint", one bit of a row, under a checksum of its
// own that does not know.
// kNotFound: no such row; kInvalidArgument: no such alteration.
absl::Status Alter(store::Store& store, const std::string& event_id, const std::string& name);

}  // namespace tally
