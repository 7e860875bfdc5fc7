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

}  // namespace

void AppendBeginning(int status, const AnswerFrame& frame, std::string& text) {
  absl::StrAppend(&text, frame.http_1_0 ? "HTTP/1.0 " : "HTTP/1.1 ", status, " ");
  text.append(HttpReason(status)).append("\r\n");
  AppendLine("Date", DateText(frame.now), text);
  if (!frame.keep_alive) AppendLine("Connection", "close", text);
  if (frame.keep_alive && frame.http_1_0) AppendLine("Connection", "keep-alive", text);
  AppendLine("X-Content-Type-Options", "nosniff", text);
}

void AppendLine(std::string_view name, std::string_view value, std::string& text) {
  text.append(name).append(": ").append(value).append("\r\n");
}

void AppendEnd(int status, std::string_view content_type, size_t body_bytes, std::string& text) {
  if (!content_type.empty()) AppendLine("Content-Type", content_type, text);
  if (HasLength(status)) absl::StrAppend(&text, "Content-Length: ", body_bytes, "\r\n");
  text.append("\r\n");
}

std::string HeadText(const Response& response, const AnswerFrame& frame) {
  std::string text;
  text.reserve(512);
  AppendBeginning(response.status, frame, text);
  for (const auto& [name, value] : response.headers) AppendLine(name, value, text);
  AppendEnd(response.status, response.content_type, response.body.size(), text);
  return text;
}

}  // namespace tally::query::http
