#include "query/views/common.h"

#include <algorithm>

namespace tally::query {

std::optional<domain::Millis> LastUpdatedAt(const domain::EventAggregate& event) {
  domain::Millis latest = domain::kNoTimestamp;
  for (const domain::TopicMark& mark : event.marks) latest = std::max(latest, mark.max_timestamp);
  if (latest == domain::kNoTimestamp) return std::nullopt;
  return latest;
}

}  // namespace tally::query
