// The HTTP adapter of the service: routes of api.md, JSON bodies, headers.
#pragma once

#include <vector>

#include "query/http/message.h"
#include "query/service.h"

namespace tally::query::http {

// `service` must outlive every server that serves these routes.
std::vector<Route> ApiRoutes(Service& service);

}  // namespace tally::query::http
