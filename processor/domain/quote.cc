#include "processor/domain/quote.h"

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "processor/domain/identifier.h"

namespace tally::domain {

std::string Quote(std::string_view text) {
  constexpr size_t kShownBytesMax = 64;
  constexpr size_t kCharacterBytesMax = 4;
  std::string_view shown = text.substr(0, kShownBytesMax);
  if (shown.size() < text.size()) {
    for (size_t cut = 1; cut < kCharacterBytesMax && !IsUtf8(shown); ++cut) shown.remove_suffix(1);
  }
  const absl::string_view bytes(shown.data(), shown.size());
  return absl::StrCat("\"",
                      IsUtf8(shown) ? absl::Utf8SafeCHexEscape(bytes) : absl::CHexEscape(bytes),
                      shown.size() < text.size() ? "…\"" : "\"");
}

}  // namespace tally::domain
