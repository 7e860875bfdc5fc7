// What a verified token says, and whether that counts here.
#pragma once

#include <optional>
#include <string>

#include "absl/time/time.h"
#include "query/auth/json.h"
#include "query/auth/refusal.h"
#include "query/viewer.h"

namespace tally::query::auth {

// What clocks may differ by.
inline constexpr absl::Duration kLeeway = absl::Seconds(30);

struct ClaimRules {
  std::string issuer;    // `iss` must be exactly this
  std::string audience;  // `aud` must be this or a list that has it
  std::string user_claim = "sub";
  std::string role_claim = "roles";        // a list of strings, or one string of words
  std::string operator_role = "operator";  // who has it sees all; empty: nobody does
};

// Who the token says is asking, and when it counts, leeway included.
struct Identity {
  Viewer viewer;
  absl::Time not_before;  // inclusive
  absl::Time not_after;   // exclusive
};

// `user_claim` and `role_claim` are names of claims; one with dots that is no claim's name is a
// path into nested objects ("realm_access.roles"). A user is a string that can be a userId; whoever
// has the operator role need not have one. `exp` is required.
std::optional<Refusal> ReadClaims(const json_t* claims, const ClaimRules& rules,
                                  Identity& identity);

std::optional<Refusal> CheckTime(const Identity& identity, absl::Time now);

}  // namespace tally::query::auth
