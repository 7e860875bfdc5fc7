#include "query/auth/json.h"

namespace tally::query::auth {

JsonPtr ParseObject(std::string_view text) {
  json_error_t ignored;
  JsonPtr json(json_loadb(text.data(), text.size(), JSON_REJECT_DUPLICATES, &ignored));
  if (json != nullptr && !json_is_object(json.get())) json.reset();
  return json;
}

std::string_view TextOf(const json_t* json) {
  return {json_string_value(json), json_string_length(json)};
}

std::optional<std::string_view> StringOf(const json_t* object, const char* name) {
  const json_t* value = json_object_get(object, name);
  if (!json_is_string(value)) return std::nullopt;
  return TextOf(value);
}

}  // namespace tally::query::auth
