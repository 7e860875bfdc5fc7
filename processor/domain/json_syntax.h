// The grammar of RFC 8259, for what simdjson's on-demand parser passes over without looking.
#pragma once

#include <string>
#include <string_view>

namespace tally::domain {

// Whether `text` is one JSON number, and nothing else. UTF-8 is not checked, nor needed.
bool IsJsonNumber(std::string_view text);

// Whether `text` is one JSON value of any kind and depth, with white space around it allowed; UTF-8
// is not checked. Linear in time and without recursion; `open` is scratch space, at most one byte
// for each level of nesting.
bool IsJsonValue(std::string_view text, std::string& open);

}  // namespace tally::domain
