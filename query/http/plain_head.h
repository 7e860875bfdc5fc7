// The head of a request with nothing unusual in it, read in one pass and without allocating.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

namespace tally::query::http {

// Views into what was received. Empty: the header is not there.
struct PlainHead {
  size_t bytes = 0;         // of the whole head
  std::string_view target;  // as sent
  std::string_view accept;
  std::string_view authorization;
  std::string_view if_none_match;
  std::string_view min_position;
  std::string_view origin;
  std::string_view traceparent;
  std::string_view user_agent;
};

// The head at the beginning of `received`; nullopt: it is not complete or not plain, and must be
// read thoroughly before anything is said about it. Plain is a GET in HTTP/1.1 without a body, on
// a connection to be kept, in ASCII, whose headers of above and Host stand there at most once and
// not empty.
std::optional<PlainHead> ReadPlainHead(std::string_view received);

}  // namespace tally::query::http
