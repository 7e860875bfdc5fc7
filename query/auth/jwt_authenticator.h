// Bearer tokens that are JWTs (RFC 6750, 7519), verified with keys from a JWKS.
//
//   Authorization ─▶ token.h ─▶ token_cache.h ──────────────▶ claims.h: who, and until when
//                                   │ unknown                    ▲
//                                   └▶ key_set.h: whose signature ┘   key_ring.h keeps the keys
//                                   fresh
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "query/auth/claims.h"
#include "query/auth/jwks_source.h"
#include "query/auth/key_ring.h"
#include "query/auth/metrics.h"
#include "query/auth/token_cache.h"
#include "query/authenticator.h"

namespace prometheus {
class Registry;
}

namespace tally::query::auth {

struct JwtOptions {
  std::string jwks;  // name of a file, or URL
  UrlOptions url;    // for a URL; its `url` is set from `jwks`
  absl::Duration url_refresh = absl::Minutes(5);
  ClaimRules rules;
  size_t cached_tokens_max = 10'000;
  std::function<absl::Time()> clock = absl::Now;
};

// A file is looked at every second; a URL every JwtOptions::url_refresh, and earlier, but not more
// often than every 10 s, when a token names a key that is not there. A token is accepted neither
// past its `exp` (and leeway) nor after its key went away, cached or not.
class JwtAuthenticator final : public Authenticator {
 public:
  // A file must have usable keys, else kInvalidArgument or kUnavailable; a URL is fetched in the
  // background, and until that succeeded Authenticate is kUnavailable. `registry` outlives it.
  static absl::StatusOr<std::unique_ptr<JwtAuthenticator>> Make(JwtOptions options,
                                                                prometheus::Registry& registry);

  absl::StatusOr<Viewer> Authenticate(
      absl::Span<const std::string_view> authorization) const override;
  std::optional<Viewer> Recall(std::string_view authorization) const override;
  void CountRecalled() const override;

  // Reads the keys again soon; returns at once. Any thread.
  void Reload() { ring_.Reload(); }

 private:
  JwtAuthenticator(JwtOptions options, std::unique_ptr<JwksSource> source, RefreshOptions refresh,
                   prometheus::Registry& registry);
  std::optional<Refusal> Recognise(std::string_view text, const KeyRing::Current& keys,
                                   Identity& identity) const;
  std::optional<Refusal> Verify(std::string_view text, const KeySet& keys,
                                Identity& identity) const;

  const ClaimRules rules_;
  const std::function<absl::Time()> clock_;
  mutable Metrics metrics_;
  mutable TokenCache cache_;
  mutable KeyRing ring_;
};

}  // namespace tally::query::auth
