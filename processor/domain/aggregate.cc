#include "processor/domain/aggregate.h"

#include <xxhash.h>

#include <bit>
#include <cassert>

namespace tally::domain {
namespace {

// Up to here a walk over the names is as fast as a hash.
constexpr size_t kWalkMax = 16;

std::optional<ChannelIndex> Walk(const std::vector<Channel>& channels, size_t begin,
                                 std::string_view name) {
  for (size_t i = begin; i < channels.size(); ++i) {
    if (channels[i].name == name) return static_cast<ChannelIndex>(i);
  }
  return std::nullopt;
}

size_t HashOf(std::string_view name) { return XXH3_64bits(name.data(), name.size()); }

}  // namespace

void ChannelTable::Update(const std::vector<Channel>& channels) {
  if (channels.size() <= kWalkMax || seen_ == channels.size()) return;
  if (slots_.size() < 2 * channels.size()) {
    slots_.assign(std::bit_ceil(4 * channels.size()), 0);
    seen_ = 0;
  }
  for (; seen_ < channels.size(); ++seen_) Insert(channels, seen_);
}

void ChannelTable::Insert(const std::vector<Channel>& channels, size_t index) {
  const size_t mask = slots_.size() - 1;
  size_t slot = HashOf(channels[index].name) & mask;
  while (slots_[slot] != 0) slot = (slot + 1) & mask;
  slots_[slot] = static_cast<uint16_t>(index + 1);
}

std::optional<ChannelIndex> ChannelTable::Find(const std::vector<Channel>& channels,
                                               std::string_view name) const {
  if (slots_.empty()) return Walk(channels, 0, name);
  assert(seen_ <= channels.size());
  const size_t mask = slots_.size() - 1;
  for (size_t slot = HashOf(name) & mask; slots_[slot] != 0; slot = (slot + 1) & mask) {
    const auto index = static_cast<ChannelIndex>(slots_[slot] - 1);
    if (channels[index].name == name) return index;
  }
  return Walk(channels, seen_, name);
}

std::optional<ChannelIndex> EventAggregate::FindChannel(std::string_view name) const {
  return channel_table.Find(channels, name);
}

ChannelIndex EventAggregate::AddChannel(std::string_view name) {
  const auto index = static_cast<ChannelIndex>(channels.size());
  channels.emplace_back().name = name;
  channel_table.Update(channels);
  return index;
}

Int128 EventAggregate::TotalViews() const {
  Int128 views = 0;
  for (const Channel& channel : channels) views += channel.impressions;
  return views;
}

}  // namespace tally::domain
