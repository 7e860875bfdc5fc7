// Rows' contents as text, for findings: what a person compares.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "processor/domain/aggregate.h"

namespace tally {

std::string TimeText(std::optional<domain::Millis> time);
// "1 participant, 0 views, 30000.00 purchased"
std::string CountsText(const domain::HourCounts& counts);
// `channel` is the name that the index stands for.
std::string ContributionText(const domain::Contribution& contribution, std::string_view channel);
std::string DistributionText(const domain::Distribution& distribution, std::string_view channel);

}  // namespace tally
