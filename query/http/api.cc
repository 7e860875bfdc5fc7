#include "query/http/api.h"

#include <utility>

#include "absl/status/statusor.h"
#include "query/http/problem_response.h"
#include "query/json.h"
#include "query/problem.h"
#include "query/views/rows.h"

namespace tally::query::http {
namespace {

using boost::asio::awaitable;

constexpr char kJson[] = "application/json";
constexpr char kPositionHeader[] = "Tally-Position";
constexpr char kCatchingUpHeader[] = "Tally-Catching-Up";

void AddContext(const std::string& position, bool catching_up, Response& response) {
  if (!position.empty()) response.headers.emplace_back(kPositionHeader, position);
  if (catching_up) response.headers.emplace_back(kCatchingUpHeader, "true");
}

Response FromStatus(const absl::Status& status) {
  Response response = ProblemResponse(status);
  const FailureContext context = GetFailureContext(status);
  AddContext(context.position, context.catching_up, response);
  return response;
}

template <class View>
Response FromAnswer(const Answer<View>& answer) {
  Response response;
  response.headers.emplace_back("ETag", answer.etag);
  response.headers.emplace_back("Cache-Control", "private, no-cache");
  AddContext(answer.position, answer.catching_up, response);
  if (!answer.view.has_value()) {
    response.status = 304;
    return response;
  }
  response.content_type = kJson;
  response.body = ToJson(*answer.view);
  return response;
}

template <class View>
awaitable<Response> Respond(const Aside& aside, awaitable<absl::StatusOr<Answer<View>>> operation) {
  const auto answer = co_await std::move(operation);
  if (!answer.ok()) co_return FromStatus(answer.status());
  const size_t rows = answer->view.has_value() ? RowsOf(*answer->view) : 0;
  if (!aside.IsFor(rows)) co_return FromAnswer(*answer);
  auto responding = aside.Do(rows, [&answer] { return FromAnswer(*answer); });
  auto response = co_await std::move(responding);
  co_return response;
}

query::Request ToOperation(Request request) {
  return {std::move(request.path.front()), std::move(request.query),
          std::move(request.min_position), std::move(request.if_none_match),
          std::move(request.viewer),       std::move(request.unreadable)};
}

template <class View>
Route MakeRoute(std::string path, Service& service,
                awaitable<absl::StatusOr<Answer<View>>> (Service::*operation)(query::Request)) {
  return {std::move(path), kJson, [&service, operation](Request request) -> awaitable<Response> {
            return Respond(service.aside(), (service.*operation)(ToOperation(std::move(request))));
          }};
}

template <class View>
Route MakeRoute(std::string path, Service& service,
                awaitable<absl::StatusOr<Answer<View>>> (Service::*operation)(Level,
                                                                              query::Request),
                Level level) {
  return {std::move(path), kJson,
          [&service, operation, level](Request request) -> awaitable<Response> {
            return Respond(service.aside(),
                           (service.*operation)(level, ToOperation(std::move(request))));
          }};
}

}  // namespace

std::vector<Route> ApiRoutes(Service& service) {
  const std::string event = "/api/v1/events/{eventId}/analytics";
  const std::string user = "/api/v1/users/{userId}/analytics";
  return {
      MakeRoute(event, service, &Service::GetEventDashboard),
      MakeRoute(event + "/channels", service, &Service::GetChannels, Level::kEvent),
      MakeRoute(event + "/roi", service, &Service::GetRoi, Level::kEvent),
      MakeRoute(event + "/timeline", service, &Service::GetTimeline, Level::kEvent),
      MakeRoute(user, service, &Service::GetUserDashboard),
      MakeRoute(user + "/channels", service, &Service::GetChannels, Level::kUser),
      MakeRoute(user + "/roi", service, &Service::GetRoi, Level::kUser),
      MakeRoute(user + "/timeline", service, &Service::GetTimeline, Level::kUser),
  };
}

}  // namespace tally::query::http
