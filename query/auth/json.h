// JSON of tokens and key sets, strictly: what two parsers could read differently is refused.
#pragma once

#include <jansson.h>

#include <memory>
#include <optional>
#include <string_view>

namespace tally::query::auth {

struct JsonRelease {
  void operator()(json_t* json) const { json_decref(json); }
};
using JsonPtr = std::unique_ptr<json_t, JsonRelease>;

// An object; null when `text` is anything else: not UTF-8, a name that stands twice, a NUL in a
// string, something after the object.
JsonPtr ParseObject(std::string_view text);

// The string of this name; nullopt: there is none, or it is no string. A view into `object`.
std::optional<std::string_view> StringOf(const json_t* object, const char* name);

// A string's text; `json` must be a string.
std::string_view TextOf(const json_t* json);

}  // namespace tally::query::auth
