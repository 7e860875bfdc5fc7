#include "query/auth/jwt_authenticator.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "query/auth/key_set.h"
#include "query/auth/token.h"

namespace tally::query::auth {
namespace {

constexpr absl::Duration kFileRefresh = absl::Seconds(1);
constexpr absl::Duration kUrlRefreshMin = absl::Seconds(10);

absl::StatusOr<std::unique_ptr<JwksSource>> MakeSource(const JwtOptions& options) {
  if (!IsUrl(options.jwks)) return MakeFileSource(options.jwks);
  UrlOptions url = options.url;
  url.url = options.jwks;
  return MakeUrlSource(std::move(url));
}

RefreshOptions RefreshOf(const JwtOptions& options) {
  if (!IsUrl(options.jwks)) return {kFileRefresh, kFileRefresh};
  return {options.url_refresh, std::min(options.url_refresh, kUrlRefreshMin)};
}

}  // namespace

absl::StatusOr<std::unique_ptr<JwtAuthenticator>> JwtAuthenticator::Make(
    JwtOptions options, prometheus::Registry& registry) {
  auto source = MakeSource(options);
  if (!source.ok()) return source.status();
  const bool file = !IsUrl(options.jwks);
  const RefreshOptions refresh = RefreshOf(options);
  std::unique_ptr<JwtAuthenticator> made(
      new JwtAuthenticator(std::move(options), *std::move(source), refresh, registry));
  if (file) {
    if (absl::Status status = made->ring_.Load(); !status.ok()) return status;
  }
  made->ring_.Start();
  return made;
}

JwtAuthenticator::JwtAuthenticator(JwtOptions options, std::unique_ptr<JwksSource> source,
                                   RefreshOptions refresh, prometheus::Registry& registry)
    : rules_(std::move(options.rules)),
      clock_(std::move(options.clock)),
      metrics_(registry),
      cache_(options.cached_tokens_max),
      ring_(std::move(source), refresh, metrics_) {}

absl::StatusOr<Viewer> JwtAuthenticator::Authenticate(
    absl::Span<const std::string_view> authorization) const {
  std::string_view text;
  Identity identity;
  std::optional<Refusal> refusal = FindBearer(authorization, text);
  if (!refusal.has_value()) {
    const KeyRing::Current keys = ring_.Get();
    if (keys.keys == nullptr) {
      return absl::UnavailableError("tokens cannot be verified yet; try again later");
    }
    refusal = Recognise(text, keys, identity);
  }
  if (!refusal.has_value()) return std::move(identity.viewer);
  metrics_.CountRefused(*refusal);
  if (*refusal == Refusal::kUnknownKey) ring_.ReportUnknownKey();
  return ToStatus(*refusal);
}

std::optional<Viewer> JwtAuthenticator::Recall(std::string_view authorization) const {
  std::string_view text;
  if (FindBearer(absl::MakeConstSpan(&authorization, 1), text).has_value()) return std::nullopt;
  const KeyRing::Current keys = ring_.Get();
  if (keys.keys == nullptr) return std::nullopt;
  auto known = cache_.Find(DigestOf(text), keys.generation);
  if (!known.has_value() || CheckTime(*known, clock_()).has_value()) return std::nullopt;
  return std::move(known->viewer);
}

void JwtAuthenticator::CountRecalled() const { metrics_.CountAccepted(/*cached=*/true); }

std::optional<Refusal> JwtAuthenticator::Recognise(std::string_view text,
                                                   const KeyRing::Current& keys,
                                                   Identity& identity) const {
  const TokenDigest digest = DigestOf(text);
  auto cached = cache_.Find(digest, keys.generation);
  if (cached.has_value()) {
    identity = *std::move(cached);
  } else if (const auto refusal = Verify(text, *keys.keys, identity); refusal.has_value()) {
    return refusal;
  }
  if (const auto refusal = CheckTime(identity, clock_()); refusal.has_value()) return refusal;
  metrics_.CountAccepted(cached.has_value());
  if (!cached.has_value()) cache_.Insert(digest, keys.generation, identity);
  return std::nullopt;
}

std::optional<Refusal> JwtAuthenticator::Verify(std::string_view text, const KeySet& keys,
                                                Identity& identity) const {
  Token token;
  if (const auto refusal = ParseToken(text, token); refusal.has_value()) return refusal;
  if (const auto refusal = keys.Verify(token); refusal.has_value()) return refusal;
  return ReadClaims(token.claims.get(), rules_, identity);
}

}  // namespace tally::query::auth
