// The channels of several events, added up by name.
#pragma once

#include <vector>

#include "query/views/common.h"
#include "query/views/totals.h"

namespace tally::query {

// The status is null, the type too where the events differ. By no particular order.
std::vector<ChannelTotals> MergeByName(const std::vector<EventSnapshot>& events,
                                       const Window& window);

// As an answer about `level` lists them: an event's own (`events` is that one), a user's merged.
std::vector<ChannelTotals> ChannelTotalsOf(Level level, const std::vector<EventSnapshot>& events,
                                           const Window& window);

}  // namespace tally::query
