#include "query/http/documentation.h"

#include <memory>
#include <string>
#include <utility>

#include "absl/strings/str_replace.h"
#include "query/etag.h"
#include "query/openapi/documents.h"

namespace tally::query::http {
namespace {

using boost::asio::awaitable;
using Headers = std::vector<std::pair<std::string, std::string>>;

// Nothing but what this server serves under /docs; the form of an operation asks this server.
constexpr char kPagePolicy[] =
    "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src data:; "
    "base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'";

absl::string_view View(std::string_view text) { return {text.data(), text.size()}; }

struct Document {
  std::string content_type;
  std::string body;
  Headers headers;
  std::string etag;
};

Route MakeRoute(std::string path, std::string produces, std::string content_type, std::string body,
                Headers headers = {}) {
  auto document = std::make_shared<Document>();
  document->etag = EtagBuilder(path, body, "").Build();
  document->content_type = std::move(content_type);
  document->body = std::move(body);
  document->headers = std::move(headers);
  document->headers.emplace_back("ETag", document->etag);
  document->headers.emplace_back("Cache-Control", "no-cache");
  return {std::move(path), std::move(produces),
          [document](Request request) -> awaitable<Response> {
            Response response;
            response.headers = document->headers;
            if (request.if_none_match && MatchesEtag(*request.if_none_match, document->etag)) {
              response.status = 304;
              co_return response;
            }
            response.content_type = document->content_type;
            response.body = document->body;
            co_return response;
          },
          Access::kAnybody};
}

std::string OpenApiJson(bool needs_token) {
  return absl::StrReplaceAll(
      View(kOpenApiJson),
      {{View(kSecurityOptional), View(needs_token ? kSecurityBearer : kSecurityNone)}});
}

}  // namespace

std::vector<Route> DocumentationRoutes(bool needs_token) {
  return {
      MakeRoute("/openapi.json", "application/json", "application/json", OpenApiJson(needs_token)),
      MakeRoute("/docs", "text/html", "text/html; charset=utf-8", std::string(kDocsHtml),
                {{"Content-Security-Policy", kPagePolicy}, {"Referrer-Policy", "no-referrer"}}),
      MakeRoute("/docs/style.css", "text/css", "text/css; charset=utf-8", std::string(kDocsCss)),
      MakeRoute("/docs/script.js", "text/javascript", "text/javascript; charset=utf-8",
                std::string(kDocsScript)),
  };
}

}  // namespace tally::query::http
