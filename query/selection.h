// The parameters beside the period: what is listed, in which order, in which steps. Like
// Parameters, all of these append what is wrong to its errors.
#pragma once

#include <string>
#include <vector>

#include "query/calendar.h"
#include "query/parameters.h"
#include "query/views/channels.h"
#include "query/views/user_dashboard.h"

namespace tally::query {

inline constexpr std::string_view kUserDashboardParameters[] = {
    "startDate", "endDate", "timezone", "page", "size", "sortBy", "order"};
inline constexpr std::string_view kChannelsParameters[] = {"startDate", "endDate", "timezone",
                                                           "sortBy", "order"};
inline constexpr std::string_view kRoiParameters[] = {"timezone"};
inline constexpr std::string_view kTimelineParameters[] = {"startDate", "endDate", "timezone",
                                                           "interval"};
inline constexpr std::string_view kChannelParameter[] = {"channel"};  // repeatable

// The values of sortBy and order, in the order of their enums; kIntervalNames are those of
// interval.
inline constexpr std::string_view kChannelSortNames[] = {"impressions",        "participants",
                                                         "conversionRate",     "distributionCost",
                                                         "costPerAcquisition", "channel"};
inline constexpr std::string_view kEventSortNames[] = {"participants", "totalViews",
                                                       "engagementRate", "roi", "eventId"};
inline constexpr std::string_view kSortOrderNames[] = {"asc", "desc"};

// page, size, sortBy, order
EventPage ParsePage(Parameters& parameters);
// channel, sortBy, order
ChannelSelection ParseChannelSelection(Parameters& parameters, std::vector<ParameterError>& errors);
// interval: one of which the period has at most kTimelinePointsMax
Interval ParseInterval(Parameters& parameters, const Window& window,
                       std::vector<ParameterError>& errors);

// The names asked for as they are stored: NFC-normalised like those of records, ascending, once
// each; none: all channels.
std::vector<std::string> ParseChannels(const Parameters& parameters,
                                       std::vector<ParameterError>& errors);

// Tells those who send a period to an answer that has none why it is refused. `errors` has the
// refusal already.
void ExplainNoPeriod(std::vector<ParameterError>& errors);

}  // namespace tally::query
