#include "query/auth/key_set.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/query/auth/tokens.h"

namespace tally::query::auth {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr char kClaims[] = R"({"sub":"user-1"})";
constexpr char kSecret[] = "0123456789abcdef0123456789abcdef";

struct Keys {
  TestKey rsa = TestKey::Rsa("r");
  TestKey rsa2 = TestKey::Rsa("r2");
  TestKey ec = TestKey::Ec("e");
  TestKey secret = TestKey::Secret("s", kSecret);
};
// Made once: RSA keys take their time.
const Keys& GetKeys() {
  static const Keys keys;
  return keys;
}

std::shared_ptr<const KeySet> Parse(const std::vector<std::string>& keys) {
  auto set = KeySet::Parse(Jwks(keys));
  EXPECT_TRUE(set.ok()) << set.status();
  return set.ok() ? *set : nullptr;
}

std::optional<Refusal> Verify(const KeySet& keys, const std::string& text) {
  Token token;
  if (const auto refusal = ParseToken(text, token); refusal.has_value()) return refusal;
  return keys.Verify(token);
}

TEST(KeySet, VerifiesEachAlgorithm) {
  const Keys& keys = GetKeys();
  const auto set = Parse({keys.rsa.Jwk(), keys.rsa2.Jwk(R"("alg":"RS256","use":"sig")"),
                          keys.ec.Jwk(R"("key_ops":["verify"])"), keys.secret.Jwk()});
  EXPECT_EQ(set->size(), 4u);
  EXPECT_TRUE(set->HasSecret());
  for (const TestKey* key : {&keys.rsa, &keys.rsa2, &keys.ec, &keys.secret}) {
    EXPECT_EQ(Verify(*set, key->Sign(kClaims)), std::nullopt) << key->id();
  }
  EXPECT_FALSE(Parse({keys.rsa.Jwk()})->HasSecret());
}

TEST(KeySet, ATokenWithoutKidIsTriedWithTheKeysOfItsAlgorithm) {
  const Keys& keys = GetKeys();
  const auto set = Parse({keys.rsa2.Jwk(), keys.ec.Jwk(), keys.rsa.Jwk()});
  EXPECT_EQ(Verify(*set, keys.rsa.Sign(R"({"alg":"RS256"})", kClaims)), std::nullopt);
  EXPECT_EQ(Verify(*set, keys.secret.Sign(R"({"alg":"HS256"})", kClaims)), Refusal::kAlgorithm);
}

TEST(KeySet, RefusesWhatNoKeySigned) {
  const Keys& keys = GetKeys();
  const auto set = Parse({keys.rsa.Jwk(), keys.ec.Jwk(), keys.secret.Jwk()});
  const auto signature = [](const std::string& token) {
    return token.substr(token.rfind('.') + 1);
  };
  const std::string rsa = keys.rsa.Sign(kClaims);
  const std::string changed =
      Base64Url(keys.rsa.Header()) + "." + Base64Url(R"({"sub":"user-2"})") + "." + signature(rsa);
  const auto assemble = [](const TestKey& key, size_t bytes) {
    return Assemble(key.Header(), kClaims, std::string(bytes, '\0'));
  };
  struct Case {
    const char* name;
    std::string token;
    Refusal refusal;
  };
  const Case cases[] = {
      {"other claims", changed, Refusal::kSignature},
      {"another key, same kid", keys.rsa2.Sign(keys.rsa.Header(), kClaims), Refusal::kSignature},
      {"unknown kid", keys.rsa2.Sign(kClaims), Refusal::kUnknownKey},
      {"alg none", Assemble(R"({"alg":"none","kid":"r"})", kClaims, "x"), Refusal::kAlgorithm},
      {"alg None", Assemble(R"({"alg":"None"})", kClaims, "x"), Refusal::kAlgorithm},
      {"alg RS512", Assemble(R"({"alg":"RS512","kid":"r"})", kClaims, "x"), Refusal::kAlgorithm},
      {"HS256 under the RSA key's name", keys.secret.Sign(R"({"alg":"HS256","kid":"r"})", kClaims),
       Refusal::kAlgorithm},
      {"RS256 under the secret's name", keys.rsa.Sign(R"({"alg":"RS256","kid":"s"})", kClaims),
       Refusal::kAlgorithm},
      {"the RSA key as secret",
       TestKey::Secret("r", keys.rsa.Jwk()).Sign(R"({"alg":"HS256","kid":"r"})", kClaims),
       Refusal::kAlgorithm},
      {"RSA of zeros", assemble(keys.rsa, 256), Refusal::kSignature},
      {"RSA too short", assemble(keys.rsa, 255), Refusal::kSignature},
      {"RSA too long", assemble(keys.rsa, 257), Refusal::kSignature},
      {"ECDSA of zeros", assemble(keys.ec, 64), Refusal::kSignature},
      {"ECDSA too short", assemble(keys.ec, 63), Refusal::kSignature},
      {"ECDSA too long", assemble(keys.ec, 66), Refusal::kSignature},
      {"HMAC of zeros", assemble(keys.secret, 32), Refusal::kSignature},
      {"HMAC of one byte", assemble(keys.secret, 1), Refusal::kSignature},
      {"HMAC too long", assemble(keys.secret, 33), Refusal::kSignature},
  };
  for (const Case& row : cases) EXPECT_EQ(Verify(*set, row.token), row.refusal) << row.name;
}

TEST(KeySet, TriesAFewKeysAtMost) {
  const Keys& keys = GetKeys();
  std::vector<std::string> jwks;
  for (int i = 0; i < 20; ++i) {
    jwks.push_back(TestKey::Secret("", std::string(32, static_cast<char>('a' + i))).Jwk());
  }
  jwks.push_back(keys.secret.Jwk());
  const auto set = Parse(jwks);
  EXPECT_EQ(Verify(*set, keys.secret.Sign(R"({"alg":"HS256"})", kClaims)), Refusal::kSignature);
  EXPECT_EQ(Verify(*set, keys.secret.Sign(kClaims)), std::nullopt);
}

TEST(KeySet, LeavesOutKeysThatAreNotForTokens) {
  const Keys& keys = GetKeys();
  struct Case {
    std::string jwk;
    const char* why;
  };
  const Case cases[] = {
      {keys.rsa.Jwk(R"("use":"enc")"), "use is not sig"},
      {keys.rsa.Jwk(R"("use":1)"), "use is not sig"},
      {keys.rsa.Jwk(R"("key_ops":["sign"])"), "key_ops has no verify"},
      {keys.rsa.Jwk(R"("key_ops":"verify")"), "key_ops has no verify"},
      {keys.rsa.Jwk(R"("alg":"RSA-OAEP")"), "alg RSA-OAEP is not"},
      {keys.rsa.Jwk(R"("alg":"RS512")"), "alg RS512 is not"},
      {keys.rsa.Jwk(R"("alg":"none")"), "alg none is not"},
      {keys.rsa.Jwk(R"("alg":null)"), "is not RS256"},
      {keys.rsa.Jwk(R"("alg":"HS256")"), "alg HS256 does not fit its kty"},
      {keys.secret.Jwk(R"("alg":"RS256")"), "alg RS256 does not fit its kty"},
      {TestKey::Rsa("x", 1024).Jwk(), "RSA of 1024 bits"},
      {TestKey::Ec("x", CJOSE_JWK_EC_P_384).Jwk(), "crv is not P-256"},
      {TestKey::Secret("x", "0123456789abcdef").Jwk(), "a secret of 128 bits"},
      {R"({"kty":"RSA"})", "not a valid RSA key"},
      {R"({"kty":"RSA","n":"AQAB","e":"AQ"})", "e is no public exponent"},
      {R"({"kty":"RSA","n":"AQAB","e":"AAAB"})", "e is no public exponent"},
      {R"({"kty":"RSA","n":5,"e":"AQAB"})", "not a valid RSA key"},
      {R"({"kty":"RSA","n":"bm5ub=5u","e":"AQAB"})", "n is not base64url"},
      {R"({"kty":"RSA","n":"bm5u","e":"AQAB="})", "e is not base64url"},
      {R"({"kty":"EC","crv":"P-256","x":"A","y":"AA"})", "x is not base64url"},
      {R"({"kty":"oct","k":"AA=="})", "k is not base64url"},
      {R"({"kty":"oct","k":""})", "k is not base64url"},
      {R"({"kty":"EC","crv":"P-256","x":"AA","y":"AA"})", "not a valid EC key"},
      {R"({"kty":"oct"})", "not a valid oct key"},
      {R"({"kty":"OKP","crv":"Ed25519","x":"AA"})", "kty OKP is not"},
      {R"({"kid":"x"})", "kty  is not"},
      {R"({"kty":"oct","k":"AA","kid":7})", "kid is not a string"},
      {"7", "not a JSON object"},
      {"null", "not a JSON object"},
  };
  for (const Case& row : cases) {
    EXPECT_THAT(Parse({row.jwk, keys.ec.Jwk()})->left_out(), ElementsAre(HasSubstr(row.why)))
        << row.jwk;
    const auto alone = KeySet::Parse(Jwks({row.jwk}));
    EXPECT_EQ(alone.status().code(), absl::StatusCode::kInvalidArgument);
    EXPECT_THAT(std::string(alone.status().message()), HasSubstr(row.why));
  }
}

TEST(KeySet, RefusesWhatIsNoSet) {
  const std::string ec = GetKeys().ec.Jwk();
  std::vector<std::string> many(kKeysMax + 1, ec);
  for (const std::string& text :
       {std::string(), std::string("{}"), ec, "[" + ec + "]", std::string(R"({"keys":{}})"),
        std::string(R"({"keys":[]})"), R"({"keys":[)" + ec + "]", R"({"keys":[)" + ec + "]}x",
        R"({"keys":[],"keys":[)" + ec + "]}", Jwks(many)}) {
    EXPECT_FALSE(KeySet::Parse(text).ok()) << text.substr(0, 60);
  }
}

TEST(KeySet, AStrayPrivatePartIsNotNeededAndSecretsAreNotShown) {
  const Keys& keys = GetKeys();
  const auto set = Parse({keys.rsa.Jwk("", true)});
  EXPECT_EQ(Verify(*set, keys.rsa.Sign(kClaims)), std::nullopt);
  const auto refused = KeySet::Parse(Jwks({R"({"kty":"oct","k":"c2VjcmV0"})"}));
  EXPECT_THAT(std::string(refused.status().message()), Not(HasSubstr("c2VjcmV0")));
}

}  // namespace
}  // namespace tally::query::auth
