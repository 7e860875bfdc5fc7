// Is the service as a whole ready? One answer for every probe.
#pragma once

#include <string_view>

#include "query/reader.h"

namespace tally::query {

inline constexpr std::string_view kReady = "ready";

// "starting", "replaying", "ready" (the only one that is), "draining" or "failed". Not ready until
// every owned shard has reached the end offsets seen at start, and again while draining or when no
// shard is readable; neither lag nor an absent broker makes it unready after that.
std::string_view ReadinessOf(const Health& health);

}  // namespace tally::query
