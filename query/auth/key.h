// One verification key and its one algorithm.
#pragma once

#include <cjose/cjose.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "query/auth/json.h"
#include "query/auth/token.h"

namespace tally::query::auth {

enum class Algorithm : uint8_t { kRs256, kEs256, kHs256 };

// By its name in `alg`; case matters, `none` is not one.
std::optional<Algorithm> FindAlgorithm(std::string_view name);

// Immutable; thread-safe.
class Key {
 public:
  // kInvalidArgument: not for verifying tokens here; the message says why and holds no part of it.
  static absl::StatusOr<Key> FromJwk(json_t* jwk);

  const std::optional<std::string>& id() const { return id_; }
  Algorithm algorithm() const { return algorithm_; }
  // Whether `token` was signed with it, by its algorithm and no other.
  bool Signed(const Token& token) const;

 private:
  struct Release {
    void operator()(cjose_jwk_t* jwk) const { cjose_jwk_release(jwk); }
  };
  using JwkPtr = std::unique_ptr<cjose_jwk_t, Release>;
  Key(std::optional<std::string> id, Algorithm algorithm, JwkPtr jwk, size_t signature_bytes);

  std::optional<std::string> id_;
  Algorithm algorithm_;
  JwkPtr jwk_;
  size_t signature_bytes_;
};

}  // namespace tally::query::auth
