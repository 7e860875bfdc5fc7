// Adds up timelines hour by hour. Memory is one entry a distinct hour, however many events and
// channels go in: that is what bounds a user's timeline.
#pragma once

#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "query/reader.h"

namespace tally::query {

class HourTotals {
 public:
  void Add(domain::Hour hour, const domain::HourCounts& counts) { by_hour_[hour] += counts; }
  void Add(const std::vector<HourTotal>& hours);
  // What is not zero, ascending; leaves this empty.
  std::vector<HourTotal> Take();

 private:
  absl::flat_hash_map<domain::Hour, domain::HourCounts> by_hour_;
};

// Which channels of one event a HoursNeed counts, by index.
class ChannelFilter {
 public:
  ChannelFilter(const domain::EventAggregate& event, const std::vector<std::string>& names);
  bool Counts(domain::ChannelIndex channel) const { return all_ || counts_[channel]; }
  bool CountsNone() const;

 private:
  bool all_;
  std::vector<bool> counts_;
};

}  // namespace tally::query
