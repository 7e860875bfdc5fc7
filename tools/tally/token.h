// The Bearer token that `tally` sends: from a file or the environment, never from the command line,
// where every other user of the machine could read it.
#pragma once

#include <string>

#include "absl/status/statusor.h"

namespace tally::cli {

inline constexpr char kTokenVariable[] = "TALLY_TOKEN";

// The one word that the file holds, white space around it left out; without a file (`path` empty)
// that of TALLY_TOKEN, and "" without either. kInvalidArgument: unreadable, or not one word; the
// message holds nothing of it.
absl::StatusOr<std::string> ReadToken(const std::string& path);

}  // namespace tally::cli
