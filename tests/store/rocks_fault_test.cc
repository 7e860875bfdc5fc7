// The real store on a file system that fails.
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "store/rocks_internal.h"
#include "store/rocks_store.h"
#include "tests/store/fault_file_system.h"
#include "tests/store/store_testing.h"

namespace tally::store {
namespace {

class RocksFaultTest : public ::testing::Test {
 protected:
  RocksFaultTest()
      : files_(std::make_shared<FaultFileSystem>()), env_(rocksdb::NewCompositeEnv(files_)) {}

  // A new environment too, as after a restart: no block is cached.
  absl::StatusOr<std::unique_ptr<Store>> Open() { return OpenRocksStore(Options()); }
  absl::StatusOr<std::unique_ptr<Store>> OpenReopening() {
    return OpenReopeningRocksStore(Options());
  }
  RocksStoreOptions Options() {
    RocksStoreOptions options;
    options.path = dir_ / "s";
    options.merger = std::make_shared<SumMerger>();
    options.ingest_rows_min = kSequenceBigRows;
    options.environment = std::make_shared<RocksEnvironment>(RocksEnvironmentOptions());
    options.environment->mutable_parts().env = env_.get();
    return options;
  }

  TempDir dir_;
  std::shared_ptr<FaultFileSystem> files_;
  std::unique_ptr<rocksdb::Env> env_;
};

// Whatever the machine forgets, the state is that after some commit, no older than the last durable
// one.
TEST_F(RocksFaultTest, PowerLossLeavesTheStateAfterSomeCommit) {
  uint64_t committed = 0;
  for (uint64_t crash = 0; crash < 40; ++crash) {
    SCOPED_TRACE("crash " + std::to_string(crash));
    uint64_t durable = committed;
    {
      auto store = Open();
      ASSERT_TRUE(store.ok()) << store.status();
      for (uint64_t i = 0; i <= crash * 7 % 11; ++i) {
        const std::vector<TestRow> rows = SequenceCommit(++committed);
        const bool big = rows.size() >= kSequenceBigRows;
        ASSERT_TRUE(Commit(**store, rows).ok());
        const bool sync = committed % 8 == 0;
        if (sync) {
          ASSERT_TRUE((*store)->Sync().ok());
        }
        if (big || sync) durable = committed;
      }
      files_->CutPower();
    }
    files_->Restart(crash);
    auto store = Open();
    ASSERT_TRUE(store.ok()) << store.status();
    const Rows rows = ReadAll(**store);
    const uint64_t found = SequenceNumberOf(rows);
    EXPECT_GE(found, durable);
    EXPECT_LE(found, committed);
    SequenceModel model;
    ASSERT_EQ(rows, model.After(found));
    committed = found;
  }
}

TEST_F(RocksFaultTest, AFullDiskStopsItUntilItIsOpenedAgain) {
  SequenceModel model;
  uint64_t committed = 0;
  for (const uint64_t rounds : {2, 3, 4, 6, 7}) {  // the commit that fails is a small or a big one
    auto store = Open();
    ASSERT_TRUE(store.ok()) << store.status();
    while (committed + 1 < rounds) ASSERT_TRUE(Commit(**store, SequenceCommit(++committed)).ok());
    files_->SetFull(true);
    const absl::Status status = Commit(**store, SequenceCommit(committed + 1));
    EXPECT_TRUE(absl::IsResourceExhausted(status)) << status;
    EXPECT_TRUE(absl::IsResourceExhausted((*store)->Stats().health));
    EXPECT_EQ(ReadAll(**store), model.After(committed));
    files_->SetFull(false);
    EXPECT_TRUE(absl::IsFailedPrecondition(Commit(**store, SequenceCommit(committed + 1))));
    store->reset();
    store = Open();
    ASSERT_TRUE(store.ok()) << store.status();
    EXPECT_EQ(ReadAll(**store), model.After(committed));
    ASSERT_TRUE(Commit(**store, SequenceCommit(++committed)).ok());
    EXPECT_EQ(ReadAll(**store), model.After(committed));
  }
}

// Unless a compaction has found no room, either: then it says that it must be opened again.
TEST_F(RocksFaultTest, AfterABigCommitThatFoundNoRoomItGoesOnWithoutBeingOpenedAgain) {
  uint64_t committed = 0;
  int resumes = 0;
  for (uint64_t crash = 0; crash < 16; ++crash) {
    SCOPED_TRACE("round " + std::to_string(crash));
    SequenceModel model;
    {
      auto store = Open();
      ASSERT_TRUE(store.ok()) << store.status();
      while (SequenceCommit(committed + 1).size() < kSequenceBigRows) {
        ASSERT_TRUE(Commit(**store, SequenceCommit(++committed)).ok());
      }
      auto before = (*store)->NewSnapshot();
      files_->SetFull(true);
      ASSERT_FALSE(Commit(**store, SequenceCommit(committed + 1)).ok());
      EXPECT_FALSE((*store)->Resume().ok() && Commit(**store, SequenceCommit(committed + 1)).ok());
      EXPECT_EQ(ReadAll(**store), model.After(committed));
      files_->SetFull(false);
      const absl::Status resumed = (*store)->Resume();
      EXPECT_EQ(ReadAll(*before), model.After(committed));
      if (absl::IsFailedPrecondition(resumed)) {
        EXPECT_FALSE((*store)->Stats().health.ok());
        before.reset();
        store->reset();
        store = Open();
        ASSERT_TRUE(store.ok()) << store.status();
      } else {
        ASSERT_TRUE(resumed.ok()) << resumed;
        ++resumes;
      }
      ASSERT_EQ(ReadAll(**store), model.After(committed));
      for (uint64_t i = 0; i <= crash % 3; ++i) {
        absl::Status status = Commit(**store, SequenceCommit(committed + 1));
        if (!status.ok()) {
          // A compaction that had met the full disk has ended only now.
          before.reset();
          store->reset();
          store = Open();
          ASSERT_TRUE(store.ok()) << store.status();
          const uint64_t found = SequenceNumberOf(ReadAll(**store));
          ASSERT_TRUE(found == committed || found == committed + 1) << found;
          if (found == committed) status = Commit(**store, SequenceCommit(committed + 1));
          ASSERT_TRUE(found > committed || status.ok()) << status;
        }
        ++committed;
      }
      ASSERT_EQ(ReadAll(**store), model.After(committed));
      if (crash % 2 == 0) {
        ASSERT_TRUE((*store)->Sync().ok());
      }
      files_->CutPower();
    }
    files_->Restart(crash);
    auto store = Open();
    ASSERT_TRUE(store.ok()) << store.status();
    const uint64_t found = SequenceNumberOf(ReadAll(**store));
    if (crash % 2 == 0) {
      EXPECT_EQ(found, committed);
    }
    SequenceModel after_crash;
    ASSERT_EQ(ReadAll(**store), after_crash.After(found));
    committed = found;
  }
  EXPECT_GT(resumes, 0);
}

// Whatever meets it first: RocksDB's log (a small commit) or a table (a big one).
TEST_F(RocksFaultTest, AReopeningStoreGoesOnAfterAFullDiskAndIsReadAllTheTime) {
  SequenceModel model;
  uint64_t committed = 0;
  int opened_again = 0;
  auto opened = OpenReopening();
  ASSERT_TRUE(opened.ok()) << opened.status();
  Store& store = **opened;
  for (int round = 0; round < 12; ++round) {
    SCOPED_TRACE("round " + std::to_string(round));
    for (int i = 0; i <= round % 4; ++i) {
      ASSERT_TRUE(Commit(store, SequenceCommit(++committed)).ok());
    }
    auto before = store.NewSnapshot();
    const Rows rows = model.After(committed);
    files_->SetFull(true);
    ASSERT_FALSE(Commit(store, SequenceCommit(committed + 1)).ok());
    EXPECT_TRUE(absl::IsResourceExhausted(store.Resume()));
    EXPECT_EQ(ReadAll(store), rows);
    files_->SetFull(false);
    absl::Status resumed = store.Resume();
    EXPECT_EQ(ReadAll(store), rows);
    EXPECT_EQ(ReadAll(*before), rows);
    if (absl::IsAborted(resumed)) {
      ++opened_again;
      EXPECT_FALSE(store.Stats().health.ok());
      EXPECT_FALSE(Commit(store, SequenceCommit(committed + 1)).ok());
      before.reset();
      resumed = store.Resume();
    }
    ASSERT_TRUE(resumed.ok()) << resumed;
    EXPECT_TRUE(store.Stats().health.ok());
    ASSERT_EQ(ReadAll(store), rows);
    ASSERT_TRUE(Commit(store, SequenceCommit(++committed)).ok());
    ASSERT_EQ(ReadAll(store), model.After(committed));
  }
  EXPECT_GT(opened_again, 0);
}

}  // namespace
}  // namespace tally::store
