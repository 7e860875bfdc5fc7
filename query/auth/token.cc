#include "query/auth/token.h"

#include <algorithm>
#include <array>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"

namespace tally::query::auth {
namespace {

constexpr std::string_view kScheme = "bearer";

absl::string_view View(std::string_view text) { return {text.data(), text.size()}; }

std::optional<std::array<std::string_view, 3>> Split(std::string_view text) {
  const size_t first = text.find('.');
  if (first == std::string_view::npos) return std::nullopt;
  const size_t second = text.find('.', first + 1);
  if (second == std::string_view::npos) return std::nullopt;
  const std::array<std::string_view, 3> parts = {
      text.substr(0, first), text.substr(first + 1, second - first - 1), text.substr(second + 1)};
  if (!std::all_of(parts.begin(), parts.end(), IsBase64Url)) return std::nullopt;
  return parts;
}

JsonPtr DecodeObject(std::string_view part) {
  std::string decoded;
  if (!absl::WebSafeBase64Unescape(View(part), &decoded)) return nullptr;
  return ParseObject(decoded);
}

std::optional<Refusal> ReadHeader(const json_t* header, Token& token) {
  if (json_object_get(header, "crit") != nullptr) return Refusal::kCritical;
  const auto algorithm = StringOf(header, "alg");
  if (!algorithm.has_value()) return Refusal::kMalformed;
  token.algorithm = *algorithm;
  token.key_id.reset();
  if (json_object_get(header, "kid") == nullptr) return std::nullopt;
  const auto key_id = StringOf(header, "kid");
  if (!key_id.has_value()) return Refusal::kMalformed;
  token.key_id = *key_id;
  return std::nullopt;
}

}  // namespace

bool IsBase64Url(std::string_view text) {
  constexpr std::string_view kDigits =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  if (text.empty() || text.size() % 4 == 1) return false;
  if (!std::all_of(text.begin(), text.end(), [](char c) {
        return absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '-' || c == '_';
      })) {
    return false;
  }
  const size_t last = kDigits.find(text.back());
  const size_t stray_bits = text.size() % 4 == 2 ? 4 : text.size() % 4 == 3 ? 2 : 0;
  return last % (size_t{1} << stray_bits) == 0;
}

std::optional<Refusal> FindBearer(absl::Span<const std::string_view> values,
                                  std::string_view& token) {
  if (values.empty()) return Refusal::kNoToken;
  if (values.size() > 1) return Refusal::kRepeated;
  const absl::string_view value = absl::StripAsciiWhitespace(View(values.front()));
  const size_t space = value.find(' ');
  if (!absl::EqualsIgnoreCase(value.substr(0, space), View(kScheme))) return Refusal::kScheme;
  if (space == absl::string_view::npos) return Refusal::kMalformed;
  const absl::string_view rest = absl::StripAsciiWhitespace(value.substr(space));
  token = {rest.data(), rest.size()};
  return token.size() > kTokenBytesMax ? std::make_optional(Refusal::kTooLarge) : std::nullopt;
}

std::optional<Refusal> ParseToken(std::string_view text, Token& token) {
  const auto parts = Split(text);
  if (!parts.has_value()) return Refusal::kMalformed;
  const JsonPtr header = DecodeObject((*parts)[0]);
  if (header == nullptr) return Refusal::kMalformed;
  if (const auto refusal = ReadHeader(header.get(), token); refusal.has_value()) return refusal;
  token.claims = DecodeObject((*parts)[1]);
  if (token.claims == nullptr) return Refusal::kMalformed;
  token.text = text;
  token.signature_bytes = (*parts)[2].size() * 3 / 4;
  return std::nullopt;
}

}  // namespace tally::query::auth
