#include "query/reader.h"

#include <algorithm>
#include <string>

#include "absl/strings/cord.h"
#include "query/wire.h"

namespace tally::query {
namespace {

constexpr char kPayloadUrl[] = "tally.query/position-reached";

}  // namespace

void SetPositionReached(absl::Status& status, const Position& position) {
  std::string bytes;
  AppendVarint(position.size(), &bytes);
  for (const ShardPosition& shard : position) {
    AppendVarint(static_cast<uint64_t>(shard.partition), &bytes);
    for (const int64_t offset : shard.next_offset) {
      AppendVarint(static_cast<uint64_t>(offset), &bytes);
    }
  }
  status.SetPayload(kPayloadUrl, absl::Cord(bytes));
}

std::optional<Position> GetPositionReached(const absl::Status& status) {
  const absl::optional<absl::Cord> payload = status.GetPayload(kPayloadUrl);
  if (!payload.has_value()) return std::nullopt;
  const std::string bytes(*payload);
  WireReader in(bytes);
  Position position(in.Count());
  for (ShardPosition& shard : position) {
    shard.partition = static_cast<int32_t>(in.Varint());
    for (int64_t& offset : shard.next_offset) offset = static_cast<int64_t>(in.Varint());
  }
  if (!in.AtEnd()) return std::nullopt;
  return position;
}

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
