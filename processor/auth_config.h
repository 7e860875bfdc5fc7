// The part of tallyd's configuration that says how clients prove who they are.
#pragma once

#include <string>

#include "absl/status/status.h"

namespace CLI {
class App;
}

namespace tally {

struct AuthConfig {
  std::string mode = "none";  // or "jwt"
  std::string jwks;           // file or URL
  std::string jwks_ca;        // PEM; empty: the system's
  bool jwks_allow_http = false;
  int jwks_refresh_ms = 300'000;
  std::string issuer;
  std::string audience;
  std::string user_claim = "sub";
  std::string role_claim = "roles";
  std::string operator_role = "operator";

  bool enabled() const { return mode != "none"; }
};

void DeclareAuth(CLI::App& app, AuthConfig& auth);

// After parsing. kInvalidArgument: what --auth=jwt needs is missing, or it is given without it,
// which would protect nothing.
absl::Status CheckAuth(const CLI::App& app, const AuthConfig& auth);

}  // namespace tally
