// Problems as responses.
#pragma once

#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "query/http/message.h"
#include "query/problem.h"

namespace tally::query::http {

inline constexpr char kProblemMediaType[] = "application/problem+json";

// By the table of problem.h, Retry-After included.
Response ProblemResponse(const absl::Status& status);

// What only HTTP knows of: 405, 406, 413, 414, 431, and targets and headers that are no HTTP.
Response ProblemResponse(int http_status, std::string_view code, std::string_view detail);

}  // namespace tally::query::http
