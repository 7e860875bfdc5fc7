// Small files that must be whole: written under another name first, and durable.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace tally::store {

// Replaces the file at `path`, or makes it. Who reads it finds the old content or the new one,
// after any crash. Errors name the path: kResourceExhausted (disk full), kPermissionDenied,
// kNotFound (no such directory), kUnavailable.
absl::Status WriteFileDurably(const std::string& path, std::string_view content);

// nullopt: there is none. kDataLoss: it is longer than `bytes_max`; otherwise errors as above.
absl::StatusOr<std::optional<std::string>> ReadSmallFile(const std::string& path, size_t bytes_max);

// Makes what was created, renamed or removed in a directory durable. Errors as above.
absl::Status SyncDirectory(const std::string& path);

// Renames, durably; `to` must not exist or be an empty directory, on the same file system.
absl::Status RenameDurably(const std::string& from, const std::string& to);

// Lets two directories of one file system change places, at once and durably: at no time is either
// name without a directory. Errors as above; kUnimplemented: the file system cannot.
absl::Status ExchangeDurably(const std::string& one, const std::string& other);

}  // namespace tally::store
