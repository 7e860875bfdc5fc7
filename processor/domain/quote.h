// Foreign bytes in messages for people.
#pragma once

#include <string>
#include <string_view>

namespace tally::domain {

// The first 64 bytes or so of `text`, cut between characters, in double quotes; control characters
// and, unless all is valid UTF-8, every byte beyond ASCII are escaped. "…" follows if it was cut.
std::string Quote(std::string_view text);

}  // namespace tally::domain
