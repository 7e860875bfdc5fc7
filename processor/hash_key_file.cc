#include "processor/hash_key_file.h"

#include <fstream>

#include "absl/strings/str_cat.h"

namespace tally {

absl::StatusOr<domain::HashKey> ReadHashKeyFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  char content[4096];  // many times a key
  file.read(content, sizeof content);
  if (!file.eof()) {
    return absl::InvalidArgumentError(absl::StrCat("--hash-key-file ", path, " cannot be read"));
  }
  auto key = domain::HashKey::Parse({content, static_cast<size_t>(file.gcount())});
  if (!key.ok()) {
    return absl::InvalidArgumentError(
        absl::StrCat("--hash-key-file ", path, ": ", key.status().message()));
  }
  return key;
}

}  // namespace tally
