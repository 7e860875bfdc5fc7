#include "tools/tally/token.h"

#include <algorithm>
#include <cstdlib>
#include <fstream>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"

namespace tally::cli {
namespace {

constexpr size_t kTokenBytesMax = 16 << 10;

absl::StatusOr<std::string> CheckToken(const std::string& source, absl::string_view text) {
  const absl::string_view token = absl::StripAsciiWhitespace(text);
  const bool word = std::all_of(token.begin(), token.end(), [](char c) {
    return absl::ascii_isgraph(static_cast<unsigned char>(c));
  });
  if (word && !token.empty()) return std::string(token);
  return absl::InvalidArgumentError(absl::StrCat(source, " does not hold a token: one word"));
}

}  // namespace

absl::StatusOr<std::string> ReadToken(const std::string& path) {
  if (path.empty()) {
    const char* token = std::getenv(kTokenVariable);
    if (token == nullptr || *token == '\0') return "";
    return CheckToken(kTokenVariable, token);
  }
  const std::string source = absl::StrCat("--token-file ", path);
  std::ifstream file(path, std::ios::binary);
  std::string text(kTokenBytesMax, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (!file.eof() || file.bad()) {
    return absl::InvalidArgumentError(absl::StrCat(source, " cannot be read as a token"));
  }
  text.resize(static_cast<size_t>(file.gcount()));
  return CheckToken(source, text);
}

}  // namespace tally::cli
