// Keys made while a test runs, and tokens signed with them.
#pragma once

#include <cjose/cjose.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace tally::query::auth {

class TestKey {
 public:
  static TestKey Rsa(std::string id, size_t bits = 2048);
  static TestKey Ec(std::string id, cjose_jwk_ec_curve curve = CJOSE_JWK_EC_P_256);
  static TestKey Secret(std::string id, std::string_view secret);

  const std::string& id() const { return id_; }
  // `extra`: further members, e.g. R"("use":"enc")". With the private part if `is_private`.
  std::string Jwk(std::string_view extra = "", bool is_private = false) const;
  // R"({"alg":…,"kid":…})" of this key.
  std::string Header() const;
  // A token of this key's header and these claims.
  std::string Sign(std::string_view claims) const { return Sign(Header(), claims); }
  // `header` is JSON with an `alg` that fits the key.
  std::string Sign(std::string_view header, std::string_view claims) const;

 private:
  struct Release {
    void operator()(cjose_jwk_t* jwk) const { cjose_jwk_release(jwk); }
  };
  TestKey(std::string id, const char* algorithm, cjose_jwk_t* jwk);

  std::string id_;
  std::string algorithm_;
  std::shared_ptr<cjose_jwk_t> jwk_;
};

std::string Jwks(const std::vector<std::string>& keys);
std::string Base64Url(std::string_view bytes);
// Three parts, whatever they are.
std::string Assemble(std::string_view header, std::string_view claims, std::string_view signature);

}  // namespace tally::query::auth
