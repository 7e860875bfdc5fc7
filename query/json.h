// Views as the JSON of api.md: field names and order, exact decimals, null never left out.
#pragma once

#include <string>

#include "query/views/channels.h"
#include "query/views/event_dashboard.h"
#include "query/views/roi.h"
#include "query/views/timeline.h"
#include "query/views/user_dashboard.h"

namespace tally::query {

std::string ToJson(const EventDashboard& view);
std::string ToJson(const UserDashboard& view);
std::string ToJson(const ChannelsView& view);
std::string ToJson(const RoiView& view);
std::string ToJson(const TimelineView& view);

}  // namespace tally::query
