#include "tests/query/auth/tokens.h"

#include <cstdlib>
#include <stdexcept>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "query/auth/json.h"

namespace tally::query::auth {
namespace {

absl::string_view View(std::string_view text) { return {text.data(), text.size()}; }

void Must(bool done) {
  if (!done) throw std::runtime_error("cjose refused what the test asked for");
}

}  // namespace

TestKey::TestKey(std::string id, const char* algorithm, cjose_jwk_t* jwk)
    : id_(std::move(id)), algorithm_(algorithm), jwk_(jwk, Release()) {
  Must(jwk != nullptr && cjose_jwk_set_kid(jwk, id_.data(), id_.size(), nullptr));
}

TestKey TestKey::Rsa(std::string id, size_t bits) {
  constexpr uint8_t kExponent[] = {1, 0, 1};
  return TestKey(std::move(id), "RS256",
                 cjose_jwk_create_RSA_random(bits, kExponent, sizeof kExponent, nullptr));
}

TestKey TestKey::Ec(std::string id, cjose_jwk_ec_curve curve) {
  return TestKey(std::move(id), "ES256", cjose_jwk_create_EC_random(curve, nullptr));
}

TestKey TestKey::Secret(std::string id, std::string_view secret) {
  return TestKey(std::move(id), "HS256",
                 cjose_jwk_create_oct_spec(reinterpret_cast<const uint8_t*>(secret.data()),
                                           secret.size(), nullptr));
}

std::string TestKey::Jwk(std::string_view extra, bool is_private) const {
  const bool secret = cjose_jwk_get_kty(jwk_.get(), nullptr) == CJOSE_JWK_KTY_OCT;
  char* json = cjose_jwk_to_json(jwk_.get(), is_private || secret, nullptr);
  Must(json != nullptr);
  std::string text(json);
  std::free(json);
  if (extra.empty()) return text;
  text.pop_back();
  return absl::StrCat(text, ",", View(extra), "}");
}

std::string TestKey::Header() const {
  return absl::StrCat(R"({"alg":")", algorithm_, R"(","kid":")", id_, R"("})");
}

std::string TestKey::Sign(std::string_view header, std::string_view claims) const {
  const JsonPtr parsed = ParseObject(header);
  Must(parsed != nullptr);
  cjose_jws_t* jws =
      cjose_jws_sign(jwk_.get(), parsed.get(), reinterpret_cast<const uint8_t*>(claims.data()),
                     claims.size(), nullptr);
  const char* text = nullptr;
  Must(jws != nullptr && cjose_jws_export(jws, &text, nullptr));
  std::string token(text);
  cjose_jws_release(jws);
  return token;
}

std::string Jwks(const std::vector<std::string>& keys) {
  return absl::StrCat(R"({"keys":[)", absl::StrJoin(keys, ","), "]}");
}

std::string Base64Url(std::string_view bytes) { return absl::WebSafeBase64Escape(View(bytes)); }

std::string Assemble(std::string_view header, std::string_view claims, std::string_view signature) {
  return absl::StrCat(Base64Url(header), ".", Base64Url(claims), ".", Base64Url(signature));
}

}  // namespace tally::query::auth
