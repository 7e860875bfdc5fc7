#include "query/reader.h"

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

}  // namespace tally::query
