// Taking a request target apart: raw path first, decoding per segment after.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "query/problem.h"

namespace tally::query::http {

// A request target of origin form, or of absolute form without scheme and authority. Views into
// the target.
struct Target {
  std::string_view path;   // raw, begins with '/'
  std::string_view query;  // raw, without '?'
};

// nullopt: neither origin nor absolute form, or it has a fragment or bytes that no URI has.
std::optional<Target> SplitTarget(std::string_view target);

// The raw segments of a path: "/a//b" is "a", "", "b".
std::vector<std::string_view> SplitPath(std::string_view path);

// Percent-decoding. nullopt: a '%' without two hex digits. `plus_is_space` as in queries.
std::optional<std::string> PercentDecode(std::string_view text, bool plus_is_space);

// Why decoded text is refused: not UTF-8, or a control character; "" if it is good.
std::string_view TextRefusal(std::string_view text);

// The pairs of a query, decoded, in order; what cannot be decoded stands there as sent, and is
// appended to `errors`.
std::vector<std::pair<std::string, std::string>> ParseQuery(std::string_view query,
                                                            std::vector<ParameterError>& errors);

}  // namespace tally::query::http
