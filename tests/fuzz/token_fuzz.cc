// Input: a byte for what to do, then a token, an Authorization header, claims or a key set.
#include <optional>
#include <string>

#include "query/auth/claims.h"
#include "query/auth/key_set.h"
#include "query/auth/token.h"
#include "tests/fuzz/target.h"
#include "tests/query/auth/tokens.h"

namespace tally::query::auth {
namespace {

using fuzz::Check;
using fuzz::Input;

const TestKey& Key() {
  static const TestKey key = TestKey::Secret("key-1", std::string(32, 'k'));
  return key;
}
const KeySet& Keys() {
  static const auto keys = KeySet::Parse(Jwks({Key().Jwk(R"("alg":"HS256")")})).value();
  return *keys;
}
const ClaimRules& Rules() {
  static const ClaimRules rules{
      .issuer = "https://issuer.example", .audience = "tally", .role_claim = "realm_access.roles"};
  return rules;
}

void CheckClaims(const Token& token) {
  Identity identity;
  if (ReadClaims(token.claims.get(), Rules(), identity).has_value()) return;
  Check(identity.not_after > identity.not_before || CheckTime(identity, identity.not_before),
        "a token counts between its times only");
  Check(CheckTime(identity, identity.not_after).has_value(), "a token ends");
}

// nullopt: it is one of ours.
std::optional<Refusal> Verify(std::string_view text) {
  Token token;
  if (const auto refusal = ParseToken(text, token); refusal.has_value()) return refusal;
  Check(token.text == text && token.claims != nullptr, "a token that is taken apart has claims");
  CheckClaims(token);
  return Keys().Verify(token);
}

void CheckForeign(std::string_view text) {
  Check(Verify(text).has_value(), "nobody signs without the key", text);
}

void CheckHeader(Input input) {
  std::vector<std::string_view> values;
  while (!input.Rest().empty()) values.push_back(input.Line());
  std::string_view token;
  if (FindBearer(values, token).has_value()) return;
  Check(values.size() == 1 && !token.empty(), "one header has one token");
  CheckForeign(token);
}

// Ours, then with one of its characters changed.
void CheckOwn(Input input) {
  const size_t at = input.Number(2);
  const uint8_t change = input.Byte();
  const std::string token = Key().Sign(input.Rest());
  Token parsed;
  const bool good = !ParseToken(token, parsed).has_value();
  Check(good == (ParseObject(input.Rest()) != nullptr) || token.size() > kTokenBytesMax,
        "a token is as good as its claims", input.Rest());
  if (!good) return;
  Check(!Verify(token).has_value(), "what is signed with the key is accepted", token);
  std::string altered = token;
  altered[at % altered.size()] ^= static_cast<char>(change);
  if (altered != token) CheckForeign(altered);
}

void CheckKeySet(std::string_view jwks) {
  const auto keys = KeySet::Parse(jwks);
  if (!keys.ok()) {
    Check(absl::IsInvalidArgument(keys.status()) && !keys.status().message().empty(),
          "a key set that is refused is told why");
    return;
  }
  Check((*keys)->size() > 0 && (*keys)->size() <= kKeysMax, "a key set has keys, and not too many");
  Token token;
  static const std::string ours = Key().Sign(R"({"sub":"user-1"})");
  Check(!ParseToken(ours, token).has_value(), "our token is one");
  static_cast<void>((*keys)->Verify(token));
}

void Run(Input input) {
  switch (input.Byte()) {
    case 't':
      return CheckForeign(input.Rest());
    case 'a':
      return CheckHeader(input);
    case 's':
      return CheckOwn(input);
    case 'k':
      return CheckKeySet(input.Rest());
    default:
      return;
  }
}

}  // namespace
}  // namespace tally::query::auth

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  tally::query::auth::Run(tally::fuzz::Input(data, size));
  return 0;
}
