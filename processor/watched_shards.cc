#include "processor/watched_shards.h"

#include <algorithm>

namespace tally {
namespace {

constexpr Offsets kAnyPosition{-1, -1, -1};

bool IsUnchanged(const WatchedShard& shard) {
  if (shard.users_version && shard.progress->users_version() != *shard.users_version) return false;
  return std::none_of(shard.events.begin(), shard.events.end(),
                      [](const auto& event) { return event->changed(); });
}

}  // namespace

std::optional<query::Standing> WatchedShards::Now(const std::vector<query::MinOffset>& min) const {
  query::Standing standing;
  for (const WatchedShard& shard : shards_) {
    // How far first: what has changed below that shows after it.
    const bool caught_up = shard.progress->caught_up();
    const Offsets offsets = shard.progress->next_offsets();
    if (!shard.progress->answers() || !IsUnchanged(shard)) return std::nullopt;
    const Offsets least = MinimumOf(min, shard.partition);
    for (size_t topic = 0; topic < offsets.size(); ++topic) {
      if (offsets[topic] < least[topic]) return std::nullopt;
    }
    standing.position.push_back({.partition = shard.partition, .next_offset = offsets});
    standing.catching_up = standing.catching_up || !caught_up;
  }
  return standing;
}

size_t WatchedShards::bytes() const {
  // A watch of its own, its reference counts and ours of it.
  constexpr size_t kWatchBytes = 48;
  size_t bytes = sizeof *this + shards_.capacity() * sizeof(WatchedShard);
  for (const WatchedShard& shard : shards_) bytes += shard.events.capacity() * kWatchBytes;
  return bytes;
}

Offsets MinimumOf(const std::vector<query::MinOffset>& min, int32_t partition) {
  Offsets offsets = kAnyPosition;
  for (const auto& entry : min) {
    if (entry.partition != partition) continue;
    int64_t& offset = offsets[domain::Index(entry.topic)];
    offset = std::max(offset, entry.next_offset);
  }
  return offsets;
}

}  // namespace tally
