// The gRPC adapter of the service: the methods of tally.v1.QueryService.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <string_view>

#include "absl/status/statusor.h"
#include "query/authenticator.h"
#include "query/grpc/call.h"
#include "query/grpc/gate.h"
#include "query/grpc/observation.h"
#include "query/service.h"
#include "tally/v1/query.grpc.pb.h"

namespace tally::query::rpc {

// Methods run on gRPC's threads just long enough to decide who asks and whether there is room; the
// rest runs on `executor`. Everything handed in must outlive all calls; a null `authenticator` asks
// nobody.
class QueryService final : public v1::QueryService::CallbackService {
 public:
  QueryService(query::Service& service, const Authenticator* authenticator, Gate& gate,
               Observers observers, boost::asio::any_io_executor executor);

  using Context = ::grpc::CallbackServerContext;
  using Reactor = ::grpc::ServerUnaryReactor;

  Reactor* GetEventDashboard(Context* context, const v1::GetEventDashboardRequest* request,
                             v1::GetEventDashboardResponse* response) override;
  Reactor* GetEventChannels(Context* context, const v1::GetEventChannelsRequest* request,
                            v1::GetEventChannelsResponse* response) override;
  Reactor* GetEventRoi(Context* context, const v1::GetEventRoiRequest* request,
                       v1::GetEventRoiResponse* response) override;
  Reactor* GetEventTimeline(Context* context, const v1::GetEventTimelineRequest* request,
                            v1::GetEventTimelineResponse* response) override;
  Reactor* GetUserDashboard(Context* context, const v1::GetUserDashboardRequest* request,
                            v1::GetUserDashboardResponse* response) override;
  Reactor* GetUserChannels(Context* context, const v1::GetUserChannelsRequest* request,
                           v1::GetUserChannelsResponse* response) override;
  Reactor* GetUserRoi(Context* context, const v1::GetUserRoiRequest* request,
                      v1::GetUserRoiResponse* response) override;
  Reactor* GetUserTimeline(Context* context, const v1::GetUserTimelineRequest* request,
                           v1::GetUserTimelineResponse* response) override;

 private:
  // `operation(request)` makes the awaitable of the answer.
  template <class RequestMessage, class ResponseMessage, class Operation>
  Reactor* Start(Context* context, std::string_view method, const RequestMessage* message,
                 ResponseMessage* response, const Operation& operation);
  absl::StatusOr<Viewer> ViewerOf(const Context& context) const;
  Reactor* Refuse(Context* context, const Observation& observation, const absl::Status& why);

  query::Service& service_;
  const Authenticator* const authenticator_;
  Gate& gate_;
  const Observers observers_;
  const boost::asio::any_io_executor executor_;
};

}  // namespace tally::query::rpc
