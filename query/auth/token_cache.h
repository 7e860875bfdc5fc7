// Tokens that were verified not long ago, so that a signature is checked once a token and not once
// a request. It remembers what a token says, not whether that still counts: whoever asks looks at
// the clock again, and names the keys that count now.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string_view>

#include "absl/container/flat_hash_map.h"
#include "query/auth/claims.h"

namespace tally::query::auth {

// SHA-256 of a token: tokens themselves are not kept.
using TokenDigest = std::array<uint8_t, 32>;
TokenDigest DigestOf(std::string_view token);

// Thread-safe. Keeps the tokens used since its younger half was last full, at most `entries_max`.
class TokenCache {
 public:
  explicit TokenCache(size_t entries_max);

  // nullopt: not known, or verified with keys of another generation.
  std::optional<Identity> Find(const TokenDigest& token, uint64_t key_generation);
  void Insert(const TokenDigest& token, uint64_t key_generation, const Identity& identity);
  size_t size() const;

 private:
  struct Entry {
    Identity identity;
    uint64_t key_generation;
  };
  using Map = absl::flat_hash_map<TokenDigest, Entry>;
  void Keep(const TokenDigest& token, Entry entry);

  const size_t half_max_;
  mutable std::mutex mutex_;
  Map younger_;  // guarded by mutex_, like what follows
  Map older_;
};

}  // namespace tally::query::auth
