// A dashboard's JSON as tables for a terminal.
#pragma once

#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace tally::cli {

// Of GET /api/v1/{events|users}/{id}/analytics. Numbers are shown with the digits that the server
// sent. kDataLoss: not such an answer.
absl::StatusOr<std::string> DashboardText(std::string_view json, bool color);

}  // namespace tally::cli
