#include "query/http/response_text.h"

#include <string_view>

#include "absl/strings/str_cat.h"
#include "query/problem.h"

namespace tally::query::http {
namespace {

// Formatted once a second and thread.
const std::string& DateText(absl::Time now) {
  thread_local int64_t second = -1;
  thread_local std::string text;
  const int64_t current = absl::ToUnixSeconds(now);
  if (current != second) {
    second = current;
    text = absl::FormatTime("%a, %d %b %Y %H:%M:%S GMT", now, absl::UTCTimeZone());
  }
  return text;
}

bool HasLength(int status) { return status >= 200 && status != 204 && status != 304; }

void AppendLine(std::string_view name, std::string_view value, std::string& text) {
  text.append(name).append(": ").append(value).append("\r\n");
}

}  // namespace

std::string HeadText(const Response& response, const AnswerFrame& frame) {
  std::string text;
  text.reserve(512);
  absl::StrAppend(&text, frame.http_1_0 ? "HTTP/1.0 " : "HTTP/1.1 ", response.status, " ");
  text.append(HttpReason(response.status)).append("\r\n");
  AppendLine("Date", DateText(frame.now), text);
  if (!frame.keep_alive) AppendLine("Connection", "close", text);
  if (frame.keep_alive && frame.http_1_0) AppendLine("Connection", "keep-alive", text);
  AppendLine("X-Content-Type-Options", "nosniff", text);
  for (const auto& [name, value] : response.headers) AppendLine(name, value, text);
  if (!response.content_type.empty()) AppendLine("Content-Type", response.content_type, text);
  if (HasLength(response.status)) {
    absl::StrAppend(&text, "Content-Length: ", response.body.size(), "\r\n");
  }
  text.append("\r\n");
  return text;
}

}  // namespace tally::query::http
