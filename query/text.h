// Text that came from outside, made fit for messages.
#pragma once

#include <string>
#include <string_view>

namespace tally::query {

// `text` with every byte that is not part of valid UTF-8, and every control character, replaced by
// U+FFFD.
std::string Printable(std::string_view text);

}  // namespace tally::query
