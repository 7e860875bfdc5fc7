// Probes and metrics: /livez, /readyz, /metrics. Served beside the API or on a listener of their
// own; they never wait for a shard.
#pragma once

#include <memory>
#include <vector>

#include "query/http/message.h"
#include "query/reader.h"

namespace prometheus {
class Registry;
}

namespace tally::query {

// /livez   200 for as long as the process serves.
// /readyz  200 or 503 with a JSON body that tells why: state ("starting", "replaying", "ready",
//          "draining", "failed") and every shard's state, lag and failure. 503 until every owned
//          shard has reached the end offsets seen at start, and again while draining or when no
//          shard is readable; neither lag nor an absent broker makes it unready after that.
// /metrics the registry in Prometheus' text format.
// Both arguments must outlive every server that serves these routes.
std::vector<http::Route> AdminRoutes(const HealthSource& health,
                                     std::shared_ptr<prometheus::Registry> registry);

}  // namespace tally::query
