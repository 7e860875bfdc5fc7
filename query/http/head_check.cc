#include "query/http/head_check.h"

#include <algorithm>

namespace tally::query::http {
namespace {

// Of one line, without its CRLF.
std::string_view LineRefusal(std::string_view line) {
  for (const char c : line) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte == '\r' || byte == '\n') return "a line does not end in CRLF";
    if ((byte < 0x20 && byte != '\t') || byte == 0x7f) return "a control character";
  }
  return {};
}

std::string_view FieldRefusal(std::string_view line) {
  if (line.front() == ' ' || line.front() == '\t') return "a folded header line";
  const size_t colon = line.find(':');
  if (colon == std::string_view::npos || colon == 0) return "a header line without a name";
  const char last = line[colon - 1];
  if (last == ' ' || last == '\t') return "white space before a colon";
  return {};
}

}  // namespace

std::string_view HeadRefusal(std::string_view head) {
  bool request_line = true;
  while (!head.empty()) {
    const size_t end = head.find("\r\n");
    if (end == std::string_view::npos) return "a line does not end in CRLF";
    const std::string_view line = head.substr(0, end);
    head.remove_prefix(end + 2);
    if (const std::string_view refusal = LineRefusal(line); !refusal.empty()) return refusal;
    if (request_line && line.find('\t') != std::string_view::npos) return "a control character";
    if (!request_line && !line.empty()) {
      if (const std::string_view refusal = FieldRefusal(line); !refusal.empty()) return refusal;
    }
    request_line = false;
  }
  return {};
}

bool IsHost(std::string_view host) {
  return host.find_first_of(" \t/?#@\\<>\"{}|^`,") == std::string_view::npos;
}

bool BeginsLikeRequest(std::string_view bytes) {
  const std::string_view method = bytes.substr(0, std::min(bytes.find(' '), bytes.size()));
  return std::all_of(method.begin(), method.end(), [](char c) { return c > ' ' && c < 0x7f; });
}

}  // namespace tally::query::http
