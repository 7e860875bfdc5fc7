#include "store/quarantine.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "store/files.h"

namespace tally::store {
namespace {

constexpr size_t kBytesMax = 64 << 10;

std::string PathOf(const std::string& shard_path) {
  return absl::StrCat(shard_path, "/",
                      absl::string_view(kQuarantineFile.data(), kQuarantineFile.size()));
}

}  // namespace

absl::Status Quarantine(const std::string& shard_path, std::string_view why) {
  const auto standing = QuarantineOf(shard_path);
  if (!standing.ok()) return standing.status();
  if (standing->has_value()) return absl::OkStatus();
  return WriteFileDurably(
      PathOf(shard_path),
      absl::StrCat(absl::string_view(why.data(), why.size()).substr(0, kBytesMax - 1), "\n"));
}

absl::StatusOr<std::optional<std::string>> QuarantineOf(const std::string& shard_path) {
  auto why = ReadSmallFile(PathOf(shard_path), kBytesMax);
  if (why.ok() && why->has_value()) {
    while (!(*why)->empty() && (*why)->back() == '\n') (*why)->pop_back();
  }
  return why;
}

}  // namespace tally::store
