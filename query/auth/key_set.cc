#include "query/auth/key_set.h"

#include <algorithm>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "query/auth/json.h"

namespace tally::query::auth {
namespace {

// What one bad token may cost: verifying with so many keys.
constexpr int kTriedMax = 8;
constexpr size_t kReasonsShown = 8;

}  // namespace

absl::StatusOr<std::shared_ptr<const KeySet>> KeySet::Parse(std::string_view jwks) {
  const JsonPtr set = ParseObject(jwks);
  json_t* keys = json_object_get(set.get(), "keys");
  if (!json_is_array(keys)) {
    return absl::InvalidArgumentError("not a JWKS: a JSON object with a list named keys");
  }
  if (json_array_size(keys) > kKeysMax) {
    return absl::InvalidArgumentError(absl::StrCat("more than ", kKeysMax, " keys"));
  }
  std::vector<Key> usable;
  std::vector<std::string> left_out;
  for (size_t i = 0; i < json_array_size(keys); ++i) {
    auto key = Key::FromJwk(json_array_get(keys, i));
    if (key.ok()) {
      usable.push_back(*std::move(key));
    } else {
      left_out.push_back(absl::StrCat("key ", i + 1, ": ", key.status().message()));
    }
  }
  if (usable.empty()) {
    if (left_out.empty()) return absl::InvalidArgumentError("there is no key in it");
    left_out.resize(std::min(left_out.size(), kReasonsShown));
    return absl::InvalidArgumentError(
        absl::StrCat("there is no usable key in it: ", absl::StrJoin(left_out, "; ")));
  }
  return std::shared_ptr<const KeySet>(new KeySet(std::move(usable), std::move(left_out)));
}

KeySet::KeySet(std::vector<Key> keys, std::vector<std::string> left_out)
    : keys_(std::move(keys)), left_out_(std::move(left_out)) {}

std::optional<Refusal> KeySet::Verify(const Token& token) const {
  const auto algorithm = FindAlgorithm(token.algorithm);
  if (!algorithm.has_value()) return Refusal::kAlgorithm;
  bool known = false;
  int tried = 0;
  for (const Key& key : keys_) {
    if (token.key_id.has_value() && key.id() != token.key_id) continue;
    known = true;
    if (key.algorithm() != *algorithm) continue;
    if (++tried > kTriedMax) break;
    if (key.Signed(token)) return std::nullopt;
  }
  if (!known) return Refusal::kUnknownKey;
  return tried == 0 ? Refusal::kAlgorithm : Refusal::kSignature;
}

bool KeySet::HasSecret() const {
  return std::any_of(keys_.begin(), keys_.end(),
                     [](const Key& key) { return key.algorithm() == Algorithm::kHs256; });
}

}  // namespace tally::query::auth
