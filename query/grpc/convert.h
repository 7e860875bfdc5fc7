// The messages of tally/v1/query.proto in the words of service.h, and back.
#pragma once

#include "query/service.h"
#include "tally/v1/query.pb.h"

namespace tally::query::rpc {

// What is asked, with the names and texts that HTTP has for it; nothing is checked. Instantiated
// for every request of the service. min_position, if_none_match and the id are in their places; the
// viewer is left as it is.
template <class RequestMessage>
Request ToRequest(const RequestMessage& message);

// Counts beyond int64 are cut to it.
void Fill(const EventDashboard& view, v1::EventDashboard* message);
void Fill(const UserDashboard& view, v1::UserDashboard* message);
void Fill(const ChannelsView& view, v1::ChannelAnalytics* message);
void Fill(const RoiView& view, v1::RoiAnalytics* message);
void Fill(const TimelineView& view, v1::TimelineAnalytics* message);

template <class View, class ResponseMessage>
void FillResponse(const Answer<View>& answer, ResponseMessage* response) {
  response->set_position(answer.position);
  response->set_etag(answer.etag);
  response->set_catching_up(answer.catching_up);
  response->set_not_modified(!answer.view.has_value());
  if (answer.view.has_value()) Fill(*answer.view, response->mutable_content());
}

// The name of a parameter of the service ("startDate", "Tally-Min-Position") as the field of a
// request has it ("start_date", "min_position").
std::string FieldName(std::string_view parameter);

}  // namespace tally::query::rpc
