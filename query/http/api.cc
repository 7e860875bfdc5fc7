#include "query/http/api.h"

#include <functional>
#include <optional>
#include <utility>

#include "absl/status/statusor.h"
#include "query/etag.h"
#include "query/http/accept.h"
#include "query/http/answer_cache.h"
#include "query/http/metrics.h"
#include "query/http/problem_response.h"
#include "query/http/response_text.h"
#include "query/json.h"
#include "query/problem.h"
#include "query/views/rows.h"

namespace tally::query::http {
namespace {

using boost::asio::awaitable;

constexpr char kJson[] = "application/json";
constexpr char kCacheControl[] = "private, no-cache";
constexpr char kPositionHeader[] = "Tally-Position";
constexpr char kCatchingUpHeader[] = "Tally-Catching-Up";

// Of Tally-Min-Position: there is no entry.
bool NamesNone(std::string_view min_position) {
  return min_position.find_first_not_of(", \t") == std::string_view::npos;
}

void AppendFrame(std::string_view etag, std::string_view position, bool catching_up,
                 std::string& lines) {
  AppendLine("ETag", etag, lines);
  AppendLine("Cache-Control", kCacheControl, lines);
  if (!position.empty()) AppendLine(kPositionHeader, position, lines);
  if (catching_up) AppendLine(kCatchingUpHeader, "true", lines);
}

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
  response.headers.emplace_back("Cache-Control", kCacheControl);
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
  std::string_view route = {};
};

std::optional<Response> KeptResponse(const Api& api, const std::string& key,
                                     const Request& request) {
  if (!request.unreadable.empty()) return std::nullopt;
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
  if (api.cache != nullptr) key = AnswerCache::KeyOf(request.target, request.viewer);
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
    api.cache->Keep(std::move(key),
                    {api.route, answer->etag, response.body, std::move(answer->validity)});
  } else if (const auto kept = api.cache->Find(key);
             kept != nullptr && kept->etag == answer->etag) {
    api.cache->Keep(std::move(key),
                    {api.route, kept->etag, kept->body, std::move(answer->validity)});
  }
  co_return response;
}

template <class View>
Route MakeRoute(const char* path, Api api, Operation<View> operation) {
  api.route = path;
  return {path, kJson, [api, operation = std::move(operation)](Request request) {
            return AnswerRequest(api, operation, std::move(request));
          }};
}

template <class View>
Route MakeRoute(const char* path, const Api& api,
                awaitable<absl::StatusOr<Answer<View>>> (Service::*operation)(query::Request)) {
  return MakeRoute<View>(path, api, [api, operation](query::Request request) {
    return (api.service.*operation)(std::move(request));
  });
}

template <class View>
Route MakeRoute(const char* path, const Api& api,
                awaitable<absl::StatusOr<Answer<View>>> (Service::*operation)(Level,
                                                                              query::Request),
                Level level) {
  return MakeRoute<View>(path, api, [api, operation, level](query::Request request) {
    return (api.service.*operation)(level, std::move(request));
  });
}

class KeptAnswers final : public ReadyAnswers {
 public:
  KeptAnswers(const Service& service, AnswerCache& cache, Metrics* metrics)
      : service_(service), cache_(cache), metrics_(metrics) {}

  std::optional<Ready> Find(const PlainHead& head, const Viewer& viewer,
                            std::string& lines) override {
    auto kept = viewer.SeesAll() ? cache_.Find(head.target)
                                 : cache_.Find(AnswerCache::KeyOf(head.target, viewer));
    if (kept == nullptr) return std::nullopt;
    if (!head.accept.empty() && !Accepts(head.accept, kJson)) return std::nullopt;
    if (!head.min_position.empty() && NamesNone(head.min_position)) return std::nullopt;
    const bool same = !head.if_none_match.empty() && MatchesEtag(head.if_none_match, kept->etag);
    if (!same && kept->body.size() > kReadyBodyBytesMax) return std::nullopt;
    const auto stands = service_.Confirm(kept->validity, head.min_position);
    if (!stands.has_value()) return std::nullopt;
    if (metrics_ != nullptr) metrics_->AnswerReused();
    AppendFrame(kept->etag, stands->position, stands->catching_up, lines);
    Ready ready{.route = kept->route};
    if (metrics_ != nullptr) ready.metrics = &metrics_->Of(kept->route);
    if (same) {
      ready.status = 304;
    } else {
      ready.content_type = kJson;
      ready.body = kept->body;
    }
    ready.owner = std::move(kept);
    return ready;
  }

 private:
  const Service& service_;
  AnswerCache& cache_;
  Metrics* const metrics_;
};

}  // namespace

std::vector<Route> ApiRoutes(Service& service, AnswerCache* cache, Metrics* metrics) {
  const Api api{service, cache, metrics};
  return {
      MakeRoute("/api/v1/events/{eventId}/analytics", api, &Service::GetEventDashboard),
      MakeRoute("/api/v1/events/{eventId}/analytics/channels", api, &Service::GetChannels,
                Level::kEvent),
      MakeRoute("/api/v1/events/{eventId}/analytics/roi", api, &Service::GetRoi, Level::kEvent),
      MakeRoute("/api/v1/events/{eventId}/analytics/timeline", api, &Service::GetTimeline,
                Level::kEvent),
      MakeRoute("/api/v1/users/{userId}/analytics", api, &Service::GetUserDashboard),
      MakeRoute("/api/v1/users/{userId}/analytics/channels", api, &Service::GetChannels,
                Level::kUser),
      MakeRoute("/api/v1/users/{userId}/analytics/roi", api, &Service::GetRoi, Level::kUser),
      MakeRoute("/api/v1/users/{userId}/analytics/timeline", api, &Service::GetTimeline,
                Level::kUser),
  };
}

std::unique_ptr<ReadyAnswers> MakeReadyAnswers(const Service& service, AnswerCache& cache,
                                               Metrics* metrics) {
  return std::make_unique<KeptAnswers>(service, cache, metrics);
}

}  // namespace tally::query::http
