#include "query/views/common.h"

#include <algorithm>

namespace tally::query {

std::optional<domain::Millis> LastUpdatedAt(const domain::EventAggregate& event) {
  domain::Millis latest = domain::kNoTimestamp;
  for (const domain::TopicMark& mark : event.marks) latest = std::max(latest, mark.max_timestamp);
  if (latest == domain::kNoTimestamp) return std::nullopt;
  return latest;
}

std::optional<domain::Millis> LastUpdatedAt(const std::vector<EventSnapshot>& events) {
  std::optional<domain::Millis> latest;
  for (const EventSnapshot& event : events) {
    latest = std::max(latest, LastUpdatedAt(event.aggregate));
  }
  return latest;
}

}  // namespace tally::query
