// Why a request's Authorization proves nothing: for the operator's metrics. Clients learn less.
#pragma once

#include <cstdint>
#include <string_view>

#include "absl/status/status.h"

namespace tally::query::auth {

enum class Refusal : uint8_t {
  kNoToken,      // no Authorization at all
  kRepeated,     // more than one
  kScheme,       // not Bearer
  kTooLarge,     // over kTokenBytesMax
  kMalformed,    // not a signed JWT in compact form, or claims of wrong types
  kCritical,     // demands an extension (`crit`)
  kAlgorithm,    // `alg` is not the key's
  kUnknownKey,   // no key has this `kid`
  kSignature,    // not made with the key
  kIssuer,       // `iss`
  kAudience,     // `aud`
  kExpired,      // `exp`
  kNotYetValid,  // `nbf`
  kNoUser,       // proved, but names neither a user nor the operator role
};
inline constexpr int kRefusalCount = 14;

// For metric labels, e.g. "unknown_key".
std::string_view NameOf(Refusal refusal);

// What the client is told: whether it sent a token, and whether its own, otherwise good token has
// expired. Everything else is one answer.
absl::Status ToStatus(Refusal refusal);

}  // namespace tally::query::auth
