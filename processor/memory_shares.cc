#include "processor/memory_shares.h"

#include <algorithm>

namespace tally {
namespace {

constexpr size_t kSmallBudgetBytes = size_t{192} << 20;
constexpr size_t kShardPartBytesMin = size_t{512} << 10;
constexpr size_t kResidentEventBytes = 1'536;  // of an ordinary event, with a handful of channels
constexpr size_t kResidentEventsMin = 256;
constexpr size_t kAuditBytesMin = size_t{2} << 20;
constexpr size_t kAuditBytesMax = size_t{16} << 20;  // more would not make it quicker

}  // namespace

MemoryShares ShareMemory(size_t budget_bytes, size_t shards) {
  shards = std::max<size_t>(shards, 1);
  const size_t sixteenth = (budget_bytes - std::min(kProcessBytes, budget_bytes / 2)) / 16;
  const size_t queues = budget_bytes < kSmallBudgetBytes ? 3 * sixteenth / 2 : 3 * sixteenth;
  return {
      .rocks_bytes = 2 * sixteenth,
      .delta_bytes = std::max(5 * sixteenth / (2 * shards), kShardPartBytesMin),
      .filter_bytes = 4 * sixteenth / shards,
      .queue_bytes = std::max(queues / (2 * shards), kShardPartBytesMin),
      .resident_events = std::max(sixteenth / (kResidentEventBytes * shards), kResidentEventsMin),
      .audit_bytes = std::clamp(sixteenth / 2, kAuditBytesMin, kAuditBytesMax)};
}

// The queues' share is the smaller one: three sixteenths for two parts of each shard, and half of
// that in a small budget.
size_t BudgetBytesMin(size_t shards) {
  const size_t for_queues = shards * (16 * 2 * kShardPartBytesMin / 3);
  const size_t small = kProcessBytes + 2 * for_queues;
  return small < kSmallBudgetBytes ? small
                                   : std::max(kSmallBudgetBytes, kProcessBytes + for_queues);
}

}  // namespace tally
