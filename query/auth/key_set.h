// The keys that tokens are verified with: a JWKS (RFC 7517), read once, immutable.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "query/auth/key.h"
#include "query/auth/refusal.h"
#include "query/auth/token.h"

namespace tally::query::auth {

inline constexpr size_t kKeysMax = 64;  // in one set

// Thread-safe.
class KeySet {
 public:
  // Every key has exactly one algorithm: its `alg`, or else the only one of RS256, ES256 and HS256
  // that fits its type. Keys that are not for that (of other algorithms, for encryption, RSA below
  // 2048 bits, HS256 secrets below 256) are left out. kInvalidArgument: not a JWKS, or none of its
  // keys is usable; the message names the reasons and holds nothing of the keys.
  static absl::StatusOr<std::shared_ptr<const KeySet>> Parse(std::string_view jwks);

  // nullopt: signed with one of the keys, by that key's algorithm. A token that names a key (`kid`)
  // is tried with the keys of that id; one that does not, with those of its algorithm, a few at
  // most.
  std::optional<Refusal> Verify(const Token& token) const;

  size_t size() const { return keys_.size(); }
  // One line a key, e.g. "key 2: alg RSA-OAEP is not RS256, ES256 or HS256".
  const std::vector<std::string>& left_out() const { return left_out_; }
  // Whether any of them is a secret (HS256) rather than a public key.
  bool HasSecret() const;

 private:
  KeySet(std::vector<Key> keys, std::vector<std::string> left_out);

  std::vector<Key> keys_;
  std::vector<std::string> left_out_;
};

}  // namespace tally::query::auth
