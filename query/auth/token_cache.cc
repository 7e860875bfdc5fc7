#include "query/auth/token_cache.h"

#include <openssl/evp.h>

#include <algorithm>
#include <utility>

namespace tally::query::auth {

TokenDigest DigestOf(std::string_view token) {
  TokenDigest digest{};
  EVP_Digest(token.data(), token.size(), digest.data(), nullptr, EVP_sha256(), nullptr);
  return digest;
}

TokenCache::TokenCache(size_t entries_max) : half_max_(std::max<size_t>(entries_max / 2, 1)) {}

std::optional<Identity> TokenCache::Find(const TokenDigest& token, uint64_t key_generation) {
  const std::lock_guard lock(mutex_);
  if (const auto found = younger_.find(token); found != younger_.end()) {
    if (found->second.key_generation != key_generation) return std::nullopt;
    return found->second.identity;
  }
  const auto found = older_.find(token);
  if (found == older_.end() || found->second.key_generation != key_generation) return std::nullopt;
  Entry entry = std::move(found->second);
  older_.erase(found);
  const Identity identity = entry.identity;
  Keep(token, std::move(entry));
  return identity;
}

void TokenCache::Insert(const TokenDigest& token, uint64_t key_generation,
                        const Identity& identity) {
  const std::lock_guard lock(mutex_);
  Keep(token, {identity, key_generation});
}

void TokenCache::Keep(const TokenDigest& token, Entry entry) {
  if (younger_.size() >= half_max_) {
    older_ = std::move(younger_);
    younger_.clear();
  }
  younger_.insert_or_assign(token, std::move(entry));
}

size_t TokenCache::size() const {
  const std::lock_guard lock(mutex_);
  return younger_.size() + older_.size();
}

}  // namespace tally::query::auth
