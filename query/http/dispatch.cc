#include "query/http/dispatch.h"

#include <exception>
#include <string_view>
#include <utility>

#include "query/http/accept.h"
#include "query/http/head_check.h"
#include "query/http/problem_response.h"
#include "query/http/uri.h"
#include "query/problem.h"

namespace tally::query::http {
namespace {

namespace beast = boost::beast;
using boost::asio::awaitable;
using Field = beast::http::field;
using Verb = beast::http::verb;

constexpr char kMinPositionHeader[] = "Tally-Min-Position";

std::string_view View(beast::string_view text) { return {text.data(), text.size()}; }

// All values of a list header, joined by commas; nullopt: there is none.
std::optional<std::string> Joined(const RequestHead& head, beast::string_view name) {
  std::optional<std::string> joined;
  const auto [begin, end] = head.equal_range(name);
  for (auto field = begin; field != end; ++field) {
    if (joined.has_value()) *joined += ", ";
    joined = joined.value_or("") + std::string(View(field->value()));
  }
  return joined;
}

Response Malformed(std::string_view detail) {
  return ProblemResponse(400, "malformed_request", detail);
}

Response MethodNotAllowed() {
  Response response = ProblemResponse(405, "method_not_allowed", "allowed here: GET, HEAD");
  response.headers.emplace_back("Allow", "GET, HEAD");
  return response;
}

Response NoRoute(std::string_view path) {
  return ProblemResponse(404, "unknown_route", "there is nothing at " + Shown(path));
}

Response TooLongTarget(size_t bytes_max) {
  return ProblemResponse(
      414, "uri_too_long",
      "the request target is limited to " + std::to_string(bytes_max) + " bytes");
}

Response NotAcceptable(const Route& route) {
  return ProblemResponse(406, "not_acceptable", "answers here are " + route.produces);
}

// Who asks, or why they get no answer.
std::optional<Response> Recognise(const RequestHead& head, const Authenticator& authenticator,
                                  Viewer& viewer) {
  std::vector<std::string_view> values;
  const auto [begin, end] = head.equal_range(Field::authorization);
  for (auto field = begin; field != end; ++field) values.push_back(View(field->value()));
  auto recognised = authenticator.Authenticate(values);
  if (recognised.ok()) {
    viewer = *std::move(recognised);
    return std::nullopt;
  }
  Response response = ProblemResponse(recognised.status());
  if (absl::IsUnauthenticated(recognised.status())) {
    response.headers.emplace_back("WWW-Authenticate", ChallengeOf(recognised.status()));
  }
  return response;
}

// The header asks for something: without a single entry it would ask for nothing, silently.
std::string ReadMinPosition(const std::string& value, std::vector<ParameterError>& errors) {
  if (value.find_first_not_of(", \t") == std::string::npos) {
    errors.push_back({kMinPositionHeader, value,
                      "one or more positions: a Tally-Position of an answer, or "
                      "topic/partition@nextOffset"});
    return "";
  }
  return value;
}

// The request as the route's handler gets it, or why it does not.
std::optional<Response> Prepare(const RequestHead& head, const Target& target, Router::Match match,
                                Request& request) {
  const Route& route = *match.route;
  if (head.method() != Verb::get && head.method() != Verb::head) return MethodNotAllowed();
  if (!route.produces.empty() && !Accepts(Joined(head, "Accept").value_or(""), route.produces)) {
    return NotAcceptable(route);
  }
  request.unreadable = std::move(match.errors);
  request.query = ParseQuery(target.query, request.unreadable);
  request.route = route.path;
  request.target = View(head.target());
  request.path = std::move(match.path);
  if (const auto position = Joined(head, kMinPositionHeader); position.has_value()) {
    request.min_position = ReadMinPosition(*position, request.unreadable);
  }
  request.if_none_match = Joined(head, "If-None-Match");
  return std::nullopt;
}

}  // namespace

std::optional<Response> RefuseFraming(const RequestHead& head) {
  const size_t lengths = head.count(Field::content_length);
  if (lengths > 1 || View(head[Field::content_length]).find(',') != std::string_view::npos) {
    return Malformed("more than one Content-Length");
  }
  const size_t encodings = head.count(Field::transfer_encoding);
  if (encodings > 0 && lengths > 0) {
    return Malformed("both Transfer-Encoding and Content-Length");
  }
  if (encodings > 1 ||
      (encodings == 1 && !beast::iequals(head[Field::transfer_encoding], "chunked"))) {
    return Malformed("Transfer-Encoding must be exactly: chunked");
  }
  if (encodings == 1 && head.version() < 11) {
    return Malformed("Transfer-Encoding needs HTTP/1.1");
  }
  const size_t hosts = head.count(Field::host);
  if (hosts > 1) return Malformed("more than one Host");
  if (hosts == 0 && head.version() >= 11) return Malformed("no Host");
  if (!IsHost(View(head[Field::host]))) return Malformed("malformed Host");
  return std::nullopt;
}

Dispatcher::Dispatcher(std::vector<Route> routes, size_t target_bytes_max,
                       const Authenticator* authenticator)
    : router_(std::move(routes)),
      target_bytes_max_(target_bytes_max),
      authenticator_(authenticator) {}

awaitable<Dispatched> Dispatcher::Dispatch(const RequestHead& head) const {
  Dispatched done;
  const std::string_view raw_target = View(head.target());
  if (raw_target.size() > target_bytes_max_) {
    done.response = TooLongTarget(target_bytes_max_);
    co_return done;
  }
  const std::optional<Target> target = SplitTarget(raw_target);
  if (!target.has_value()) {
    done.response = Malformed("the request target is not a path");
    co_return done;
  }
  Router::Match match = router_.Find(target->path);
  if (match.route == nullptr) {
    done.response = NoRoute(target->path);
    co_return done;
  }
  const Route& route = *match.route;
  done.route = route.path;
  done.logged = route.logged;
  Request request;
  std::optional<Response> refused;
  if (authenticator_ != nullptr && route.access == Access::kViewer) {
    refused = Recognise(head, *authenticator_, request.viewer);
  }
  if (!refused.has_value()) refused = Prepare(head, *target, std::move(match), request);
  if (refused.has_value()) {
    done.response = *std::move(refused);
    co_return done;
  }
  try {
    awaitable<Response> answering = route.handler(std::move(request));
    done.response = co_await std::move(answering);
  } catch (const std::exception& error) {
    done.response = ProblemResponse(absl::InternalError(error.what()));
  }
  co_return done;
}

}  // namespace tally::query::http
