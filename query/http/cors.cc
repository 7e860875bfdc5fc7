#include "query/http/cors.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "query/http/problem_response.h"
#include "query/http/response_text.h"
#include "query/problem.h"

namespace tally::query::http {
namespace {

using Field = boost::beast::http::field;

constexpr char kMethods[] = "GET, HEAD";
constexpr char kRequestHeaders[] =
    "Authorization, If-None-Match, Tally-Min-Position, traceparent, tracestate";
constexpr char kAnswerHeaders[] =
    "ETag, Retry-After, Tally-Catching-Up, Tally-Position, WWW-Authenticate, traceparent";
constexpr char kMaxAgeSeconds[] = "7200";  // Chromium's limit

std::string_view OriginOf(const RequestHead& head) {
  // Browsers send one; of several, none is taken for the page's.
  if (head.count(Field::origin) != 1) return {};
  const auto origin = head[Field::origin];
  return {origin.data(), origin.size()};
}

}  // namespace

CorsPolicy::CorsPolicy(std::vector<std::string> origins)
    : origins_(std::move(origins)), any_(origins_ == std::vector<std::string>{"*"}) {}

bool CorsPolicy::Allows(std::string_view origin) const {
  if (origin.empty()) return false;
  return any_ || std::find(origins_.begin(), origins_.end(), origin) != origins_.end();
}

std::optional<Response> CorsPolicy::Preflight(const RequestHead& head) const {
  if (origins_.empty() || head.method() != boost::beast::http::verb::options) return std::nullopt;
  if (head.count(Field::access_control_request_method) == 0) return std::nullopt;
  const std::string_view origin = OriginOf(head);
  if (origin.empty()) return std::nullopt;
  if (!Allows(origin)) {
    return ProblemResponse(
        403, "origin_not_allowed",
        absl::StrCat("pages of ", Shown(origin), " may not read answers: it is no --cors-origin"));
  }
  Response response;
  response.status = 204;
  response.headers = {{"Access-Control-Allow-Methods", kMethods},
                      {"Access-Control-Allow-Headers", kRequestHeaders},
                      {"Access-Control-Max-Age", kMaxAgeSeconds}};
  return response;
}

template <class Add>
void CorsPolicy::ForEachHeader(std::string_view origin, const Add& add) const {
  if (origins_.empty()) return;
  if (!any_) add("Vary", "Origin");
  if (!Allows(origin)) return;
  add("Access-Control-Allow-Origin", any_ ? "*" : origin);
  add("Access-Control-Expose-Headers", kAnswerHeaders);
}

void CorsPolicy::Decorate(const RequestHead& head, Response& response) const {
  ForEachHeader(OriginOf(head), [&](std::string_view name, std::string_view value) {
    response.headers.emplace_back(name, value);
  });
}

void CorsPolicy::AppendLines(std::string_view origin, std::string& text) const {
  ForEachHeader(origin, [&](std::string_view name, std::string_view value) {
    AppendLine(name, value, text);
  });
}

}  // namespace tally::query::http
