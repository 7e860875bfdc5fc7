#include "query/auth/claims.h"

#include <cmath>
#include <string_view>

#include "absl/strings/str_split.h"
#include "processor/domain/identifier.h"

namespace tally::query::auth {
namespace {

// Whole seconds up to here are exact in a double, and within absl::Time.
constexpr double kSecondsMax = 9007199254740992.0;

absl::string_view View(std::string_view text) { return {text.data(), text.size()}; }

const json_t* FindClaim(const json_t* claims, const std::string& name) {
  if (const json_t* claim = json_object_get(claims, name.c_str()); claim != nullptr) return claim;
  const json_t* at = claims;
  for (const absl::string_view step : absl::StrSplit(name, '.')) {
    at = json_object_get(at, std::string(step).c_str());
  }
  return at;
}

bool HasString(const json_t* list, std::string_view wanted) {
  for (size_t i = 0; i < json_array_size(list); ++i) {
    const json_t* element = json_array_get(list, i);
    if (json_is_string(element) && TextOf(element) == wanted) return true;
  }
  return false;
}

bool HasWord(std::string_view text, std::string_view wanted) {
  for (const absl::string_view word : absl::StrSplit(View(text), ' ')) {
    if (word == View(wanted)) return true;
  }
  return false;
}

bool IsOperator(const json_t* claims, const ClaimRules& rules) {
  if (rules.operator_role.empty()) return false;
  const json_t* roles = FindClaim(claims, rules.role_claim);
  return json_is_string(roles) ? HasWord(TextOf(roles), rules.operator_role)
                               : HasString(roles, rules.operator_role);
}

bool IsFor(const json_t* claims, const std::string& audience) {
  const json_t* named = json_object_get(claims, "aud");
  return json_is_string(named) ? TextOf(named) == audience : HasString(named, audience);
}

// NumericDate of RFC 7519: seconds since 1970, not necessarily whole.
std::optional<absl::Time> TimeOf(const json_t* json) {
  if (!json_is_number(json)) return std::nullopt;
  const double seconds = json_number_value(json);
  if (!std::isfinite(seconds) || seconds < 0 || seconds > kSecondsMax) return std::nullopt;
  return absl::UnixEpoch() + absl::Seconds(seconds);
}

std::optional<Refusal> ReadTimes(const json_t* claims, Identity& identity) {
  const auto expires = TimeOf(json_object_get(claims, "exp"));
  if (!expires.has_value()) return Refusal::kMalformed;
  identity.not_after = *expires + kLeeway;
  identity.not_before = absl::InfinitePast();
  const json_t* begins = json_object_get(claims, "nbf");
  if (begins == nullptr) return std::nullopt;
  const auto not_before = TimeOf(begins);
  if (!not_before.has_value()) return Refusal::kMalformed;
  identity.not_before = *not_before - kLeeway;
  return std::nullopt;
}

}  // namespace

std::optional<Refusal> ReadClaims(const json_t* claims, const ClaimRules& rules,
                                  Identity& identity) {
  if (StringOf(claims, "iss") != rules.issuer) return Refusal::kIssuer;
  if (!IsFor(claims, rules.audience)) return Refusal::kAudience;
  if (const auto refusal = ReadTimes(claims, identity); refusal.has_value()) return refusal;
  if (IsOperator(claims, rules)) {
    identity.viewer = Viewer();
    return std::nullopt;
  }
  const json_t* user = FindClaim(claims, rules.user_claim);
  if (!json_is_string(user) || domain::CheckIdentifier(TextOf(user)) != domain::TextStatus::kOk) {
    return Refusal::kNoUser;
  }
  identity.viewer = Viewer::User(std::string(TextOf(user)));
  return std::nullopt;
}

std::optional<Refusal> CheckTime(const Identity& identity, absl::Time now) {
  if (now >= identity.not_after) return Refusal::kExpired;
  if (now < identity.not_before) return Refusal::kNotYetValid;
  return std::nullopt;
}

}  // namespace tally::query::auth
