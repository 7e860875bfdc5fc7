// What a server may say on a connection, whatever it was sent.
#pragma once

#include <string_view>

namespace tally::fuzz {

// Promises:
//   - answers, one after the other, and nothing else; each with a known status that is no failure
//     of the server's own, and headers without control characters
//   - after "Connection: close" nothing follows
//   - a body is as long as its Content-Length, and JSON if it says so
void CheckAnswers(std::string_view answers);

}  // namespace tally::fuzz
