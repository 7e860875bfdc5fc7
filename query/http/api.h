// The HTTP adapter of the service: routes of api.md, JSON bodies, headers.
#pragma once

#include <vector>

#include "query/http/answer_cache.h"
#include "query/http/message.h"
#include "query/http/metrics.h"
#include "query/service.h"

namespace tally::query::http {

// All must outlive every server that serves these routes. `cache` null: every answer is made anew;
// `metrics` may be null.
std::vector<Route> ApiRoutes(Service& service, AnswerCache* cache = nullptr,
                             Metrics* metrics = nullptr);

}  // namespace tally::query::http
