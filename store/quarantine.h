// A mark on a shard's store that says it was found to be wrong: it must not be opened to answer
// from until it has been replaced. The mark is a file in the store's directory, so it goes where
// that goes.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace tally::store {

// The file's name within the store's directory; removing it lifts the quarantine.
inline constexpr std::string_view kQuarantineFile = "QUARANTINED";

// Durable when it returns OK. A store that is marked already keeps its first reason. `shard_path`
// exists. Errors: kUnavailable, kResourceExhausted, kPermissionDenied.
absl::Status Quarantine(const std::string& shard_path, std::string_view why);

// Why it is marked; nullopt: it is not. Errors: kUnavailable.
absl::StatusOr<std::optional<std::string>> QuarantineOf(const std::string& shard_path);

}  // namespace tally::store
