#include "query/hour_totals.h"

#include <algorithm>

namespace tally::query {

void HourTotals::Add(const std::vector<HourTotal>& hours) {
  for (const HourTotal& each : hours) Add(each.hour, each.counts);
}

std::vector<HourTotal> HourTotals::Take() {
  std::vector<HourTotal> hours;
  hours.reserve(by_hour_.size());
  for (const auto& [hour, counts] : by_hour_) {
    if (!counts.IsZero()) hours.push_back({hour, counts});
  }
  by_hour_.clear();
  std::sort(hours.begin(), hours.end(),
            [](const HourTotal& a, const HourTotal& b) { return a.hour < b.hour; });
  return hours;
}

ChannelFilter::ChannelFilter(const domain::EventAggregate& event,
                             const std::vector<std::string>& names)
    : all_(names.empty()) {
  if (all_) return;
  counts_.reserve(event.channels.size());
  for (const domain::Channel& channel : event.channels) {
    counts_.push_back(std::binary_search(names.begin(), names.end(), channel.name));
  }
}

bool ChannelFilter::CountsNone() const {
  return !all_ && std::find(counts_.begin(), counts_.end(), true) == counts_.end();
}

}  // namespace tally::query
