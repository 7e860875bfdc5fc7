#include "query/auth/refusal.h"

#include "query/authenticator.h"

namespace tally::query::auth {

std::string_view NameOf(Refusal refusal) {
  switch (refusal) {
    case Refusal::kNoToken:
      return "no_token";
    case Refusal::kRepeated:
      return "repeated";
    case Refusal::kScheme:
      return "scheme";
    case Refusal::kTooLarge:
      return "too_large";
    case Refusal::kMalformed:
      return "malformed";
    case Refusal::kCritical:
      return "critical";
    case Refusal::kAlgorithm:
      return "algorithm";
    case Refusal::kUnknownKey:
      return "unknown_key";
    case Refusal::kSignature:
      return "signature";
    case Refusal::kIssuer:
      return "issuer";
    case Refusal::kAudience:
      return "audience";
    case Refusal::kExpired:
      return "expired";
    case Refusal::kNotYetValid:
      return "not_yet_valid";
    case Refusal::kNoUser:
      return "no_user";
  }
  return "malformed";
}

absl::Status ToStatus(Refusal refusal) {
  switch (refusal) {
    case Refusal::kNoToken:
    case Refusal::kScheme:
      return Unauthenticated("", "a token is needed: Authorization: Bearer <token>");
    case Refusal::kRepeated:
      return Unauthenticated("invalid_request", "more than one Authorization header");
    case Refusal::kExpired:
      return Unauthenticated("invalid_token", "the token has expired");
    default:
      return Unauthenticated("invalid_token", "the token is not valid here");
  }
}

}  // namespace tally::query::auth
