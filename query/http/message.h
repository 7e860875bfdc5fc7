// Requests and responses as handlers see them: plain values, nothing of Beast.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "query/problem.h"
#include "query/viewer.h"

namespace tally::query::http {

struct Request {
  std::string route;                                       // the template that matched
  std::string target;                                      // as sent
  std::vector<std::string> path;                           // decoded values of its {…} segments
  std::vector<std::pair<std::string, std::string>> query;  // decoded, in the order sent
  std::string min_position;                                // Tally-Min-Position, joined by commas
  std::optional<std::string> if_none_match;                // joined by commas
  // What is no percent-encoded text, or no position; it stands in `path` and `query` as sent.
  std::vector<ParameterError> unreadable;
  Viewer viewer;  // sees all on routes for anybody, and where nobody is asked who they are
};

struct Response {
  int status = 200;
  std::string content_type;
  std::vector<std::pair<std::string, std::string>> headers;  // beyond those that every answer has
  std::string body;
};

// Runs on the session's executor; must be bounded in time. GET only: HEAD is a GET whose body the
// session leaves out.
using Handler = std::function<boost::asio::awaitable<Response>(Request)>;

enum class Access : uint8_t {
  kViewer,   // who cannot prove who they are is answered 401, before anything else is looked at
  kAnybody,  // nobody is asked (probes, documentation): what is answered is no secret
};

// One line of the table of routes.
struct Route {
  // Absolute path; a segment in braces takes any one non-empty segment and names it in errors,
  // e.g. "/api/v1/events/{eventId}/analytics". No two routes may match one path.
  std::string path;
  // Media type of its answers; a request whose Accept excludes it is answered 406. Empty: Accept
  // is not looked at (probes, metrics).
  std::string produces;
  Handler handler;
  Access access = Access::kViewer;
  bool logged = true;  // false: asked again and again by machines, left out of the access log
};

}  // namespace tally::query::http
