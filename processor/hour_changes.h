// What changed in one event's timeline since the last checkpoint, cell by cell.
#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "processor/domain/aggregate.h"

namespace tally {

// (hour, channel) in one word.
using HourCellKey = uint64_t;
constexpr HourCellKey MakeHourCell(domain::Hour hour, domain::ChannelIndex channel) {
  return static_cast<uint64_t>(static_cast<uint32_t>(hour)) << 16 | channel;
}
constexpr domain::Hour HourOfCell(HourCellKey cell) {
  return static_cast<domain::Hour>(cell >> 16);
}
constexpr domain::ChannelIndex ChannelOfCell(HourCellKey cell) {
  return static_cast<domain::ChannelIndex>(cell);
}

// Records come about in the order of time, so a change mostly goes to one of the cells that were
// added last: those are looked through. Only an event with many has a table of all.
class HourChanges {
 public:
  using Cell = std::pair<HourCellKey, domain::HourCounts>;

  // Adds up; true: the cell is a new one.
  bool Add(HourCellKey key, const domain::HourCounts& change) {
    for (size_t i = cells_.size(), steps = kRecent; i > 0 && steps > 0; --i, --steps) {
      if (cells_[i - 1].first != key) continue;
      cells_[i - 1].second += change;
      return false;
    }
    return AddToOlder(key, change);
  }

  bool empty() const { return cells_.empty(); }
  size_t size() const { return cells_.size(); }
  // By first change.
  const std::vector<Cell>& cells() const { return cells_; }

 private:
  static constexpr size_t kRecent = 8;

  bool AddToOlder(HourCellKey key, const domain::HourCounts& change) {
    if (cells_.size() >= kRecent) {
      for (; indexed_ < cells_.size(); ++indexed_) {
        index_.emplace(cells_[indexed_].first, static_cast<uint32_t>(indexed_));
      }
      if (const auto found = index_.find(key); found != index_.end()) {
        cells_[found->second].second += change;
        return false;
      }
    }
    cells_.emplace_back(key, change);
    return true;
  }

  std::vector<Cell> cells_;
  absl::flat_hash_map<HourCellKey, uint32_t> index_;  // of cells_[0, indexed_)
  size_t indexed_ = 0;
};

}  // namespace tally
