#include "processor/memory_shares.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace tally {
namespace {

constexpr size_t kMiB = size_t{1} << 20;

// What all parts may ask for together, a queue of each shard being full.
size_t Sum(const MemoryShares& shares, size_t shards) {
  return shares.rocks_bytes +
         shards * (2 * shares.delta_bytes + shares.filter_bytes + 2 * shares.queue_bytes);
}

TEST(MemorySharesTest, PartsFitIntoTheBudgetFromTheLeastOneOn) {
  for (const size_t shards : {1, 4, 12, 64, 200}) {
    const size_t least = std::max(BudgetBytesMin(shards), 192 * kMiB);
    for (const size_t budget : {least, least + 100 * kMiB, 4 * least}) {
      EXPECT_LE(Sum(ShareMemory(budget, shards), shards), (budget - kProcessBytes) / 16 * 14)
          << shards << " shards in " << budget;
    }
  }
}

// Of three sixteenths; of half of that below 192 MiB.
TEST(MemorySharesTest, QueuesFitIntoTheirShareFromTheLeastOneOnAndNotBelow) {
  for (const size_t shards : {4, 12, 14, 15, 20, 64, 200}) {
    const auto fit = [shards](size_t budget) {
      const size_t share = (budget - kProcessBytes) * 3 / (budget < 192 * kMiB ? 32 : 16);
      return ShareMemory(budget, shards).queue_bytes * 2 * shards <= share;
    };
    EXPECT_TRUE(fit(BudgetBytesMin(shards) + kMiB)) << shards;
    EXPECT_FALSE(fit(BudgetBytesMin(shards) - kMiB)) << shards;
  }
}

TEST(MemorySharesTest, AShardAlwaysGetsWhatItCanWorkWith) {
  const MemoryShares shares = ShareMemory(128 * kMiB, 1'000);
  EXPECT_EQ(shares.delta_bytes, kMiB / 2);
  EXPECT_EQ(shares.queue_bytes, kMiB / 2);
  EXPECT_EQ(shares.resident_events, 256u);
}

TEST(MemorySharesTest, SmallBudgetsHaveSmallerQueues) {
  EXPECT_LT(2 * ShareMemory(191 * kMiB, 1).queue_bytes,
            ShareMemory(192 * kMiB, 1).queue_bytes * 11 / 10);
  EXPECT_EQ(ShareMemory(191 * kMiB, 1).rocks_bytes / kMiB, 18u);
}

TEST(MemorySharesTest, AnAuditFitsIntoHalfASixteenth) {
  EXPECT_EQ(ShareMemory(128 * kMiB, 4).audit_bytes, 88 * kMiB / 32);
  EXPECT_EQ(ShareMemory(4096 * kMiB, 4).audit_bytes, 16 * kMiB);
}

TEST(MemorySharesTest, NoShardIsSharedOutLikeOne) {
  EXPECT_EQ(ShareMemory(512 * kMiB, 0).delta_bytes, ShareMemory(512 * kMiB, 1).delta_bytes);
}

}  // namespace
}  // namespace tally
