// Which web pages of other origins may read answers (CORS), by an allow-list.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "query/http/dispatch.h"
#include "query/http/message.h"

namespace tally::query::http {

// Immutable. Cookies and other ambient credentials are never allowed: a page sends a token of its
// own in Authorization.
class CorsPolicy {
 public:
  // Exact origins ("https://shop.example"), or the one element "*": any. Empty: none, and CORS is
  // not spoken at all.
  explicit CorsPolicy(std::vector<std::string> origins);

  // The answer to a preflight, which carries no credentials and so comes before authentication;
  // nullopt: it is none.
  std::optional<Response> Preflight(const RequestHead& head) const;
  // Adds what lets the page read the answer, whatever it is; and Vary, since another page would
  // get other headers.
  void Decorate(const RequestHead& head, Response& response) const;
  // The same as header lines; `origin` is empty where none was sent.
  void AppendLines(std::string_view origin, std::string& text) const;

 private:
  bool Allows(std::string_view origin) const;
  // Calls add(name, value) for each header of an answer.
  template <class Add>
  void ForEachHeader(std::string_view origin, const Add& add) const;

  const std::vector<std::string> origins_;
  const bool any_;
};

}  // namespace tally::query::http
