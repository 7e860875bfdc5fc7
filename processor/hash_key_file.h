// The key that hides participants' ids on disk, from the file that --hash-key-file names.
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "processor/domain/participant_hash.h"

namespace tally {

// kInvalidArgument: the file cannot be read or holds no key; the message names flag and path.
absl::StatusOr<domain::HashKey> ReadHashKeyFile(const std::string& path);

}  // namespace tally
