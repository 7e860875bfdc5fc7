#include "query/http/problem_response.h"

#include <string>

namespace tally::query::http {
namespace {

Response Problem(int status, std::string body) {
  Response response;
  response.status = status;
  response.content_type = kProblemMediaType;
  response.headers.emplace_back("Cache-Control", "private, no-cache");
  response.body = std::move(body);
  return response;
}

}  // namespace

Response ProblemResponse(const absl::Status& status) {
  const ProblemKind& kind = ProblemKindOf(status.code());
  Response response = Problem(kind.http_status, ProblemJson(status));
  if (kind.retry_after_seconds > 0) {
    response.headers.emplace_back("Retry-After", std::to_string(kind.retry_after_seconds));
  }
  return response;
}

Response ProblemResponse(int http_status, std::string_view code, std::string_view detail) {
  return Problem(http_status, ProblemJson(http_status, code, detail));
}

}  // namespace tally::query::http
