// Views as the JSON of api.md: field names and order, exact decimals, null never left out.
#pragma once

#include <string>

#include "query/views/event_dashboard.h"
#include "query/views/user_dashboard.h"

namespace tally::query {

std::string ToJson(const EventDashboard& view);
std::string ToJson(const UserDashboard& view);

}  // namespace tally::query
