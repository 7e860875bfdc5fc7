// What a read has seen, and whether it is still so.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "processor/event_watch.h"
#include "query/reader.h"

namespace tally {

// What a read has seen of one shard.
struct WatchedShard {
  int32_t partition = 0;
  std::shared_ptr<const ShardProgress> progress;
  std::vector<std::shared_ptr<const EventWatch>> events;
  std::optional<uint64_t> users_version;  // nullopt: the read did not depend on it
};

class WatchedShards final : public query::Freshness {
 public:
  // Ascending by partition.
  explicit WatchedShards(std::vector<WatchedShard> shards) : shards_(std::move(shards)) {}

  std::optional<query::Standing> Now(const std::vector<query::MinOffset>& min) const override;
  size_t bytes() const override;

 private:
  const std::vector<WatchedShard> shards_;
};

// The part of a minimum that concerns one shard; -1: none.
Offsets MinimumOf(const std::vector<query::MinOffset>& min, int32_t partition);

}  // namespace tally
