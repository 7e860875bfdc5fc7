// The HTTP adapter of the service: routes of api.md, JSON bodies, headers.
#pragma once

#include <memory>
#include <vector>

#include "query/http/answer_cache.h"
#include "query/http/message.h"
#include "query/http/metrics.h"
#include "query/http/ready.h"
#include "query/service.h"

namespace tally::query::http {

// All must outlive every server that serves these routes. `cache` null: every answer is made anew;
// `metrics` may be null.
std::vector<Route> ApiRoutes(Service& service, AnswerCache* cache = nullptr,
                             Metrics* metrics = nullptr);

// What the routes have kept, given without asking them. All must outlive it; `metrics` may be null.
std::unique_ptr<ReadyAnswers> MakeReadyAnswers(const Service& service, AnswerCache& cache,
                                               Metrics* metrics);

}  // namespace tally::query::http
