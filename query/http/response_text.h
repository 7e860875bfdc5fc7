// Responses as bytes.
#pragma once

#include <string>
#include <string_view>

#include "absl/time/time.h"
#include "query/http/message.h"

namespace tally::query::http {

struct AnswerFrame {
  bool http_1_0 = false;   // what the request's version was
  bool keep_alive = true;  // whether another request may follow
  absl::Time now;          // for the Date header
};

// Status line and headers with their empty line; Content-Length is the body's, also where the body
// is left out (HEAD), and absent where there is none by definition (204, 304).
std::string HeadText(const Response& response, const AnswerFrame& frame);

// The same in parts: what every answer begins with; a line of its own; what it ends with.
void AppendBeginning(int status, const AnswerFrame& frame, std::string& text);
void AppendLine(std::string_view name, std::string_view value, std::string& text);
// `content_type` may be empty: there is none.
void AppendEnd(int status, std::string_view content_type, size_t body_bytes, std::string& text);

}  // namespace tally::query::http
