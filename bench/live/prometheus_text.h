// Reads a number out of a /metrics page.
#pragma once

#include <optional>
#include <string_view>

namespace tally::bench {

// The sum of the metric's values over all label sets that hold `label` ("" holds in all), e.g.
// ("tally_checkpoints_total", "result=\"ok\""). nullopt: the page has none.
std::optional<double> SumOfMetric(std::string_view page, std::string_view name,
                                  std::string_view label);

}  // namespace tally::bench
