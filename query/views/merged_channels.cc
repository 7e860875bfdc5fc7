#include "query/views/merged_channels.h"

#include <utility>

#include "absl/container/flat_hash_map.h"

namespace tally::query {
namespace {

// One channel of several events, while they are added up.
struct MergedChannel {
  ChannelTotals totals;
  bool types_differ = false;
};

void Merge(ChannelTotals from, MergedChannel& into) {
  ChannelTotals& totals = into.totals;
  totals.impressions += from.impressions;
  totals.participants += from.participants;
  totals.purchase_amount += from.purchase_amount;
  totals.distribution_cost += from.distribution_cost;
  totals.participants_lifetime += from.participants_lifetime;
  // An event that never distributed on the channel says nothing of its type.
  if (!from.channel_type.has_value()) return;
  if (!totals.channel_type.has_value())
    totals.channel_type = std::move(from.channel_type);
  else if (*totals.channel_type != *from.channel_type)
    into.types_differ = true;
}

}  // namespace

std::vector<ChannelTotals> MergeByName(const std::vector<EventSnapshot>& events,
                                       const Window& window) {
  absl::flat_hash_map<std::string, MergedChannel> by_name;
  for (const EventSnapshot& event : events) {
    for (ChannelTotals& channel : ChannelTotalsOf(event, window)) {
      MergedChannel& merged = by_name[channel.channel];
      merged.totals.channel = channel.channel;
      Merge(std::move(channel), merged);
    }
  }
  std::vector<ChannelTotals> channels;
  channels.reserve(by_name.size());
  for (auto& [name, merged] : by_name) {
    if (merged.types_differ) merged.totals.channel_type.reset();
    channels.push_back(std::move(merged.totals));
  }
  return channels;
}

std::vector<ChannelTotals> ChannelTotalsOf(Level level, const std::vector<EventSnapshot>& events,
                                           const Window& window) {
  if (level == Level::kUser) return MergeByName(events, window);
  return ChannelTotalsOf(events.front(), window);
}

}  // namespace tally::query
