// What a request's head must look like before a parser sees it.
#pragma once

#include <string_view>

namespace tally::query::http {

// `head`: a request line and header lines, to the empty line that ends them. Why it is refused, in
// one phrase, or "": lines that do not end in CRLF, control characters, folded lines, white space
// before a colon. Two servers may read such heads in two ways.
std::string_view HeadRefusal(std::string_view head);

// Whether it can be the value of a Host header.
bool IsHost(std::string_view host);

// False when these first bytes are no beginning of a request line, e.g. those of a TLS handshake.
bool BeginsLikeRequest(std::string_view bytes);

}  // namespace tally::query::http
