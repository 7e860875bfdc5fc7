#include "query/auth/key.h"

#include <openssl/err.h>

#include <array>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "query/text.h"

namespace tally::query::auth {
namespace {

constexpr size_t kRsaBitsMin = 2048;    // RFC 7518, 3.3
constexpr size_t kRsaBitsMax = 8192;    // what verifying costs grows with the square
constexpr size_t kSecretBitsMin = 256;  // RFC 7518, 3.2
constexpr size_t kShownBytesMax = 64;

struct AlgorithmInfo {
  Algorithm algorithm;
  const char* name;
  const char* key_type;
  std::array<const char*, 4> members;  // the public ones beside kty (of a secret: the secret)
};
constexpr std::array<AlgorithmInfo, 3> kAlgorithms = {{
    {Algorithm::kRs256, "RS256", "RSA", {"n", "e"}},
    {Algorithm::kEs256, "ES256", "EC", {"crv", "x", "y"}},
    {Algorithm::kHs256, "HS256", "oct", {"k"}},
}};

struct JwsRelease {
  void operator()(cjose_jws_t* jws) const { cjose_jws_release(jws); }
};
using JwsPtr = std::unique_ptr<cjose_jws_t, JwsRelease>;

template <typename... Parts>
absl::Status Unusable(const Parts&... parts) {
  return absl::InvalidArgumentError(absl::StrCat(parts...));
}

std::string Quoted(std::string_view text) { return Printable(text.substr(0, kShownBytesMax)); }

const AlgorithmInfo* FindInfo(const json_t* jwk, absl::Status& status) {
  const auto key_type = StringOf(jwk, "kty");
  const json_t* name = json_object_get(jwk, "alg");
  for (const AlgorithmInfo& info : kAlgorithms) {
    const bool named = json_is_string(name) && TextOf(name) == info.name;
    if (key_type == info.key_type && (name == nullptr || named)) return &info;
    if (named) {
      status = Unusable("alg ", info.name, " does not fit its kty");
      return nullptr;
    }
  }
  if (name == nullptr) {
    status = Unusable("kty ", Quoted(key_type.value_or("")), " is not RSA, EC or oct");
  } else {
    status = Unusable("alg ", Quoted(json_is_string(name) ? TextOf(name) : "(no string)"),
                      " is not RS256, ES256 or HS256");
  }
  return nullptr;
}

absl::Status CheckPurpose(const json_t* jwk) {
  const json_t* use = json_object_get(jwk, "use");
  if (use != nullptr && StringOf(jwk, "use") != "sig") return Unusable("use is not sig");
  const json_t* operations = json_object_get(jwk, "key_ops");
  if (operations == nullptr) return absl::OkStatus();
  for (size_t i = 0; i < json_array_size(operations); ++i) {
    const json_t* operation = json_array_get(operations, i);
    if (json_is_string(operation) && TextOf(operation) == "verify") return absl::OkStatus();
  }
  return Unusable("key_ops has no verify");
}

// Only what verifying needs: a private key that strayed into the set is not kept.
JsonPtr PublicPart(json_t* jwk, const AlgorithmInfo& info) {
  JsonPtr part(json_object());
  json_object_set(part.get(), "kty", json_object_get(jwk, "kty"));
  for (const char* member : info.members) {
    if (member != nullptr) json_object_set(part.get(), member, json_object_get(jwk, member));
  }
  return part;
}

// cjose ends the process when it decodes what is no base64url. Null: all members are, or no
// strings.
const char* FindNotBase64Url(const json_t* part) {
  for (const char* member : {"n", "e", "x", "y", "k"}) {
    const auto text = StringOf(part, member);
    if (text.has_value() && !IsBase64Url(*text)) return member;
  }
  return nullptr;
}

// An exponent of 1 would let everybody sign.
bool IsExponent(const json_t* jwk) {
  std::string bytes;
  const std::string_view text = StringOf(jwk, "e").value_or("");
  if (!absl::WebSafeBase64Unescape({text.data(), text.size()}, &bytes)) return false;
  const size_t first = bytes.find_first_not_of('\0');
  return first != bytes.npos && (bytes.size() - first > 1 || bytes[first] != 1);
}

absl::Status CheckStrength(const json_t* jwk, Algorithm algorithm, size_t bits) {
  switch (algorithm) {
    case Algorithm::kRs256:
      if (!IsExponent(jwk)) return Unusable("e is no public exponent");
      if (bits < kRsaBitsMin || bits > kRsaBitsMax) {
        return Unusable("RSA of ", bits, " bits: ", kRsaBitsMin, " to ", kRsaBitsMax, " are used");
      }
      break;
    case Algorithm::kEs256:
      if (StringOf(jwk, "crv") != "P-256") return Unusable("crv is not P-256");
      break;
    case Algorithm::kHs256:
      if (bits < kSecretBitsMin) {
        return Unusable("a secret of ", bits, " bits: at least ", kSecretBitsMin, " are needed");
      }
      break;
  }
  return absl::OkStatus();
}

size_t SignatureBytes(Algorithm algorithm, size_t key_bits) {
  switch (algorithm) {
    case Algorithm::kRs256:
      return key_bits / 8;
    case Algorithm::kEs256:
      return 64;
    case Algorithm::kHs256:
      break;
  }
  return 32;
}

}  // namespace

std::optional<Algorithm> FindAlgorithm(std::string_view name) {
  for (const AlgorithmInfo& info : kAlgorithms) {
    if (name == info.name) return info.algorithm;
  }
  return std::nullopt;
}

Key::Key(std::optional<std::string> id, Algorithm algorithm, JwkPtr jwk, size_t signature_bytes)
    : id_(std::move(id)),
      algorithm_(algorithm),
      jwk_(std::move(jwk)),
      signature_bytes_(signature_bytes) {}

absl::StatusOr<Key> Key::FromJwk(json_t* jwk) {
  if (!json_is_object(jwk)) return Unusable("not a JSON object");
  absl::Status status;
  const AlgorithmInfo* info = FindInfo(jwk, status);
  if (info == nullptr) return status;
  if (status = CheckPurpose(jwk); !status.ok()) return status;
  std::optional<std::string> id;
  if (const json_t* named = json_object_get(jwk, "kid"); named != nullptr) {
    if (!json_is_string(named)) return Unusable("kid is not a string");
    id = std::string(TextOf(named));
  }
  cjose_err error;
  const JsonPtr part = PublicPart(jwk, *info);
  if (const char* member = FindNotBase64Url(part.get()); member != nullptr) {
    return Unusable(member, " is not base64url without padding or stray bits");
  }
  JwkPtr imported(cjose_jwk_import_json(part.get(), &error));
  if (imported == nullptr) return Unusable("not a valid ", info->key_type, " key");
  const size_t bits = cjose_jwk_get_keysize(imported.get(), &error);
  if (status = CheckStrength(jwk, info->algorithm, bits); !status.ok()) return status;
  return Key(std::move(id), info->algorithm, std::move(imported),
             SignatureBytes(info->algorithm, bits));
}

bool Key::Signed(const Token& token) const {
  if (FindAlgorithm(token.algorithm) != algorithm_) return false;
  // cjose compares an HMAC without looking at its length first, and splits what it is given for
  // ECDSA into halves, however long.
  if (token.signature_bytes != signature_bytes_) return false;
  cjose_err error;
  const JwsPtr jws(cjose_jws_import(token.text.data(), token.text.size(), &error));
  const bool is_signed = jws != nullptr && cjose_jws_verify(jws.get(), jwk_.get(), &error);
  // A failure stays in this thread's queue, where TLS would find it.
  ERR_clear_error();
  return is_signed;
}

}  // namespace tally::query::auth
