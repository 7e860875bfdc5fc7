#include "query/http/api.h"

#include <functional>
#include <optional>
#include <utility>

#include "absl/status/statusor.h"
#include "query/etag.h"
#include "query/http/answer_cache.h"
#include "query/http/metrics.h"
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

Response Frame(const std::string& etag, const std::string& position, bool catching_up) {
  Response response;
  response.headers.reserve(5);
  response.headers.emplace_back("ETag", etag);
  response.headers.emplace_back("Cache-Control", "private, no-cache");
  AddContext(position, catching_up, response);
  return response;
}

template <class View>
Response FromAnswer(const Answer<View>& answer) {
  Response response = Frame(answer.etag, answer.position, answer.catching_up);
  if (!answer.view.has_value()) {
    response.status = 304;
    return response;
  }
  response.content_type = kJson;
  response.body = ToJson(*answer.view);
  return response;
}

query::Request ToOperation(Request request) {
  return {std::move(request.path.front()), std::move(request.query),
          std::move(request.min_position), std::move(request.if_none_match),
          std::move(request.viewer),       std::move(request.unreadable)};
}

// What every route works with.
struct Api {
  Service& service;
  AnswerCache* cache;
  Metrics* metrics;
};

std::optional<Response> KeptResponse(const Api& api, const std::string& key,
                                     const Request& request) {
  const auto kept = api.cache->Find(key);
  if (kept == nullptr) return std::nullopt;
  const auto stands = api.service.Confirm(kept->validity, request.min_position);
  if (!stands) return std::nullopt;
  if (api.metrics != nullptr) api.metrics->AnswerReused();
  Response response = Frame(kept->etag, stands->position, stands->catching_up);
  if (request.if_none_match.has_value() && MatchesEtag(*request.if_none_match, kept->etag)) {
    response.status = 304;
    return response;
  }
  response.content_type = kJson;
  response.body = kept->body;
  return response;
}

template <class View>
using Operation = std::function<awaitable<absl::StatusOr<Answer<View>>>(query::Request)>;

template <class View>
awaitable<Response> AnswerRequest(const Api& api, const Operation<View>& operation,
                                  Request request) {
  std::string key;
  if (api.cache != nullptr) key = AnswerCache::KeyOf(request);
  if (!key.empty()) {
    if (auto kept = KeptResponse(api, key, request)) co_return *std::move(kept);
  }
  query::Request asked = ToOperation(std::move(request));
  auto answering = operation(std::move(asked));
  auto answer = co_await std::move(answering);
  if (!answer.ok()) co_return FromStatus(answer.status());
  const auto respond = [&answer] { return FromAnswer(*answer); };
  Response response;
  const size_t rows = answer->view.has_value() ? RowsOf(*answer->view) : 0;
  if (const Aside& aside = api.service.aside(); aside.IsFor(rows)) {
    auto responding = aside.Do(rows, respond);
    response = co_await std::move(responding);
  } else {
    response = respond();
  }
  if (key.empty()) co_return response;
  if (response.status == 200) {
    api.cache->Keep(std::move(key), {answer->etag, response.body, std::move(answer->validity)});
  } else if (const auto kept = api.cache->Find(key);
             kept != nullptr && kept->etag == answer->etag) {
    api.cache->Keep(std::move(key), {kept->etag, kept->body, std::move(answer->validity)});
  }
  co_return response;
}

template <class View>
Route MakeRoute(std::string path, const Api& api, Operation<View> operation) {
  return {std::move(path), kJson, [api, operation = std::move(operation)](Request request) {
            return AnswerRequest(api, operation, std::move(request));
          }};
}

template <class View>
Route MakeRoute(std::string path, const Api& api,
                awaitable<absl::StatusOr<Answer<View>>> (Service::*operation)(query::Request)) {
  return MakeRoute<View>(std::move(path), api, [api, operation](query::Request request) {
    return (api.service.*operation)(std::move(request));
  });
}

template <class View>
Route MakeRoute(std::string path, const Api& api,
                awaitable<absl::StatusOr<Answer<View>>> (Service::*operation)(Level,
                                                                              query::Request),
                Level level) {
  return MakeRoute<View>(std::move(path), api, [api, operation, level](query::Request request) {
    return (api.service.*operation)(level, std::move(request));
  });
}

}  // namespace

std::vector<Route> ApiRoutes(Service& service, AnswerCache* cache, Metrics* metrics) {
  const Api api{service, cache, metrics};
  const std::string event = "/api/v1/events/{eventId}/analytics";
  const std::string user = "/api/v1/users/{userId}/analytics";
  return {
      MakeRoute(event, api, &Service::GetEventDashboard),
      MakeRoute(event + "/channels", api, &Service::GetChannels, Level::kEvent),
      MakeRoute(event + "/roi", api, &Service::GetRoi, Level::kEvent),
      MakeRoute(event + "/timeline", api, &Service::GetTimeline, Level::kEvent),
      MakeRoute(user, api, &Service::GetUserDashboard),
      MakeRoute(user + "/channels", api, &Service::GetChannels, Level::kUser),
      MakeRoute(user + "/roi", api, &Service::GetRoi, Level::kUser),
      MakeRoute(user + "/timeline", api, &Service::GetTimeline, Level::kUser),
  };
}

}  // namespace tally::query::http
