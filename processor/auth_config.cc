#include "processor/auth_config.h"

#include "absl/strings/str_cat.h"
#include "processor/flags.h"

namespace tally {
namespace {

constexpr const char* kJwtFlags[] = {
    "--auth-jwks",         "--auth-jwks-ca",  "--auth-jwks-allow-http", "--auth-jwks-refresh-ms",
    "--auth-issuer",       "--auth-audience", "--auth-user-claim",      "--auth-role-claim",
    "--auth-operator-role"};

}  // namespace

void DeclareAuth(CLI::App& app, AuthConfig& auth) {
  constexpr char kGroup[] = "Who may see what";
  Add(app, kGroup, "--auth", auth.mode,
      "none: everybody sees everything; jwt: clients send a Bearer token, users see what is theirs")
      ->check(CLI::IsMember({"none", "jwt"}));
  Add(app, kGroup, "--auth-jwks", auth.jwks,
      "File or https URL of the JWKS with the keys that tokens are verified with")
      ->type_name("FILE|URL");
  Add(app, kGroup, "--auth-issuer", auth.issuer, "What a token's iss must be");
  Add(app, kGroup, "--auth-audience", auth.audience, "What a token's aud must be, or have");
  Add(app, kGroup, "--auth-user-claim", auth.user_claim,
      "Claim that holds the userId; a.b is b within a");
  Add(app, kGroup, "--auth-role-claim", auth.role_claim,
      "Claim that holds the roles: a list, or words in one text; a.b is b within a");
  Add(app, kGroup, "--auth-operator-role", auth.operator_role,
      "Role that sees every user's data; empty: none does");
  Add(app, kGroup, "--auth-jwks-refresh-ms", auth.jwks_refresh_ms,
      "Time between two fetches of a JWKS URL (a file is looked at every second)")
      ->check(CLI::Range(1'000, 86'400'000));
  Add(app, kGroup, "--auth-jwks-ca", auth.jwks_ca,
      "PEM file of the authorities that vouch for the JWKS URL's server; without: the system's");
  AddSwitch(app, kGroup, "--auth-jwks-allow-http", auth.jwks_allow_http,
            "Allow a JWKS URL of http beyond loopback, where the network is trusted");
}

absl::Status CheckAuth(const CLI::App& app, const AuthConfig& auth) {
  if (!auth.enabled()) {
    for (const char* flag : kJwtFlags) {
      if (app.get_option(flag)->count() == 0) continue;
      return absl::InvalidArgumentError(
          absl::StrCat(flag, " protects nothing without --auth=jwt: add that, or leave it out"));
    }
    return absl::OkStatus();
  }
  if (auth.jwks.empty()) {
    return absl::InvalidArgumentError(
        "--auth=jwt needs --auth-jwks: file or https URL of the issuer's keys");
  }
  if (auth.issuer.empty()) {
    return absl::InvalidArgumentError("--auth=jwt needs --auth-issuer: what a token's iss must be");
  }
  if (auth.audience.empty()) {
    return absl::InvalidArgumentError(
        "--auth=jwt needs --auth-audience: what a token's aud must be; tokens for other services "
        "of the same issuer would be accepted here otherwise");
  }
  if (auth.user_claim.empty() || auth.role_claim.empty()) {
    return absl::InvalidArgumentError("--auth-user-claim and --auth-role-claim cannot be empty");
  }
  return absl::OkStatus();
}

}  // namespace tally
