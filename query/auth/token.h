// A JWT in compact form (header.claims.signature), taken apart. Nothing of it is proved by that.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "absl/types/span.h"
#include "query/auth/json.h"
#include "query/auth/refusal.h"

namespace tally::query::auth {

inline constexpr size_t kTokenBytesMax = 8 << 10;

// Views into the text that was parsed.
struct Token {
  std::string_view text;
  std::string algorithm;              // `alg`, as sent
  std::optional<std::string> key_id;  // `kid`
  JsonPtr claims;
  size_t signature_bytes = 0;  // decoded
};

// Not empty, base64url without padding, and the only such text for its bytes: no stray bits in the
// last digit.
bool IsBase64Url(std::string_view text);

// The token of `Authorization: Bearer <token>`; `values` are those of all Authorization headers.
std::optional<Refusal> FindBearer(absl::Span<const std::string_view> values,
                                  std::string_view& token);

// Refuses what is not three parts of unpadded base64url, a header or claims that are no strict JSON
// objects (json.h), and every critical extension: none is known here.
std::optional<Refusal> ParseToken(std::string_view text, Token& token);

}  // namespace tally::query::auth
