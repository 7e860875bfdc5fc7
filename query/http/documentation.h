// What developers of dashboards read: /openapi.json, and /docs, a page made of it.
#pragma once

#include <vector>

#include "query/http/message.h"

namespace tally::query::http {

// Public, whoever asks. `needs_token`: whether the other routes ask for one, and the document says
// so.
std::vector<Route> DocumentationRoutes(bool needs_token);

}  // namespace tally::query::http
