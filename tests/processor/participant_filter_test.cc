// The filter never says "new" of one that was added, is seldom in doubt, and keeps within its
// memory.
#include "processor/participant_filter.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <random>
#include <unordered_set>
#include <vector>

namespace tally {
namespace {

constexpr size_t kNoLimit = size_t{1} << 30;

std::vector<uint64_t> Hashes(uint64_t seed, size_t count) {
  std::mt19937_64 engine(seed);
  std::vector<uint64_t> hashes(count);
  for (uint64_t& hash : hashes) hash = engine();
  return hashes;
}

size_t CountPerhaps(const ParticipantFilter& filter, const std::vector<uint64_t>& hashes) {
  size_t perhaps = 0;
  for (const uint64_t hash : hashes) perhaps += filter.MayContain(hash);
  return perhaps;
}

TEST(ParticipantFilterTest, AnEmptyOneKnowsNobody) {
  const ParticipantFilter filter(kNoLimit);
  EXPECT_EQ(CountPerhaps(filter, Hashes(1, 1'000)), 0u);
  EXPECT_EQ(filter.size(), 0u);
}

TEST(ParticipantFilterTest, AddTellsWhatIsNew) {
  ParticipantFilter filter(kNoLimit);
  EXPECT_TRUE(filter.Add(0));
  EXPECT_FALSE(filter.Add(0));
  EXPECT_TRUE(filter.Add(~uint64_t{0}));
  EXPECT_FALSE(filter.Add(~uint64_t{0}));
  EXPECT_EQ(filter.size(), 2u);
}

TEST(ParticipantFilterTest, NobodyWhoWasAddedIsEverNew) {
  for (const size_t limit :
       {kNoLimit, size_t{1} << 20, size_t{200'000}, size_t{20'000}, size_t{0}}) {
    SCOPED_TRACE(limit);
    ParticipantFilter filter(limit);
    const auto hashes = Hashes(2, 300'000);
    for (size_t i = 0; i < hashes.size(); ++i) {
      filter.Add(hashes[i]);
      if (i % 1'000 == 0) {
        for (size_t j = 0; j <= i; j += 1 + i / 50) ASSERT_TRUE(filter.MayContain(hashes[j])) << i;
      }
    }
    EXPECT_EQ(CountPerhaps(filter, hashes), hashes.size());
    for (const uint64_t hash : hashes) ASSERT_FALSE(filter.Add(hash));
  }
}

// Hashes that share their leading bits fill one page until no bits are left to split it by.
TEST(ParticipantFilterTest, HashesThatAreNotUniformCostSpeedOnly) {
  ParticipantFilter filter(kNoLimit);
  std::vector<uint64_t> hashes;
  for (uint64_t i = 0; i < 20'000; ++i) hashes.push_back(uint64_t{0xabcdef} << 40 | i << 12);
  for (const uint64_t hash : hashes) filter.Add(hash);
  EXPECT_EQ(CountPerhaps(filter, hashes), hashes.size());
  EXPECT_LT(CountPerhaps(filter, Hashes(3, 10'000)), 20u);
}

TEST(ParticipantFilterTest, DoubtsAndBytesAreFew) {
  ParticipantFilter filter(kNoLimit);
  size_t doubted = 0;
  size_t added = 0;
  const auto strangers = Hashes(5, 100'000);
  for (const uint64_t hash : Hashes(4, 2'000'000)) {
    doubted += !filter.Add(hash);
    ++added;
    if (added == 100'000) {
      EXPECT_LT(filter.bytes(), 250'000u);
    } else if (added == 1'000'000) {
      EXPECT_LT(filter.bytes(), 1'650'000u);
      EXPECT_LT(CountPerhaps(filter, strangers), 400u);
    }
  }
  EXPECT_LT(filter.bytes(), 3'000'000u);
  EXPECT_LT(CountPerhaps(filter, strangers), 800u);
  EXPECT_LT(doubted, 8'000u);
  EXPECT_EQ(filter.size() + doubted, 2'000'000u);
}

TEST(ParticipantFilterTest, TheLimitIsKeptAndCostsDoubtsOnly) {
  constexpr size_t kLimit = 500'000;
  ParticipantFilter filter(kLimit);
  size_t greatest = 0;
  for (const uint64_t hash : Hashes(6, 2'000'000)) {
    filter.Add(hash);
    greatest = std::max(greatest, filter.bytes());
  }
  EXPECT_LT(greatest, kLimit + kLimit / 4);
}

TEST(ParticipantFilterTest, AtTheLimitDoubtsGrowSlowly) {
  constexpr size_t kCount = 1'000'000;
  ParticipantFilter filter(kCount);  // a byte each, where it would like 1.5
  for (const uint64_t hash : Hashes(7, kCount)) filter.Add(hash);
  EXPECT_LT(filter.bytes(), kCount + kCount / 4);
  EXPECT_LT(CountPerhaps(filter, Hashes(8, 100'000)), 20'000u);
}

TEST(ParticipantFilterTest, PrefetchingChangesNothing) {
  ParticipantFilter filter(kNoLimit);
  for (const uint64_t hash : Hashes(9, 5'000)) {
    filter.PrefetchTable(hash);
    filter.PrefetchPage(hash);
    filter.Add(hash);
  }
  EXPECT_GE(filter.size(), 4'999u);
}

}  // namespace
}  // namespace tally
