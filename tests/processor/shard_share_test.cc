// Shards are shared out among worker threads by how much they have to read.
#include "processor/shard_share.h"

#include <gtest/gtest.h>

#include <vector>

namespace tally {
namespace {

constexpr int64_t M = 1'000'000;

TEST(ShardShareTest, TheMostFirstToWhoeverHasTheLeast) {
  struct Row {
    const char* when;
    std::vector<int64_t> lags;
    size_t workers;
    std::vector<size_t> shared;
  };
  const Row rows[] = {
      {"nobody has anything", {}, 2, {}},
      {"one worker has all", {5, 0, 7}, 1, {0, 0, 0}},
      {"all at the end: in turn", {0, 0, 0, 0, 0}, 2, {0, 1, 0, 1, 0}},
      {"more workers than shards", {1, 2}, 3, {1, 0}},
      {"by lag, not by number", {244 * M, 146 * M, 211 * M, 199 * M}, 2, {0, 0, 1, 1}},
      {"one has more than all others", {1, 10 * M, 2, 3}, 2, {1, 0, 1, 1}},
      {"what is unknown counts as at the end", {-1, 3 * M, -1}, 2, {1, 0, 1}},
      {"nearly at the end: by number", {0, 5000, 0, 0, 0, 0, 0, 0}, 2, {1, 0, 1, 0, 1, 0, 1, 0}},
  };
  for (const Row& row : rows) {
    EXPECT_EQ(ShareOut(row.lags, row.workers), row.shared) << row.when;
  }
}

}  // namespace
}  // namespace tally
