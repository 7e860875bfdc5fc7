// The faults that the memory store gives to simulations.
#include "store/memory_store.h"

#include "gtest/gtest.h"
#include "tests/store/store_testing.h"

namespace tally::store {
namespace {

TEST(MemoryStoreTest, FailsTheNextCommitBeforeItsEffect) {
  auto disk = std::make_shared<MemoryDisk>();
  MemoryStore store(disk, nullptr);
  ASSERT_TRUE(Commit(store, {Put("a", "1")}).ok());
  store.FailNextCommit(absl::ResourceExhaustedError("disk full"),
                       MemoryStore::FaultTime::kBeforeEffect);
  EXPECT_TRUE(absl::IsResourceExhausted(Commit(store, {Put("a", "2")})));
  EXPECT_TRUE(absl::IsResourceExhausted(store.Stats().health));
  EXPECT_TRUE(absl::IsFailedPrecondition(Commit(store, {Put("a", "3")})));
  EXPECT_EQ(Read(store, "a"), "1");
  EXPECT_EQ(disk->commits(), 1u);
}

TEST(MemoryStoreTest, FailsTheNextCommitAfterItsEffect) {
  auto disk = std::make_shared<MemoryDisk>();
  {
    MemoryStore store(disk, nullptr);
    store.FailNextCommit(absl::UnavailableError("i/o"), MemoryStore::FaultTime::kAfterEffect);
    EXPECT_TRUE(absl::IsUnavailable(Commit(store, {Put("a", "2")})));
  }
  MemoryStore again(disk, nullptr);
  EXPECT_EQ(Read(again, "a"), "2");
  EXPECT_TRUE(Commit(again, {Put("a", "3")}).ok());
}

TEST(MemoryStoreTest, ABadCommitDoesNotUseUpTheFault) {
  MemoryStore store;
  store.FailNextCommit(absl::UnavailableError("i/o"), MemoryStore::FaultTime::kBeforeEffect);
  EXPECT_TRUE(absl::IsInvalidArgument(Commit(store, {Put("b", ""), Put("a", "")})));
  EXPECT_TRUE(absl::IsUnavailable(Commit(store, {Put("a", "")})));
}

TEST(MemoryStoreTest, FailsReads) {
  MemoryStore store;
  ASSERT_TRUE(Commit(store, {Put("a", "1")}).ok());
  const auto snapshot = store.NewSnapshot();
  store.FailReads(absl::DataLossError("checksum"));
  EXPECT_EQ(Read(*snapshot, "a"), "(DATA_LOSS)");
  EXPECT_TRUE(ReadAll(*snapshot).contains("!"));
  store.FailReads(absl::OkStatus());
  EXPECT_EQ(Read(*snapshot, "a"), "1");
}

TEST(MemoryStoreTest, LosesCommitsThatAreNotSynced) {
  auto disk = std::make_shared<MemoryDisk>(/*rewindable_commits=*/5);
  {
    MemoryStore store(disk, std::make_shared<SumMerger>());
    ASSERT_TRUE(Commit(store, {Put("a", "1"), Add("s", 1)}).ok());
    ASSERT_TRUE(store.Sync().ok());
    ASSERT_TRUE(Commit(store, {Put("a", "2"), Add("s", 1), Put("z", "2")}).ok());
    ASSERT_TRUE(Commit(store, {Delete("a"), Add("s", -2)}).ok());
  }
  EXPECT_EQ(disk->LoseCommits(1), 1u);
  {
    MemoryStore store(disk, std::make_shared<SumMerger>());
    EXPECT_EQ(ReadAll(store), (Rows{{"a", "2"}, {"s", Sum(2)}, {"z", "2"}}));
  }
  EXPECT_EQ(disk->LoseCommits(5), 1u);
  MemoryStore store(disk, std::make_shared<SumMerger>());
  EXPECT_EQ(ReadAll(store), (Rows{{"a", "1"}, {"s", Sum(1)}}));
}

// What a commit has replaced is kept for so long only.
TEST(MemoryStoreTest, LosesNoMoreAgainAndAgainThanItCanTakeBack) {
  auto disk = std::make_shared<MemoryDisk>(/*rewindable_commits=*/2);
  {
    MemoryStore store(disk, nullptr);
    for (const char* value : {"1", "2", "3", "4", "5"}) {
      ASSERT_TRUE(Commit(store, {Put("a", value)}).ok());
    }
  }
  EXPECT_EQ(disk->LoseCommits(1), 1u);
  EXPECT_EQ(disk->LoseCommits(2), 1u);
  EXPECT_EQ(disk->LoseCommits(2), 0u);
  EXPECT_EQ(ReadAll(MemoryStore(disk, nullptr)), (Rows{{"a", "3"}}));
}

TEST(MemoryStoreTest, ReportsTheStatsItIsTold) {
  MemoryStore store;
  StoreStats stats;
  stats.level0_files = 77;
  store.SetStats(stats);
  EXPECT_EQ(store.Stats().level0_files, 77u);
}

}  // namespace
}  // namespace tally::store
