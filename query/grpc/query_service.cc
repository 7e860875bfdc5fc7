#include "query/grpc/query_service.h"

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "query/grpc/convert.h"
#include "query/grpc/status.h"
#include "query/problem.h"
#include "query/views/rows.h"

namespace tally::query::rpc {
namespace {

using boost::asio::awaitable;

constexpr char kAuthorization[] = "authorization";

// gRPC keeps `response` until the call is done, which is after this.
template <class View, class ResponseMessage>
awaitable<absl::Status> Respond(const Aside& aside,
                                awaitable<absl::StatusOr<Answer<View>>> operation,
                                ResponseMessage* response) {
  const auto answer = co_await std::move(operation);
  if (!answer.ok()) co_return answer.status();
  const size_t rows = answer->view.has_value() ? RowsOf(*answer->view) : 0;
  auto filling = aside.Do(rows, [&answer, response] {
    FillResponse(*answer, response);
    return absl::OkStatus();
  });
  absl::Status status = co_await std::move(filling);
  co_return status;
}

}  // namespace

QueryService::QueryService(query::Service& service, const Authenticator* authenticator, Gate& gate,
                           Observers observers, boost::asio::any_io_executor executor)
    : service_(service),
      authenticator_(authenticator),
      gate_(gate),
      observers_(observers),
      executor_(std::move(executor)) {}

absl::StatusOr<Viewer> QueryService::ViewerOf(const Context& context) const {
  if (authenticator_ == nullptr) return Viewer();
  std::vector<std::string_view> values;
  const auto [begin, end] = context.client_metadata().equal_range(kAuthorization);
  for (auto entry = begin; entry != end; ++entry) {
    values.emplace_back(entry->second.data(), entry->second.size());
  }
  return authenticator_->Authenticate(values);
}

QueryService::Reactor* QueryService::Refuse(Context* context, const Observation& observation,
                                            const absl::Status& why) {
  const ProblemKind& kind = ProblemKindOf(why.code());
  observation.End(kind.grpc_status, kind.http_status, 0);
  Reactor* reactor = context->DefaultReactor();
  reactor->Finish(ToGrpcStatus(why));
  return reactor;
}

template <class RequestMessage, class ResponseMessage, class Operation>
QueryService::Reactor* QueryService::Start(Context* context, std::string_view method,
                                           const RequestMessage* message, ResponseMessage* response,
                                           const Operation& operation) {
  Request request = ToRequest(*message);
  const auto observation =
      std::make_shared<const Observation>(observers_, *context, method, request.id);
  absl::StatusOr<Viewer> viewer = ViewerOf(*context);
  if (!viewer.ok()) return Refuse(context, *observation, viewer.status());
  if (absl::Status entered = gate_.Enter(); !entered.ok()) {
    return Refuse(context, *observation, entered);
  }
  request.viewer = *std::move(viewer);
  Call::Events events;
  events.answered = [observation, response](const Call::Outcome& outcome) {
    const bool ok = outcome.grpc_status == absl::StatusCode::kOk;
    observation->End(outcome.grpc_status, response->not_modified() ? 304 : outcome.http_status,
                     ok ? response->ByteSizeLong() : 0);
  };
  events.done = [this] { gate_.Leave(); };
  return Call::Start(executor_, Respond(service_.aside(), operation(std::move(request)), response),
                     std::move(events));
}

QueryService::Reactor* QueryService::GetEventDashboard(Context* context,
                                                       const v1::GetEventDashboardRequest* request,
                                                       v1::GetEventDashboardResponse* response) {
  return Start(context, "GetEventDashboard", request, response,
               [this](Request asked) { return service_.GetEventDashboard(std::move(asked)); });
}

QueryService::Reactor* QueryService::GetEventChannels(Context* context,
                                                      const v1::GetEventChannelsRequest* request,
                                                      v1::GetEventChannelsResponse* response) {
  return Start(context, "GetEventChannels", request, response, [this](Request asked) {
    return service_.GetChannels(Level::kEvent, std::move(asked));
  });
}

QueryService::Reactor* QueryService::GetEventRoi(Context* context,
                                                 const v1::GetEventRoiRequest* request,
                                                 v1::GetEventRoiResponse* response) {
  return Start(context, "GetEventRoi", request, response,
               [this](Request asked) { return service_.GetRoi(Level::kEvent, std::move(asked)); });
}

QueryService::Reactor* QueryService::GetEventTimeline(Context* context,
                                                      const v1::GetEventTimelineRequest* request,
                                                      v1::GetEventTimelineResponse* response) {
  return Start(context, "GetEventTimeline", request, response, [this](Request asked) {
    return service_.GetTimeline(Level::kEvent, std::move(asked));
  });
}

QueryService::Reactor* QueryService::GetUserDashboard(Context* context,
                                                      const v1::GetUserDashboardRequest* request,
                                                      v1::GetUserDashboardResponse* response) {
  return Start(context, "GetUserDashboard", request, response,
               [this](Request asked) { return service_.GetUserDashboard(std::move(asked)); });
}

QueryService::Reactor* QueryService::GetUserChannels(Context* context,
                                                     const v1::GetUserChannelsRequest* request,
                                                     v1::GetUserChannelsResponse* response) {
  return Start(context, "GetUserChannels", request, response, [this](Request asked) {
    return service_.GetChannels(Level::kUser, std::move(asked));
  });
}

QueryService::Reactor* QueryService::GetUserRoi(Context* context,
                                                const v1::GetUserRoiRequest* request,
                                                v1::GetUserRoiResponse* response) {
  return Start(context, "GetUserRoi", request, response,
               [this](Request asked) { return service_.GetRoi(Level::kUser, std::move(asked)); });
}

QueryService::Reactor* QueryService::GetUserTimeline(Context* context,
                                                     const v1::GetUserTimelineRequest* request,
                                                     v1::GetUserTimelineResponse* response) {
  return Start(context, "GetUserTimeline", request, response, [this](Request asked) {
    return service_.GetTimeline(Level::kUser, std::move(asked));
  });
}

}  // namespace tally::query::rpc
