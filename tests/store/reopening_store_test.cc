#include "store/reopening_store.h"

#include <gtest/gtest.h>

#include "store/memory_store.h"
#include "tests/store/store_testing.h"

namespace tally::store {
namespace {

// A store in memory that can be one that must be opened again.
class BrokenStore final : public Store {
 public:
  BrokenStore(std::unique_ptr<Store> store, const absl::Status& resumed)
      : store_(std::move(store)), resumed_(resumed) {}
  absl::Status Commit(CommitRows& rows) override {
    return resumed_.ok() ? store_->Commit(rows) : resumed_;
  }
  absl::Status Resume() override { return resumed_; }
  std::unique_ptr<Snapshot> NewSnapshot() const override { return store_->NewSnapshot(); }
  absl::Status Sync() override { return store_->Sync(); }
  StoreStats Stats() const override { return {.level0_files = 7, .health = resumed_}; }

 private:
  const std::unique_ptr<Store> store_;
  const absl::Status& resumed_;
};

class ReopeningStoreTest : public ::testing::Test {
 protected:
  ReopeningStoreTest()
      : store_(
            MakeBroken(), [this] { return Opened(opened_); },
            [this] { return Opened(read_only_); }) {}

  std::unique_ptr<Store> Make() {
    return std::make_unique<MemoryStore>(disk_, std::make_shared<SumMerger>());
  }
  std::unique_ptr<Store> MakeBroken() { return std::make_unique<BrokenStore>(Make(), resumed_); }
  absl::StatusOr<std::unique_ptr<Store>> Opened(const absl::Status& status) {
    ++opens_;
    if (!status.ok()) return status;
    return Make();
  }

  std::shared_ptr<MemoryDisk> disk_ = std::make_shared<MemoryDisk>();
  absl::Status resumed_, opened_, read_only_;
  int opens_ = 0;
  ReopeningStore store_;
};

TEST_F(ReopeningStoreTest, WhatResumesIsNotOpenedAgain) {
  EXPECT_TRUE(store_.Resume().ok());
  resumed_ = absl::ResourceExhaustedError("no room");
  EXPECT_TRUE(absl::IsResourceExhausted(store_.Resume()));
  EXPECT_EQ(opens_, 0);
}

TEST_F(ReopeningStoreTest, ReadsGoOnUntilItIsOpen) {
  ASSERT_TRUE(Commit(store_, SequenceCommit(1)).ok());
  resumed_ = absl::FailedPreconditionError("must be opened again");
  struct Row {
    absl::Status open;
    absl::StatusCode says;
  };
  for (const Row& row :
       {Row{absl::FailedPreconditionError("in use"), absl::StatusCode::kAborted},
        Row{absl::UnavailableError("I/O"), absl::StatusCode::kUnavailable},
        Row{absl::InternalError("odd"), absl::StatusCode::kUnavailable},
        Row{absl::ResourceExhaustedError("no room"), absl::StatusCode::kResourceExhausted},
        Row{absl::DataLossError("damaged"), absl::StatusCode::kDataLoss}}) {
    opened_ = row.open;
    EXPECT_EQ(store_.Resume().code(), row.says) << row.open;
    EXPECT_EQ(SequenceNumberOf(ReadAll(store_)), 1u);
    EXPECT_TRUE(absl::IsUnavailable(Commit(store_, SequenceCommit(2))));
    EXPECT_TRUE(absl::IsUnavailable(store_.Sync()));
    EXPECT_FALSE(store_.Stats().health.ok());
  }
  opened_ = absl::OkStatus();
  ASSERT_TRUE(store_.Resume().ok());
  ASSERT_TRUE(Commit(store_, SequenceCommit(2)).ok());
  EXPECT_EQ(SequenceNumberOf(ReadAll(store_)), 2u);
  EXPECT_TRUE(store_.Stats().health.ok());
  EXPECT_TRUE(store_.Sync().ok());
}

TEST_F(ReopeningStoreTest, NothingIsClosedBeforeOthersCanBeReadFrom) {
  ASSERT_TRUE(Commit(store_, SequenceCommit(1)).ok());
  resumed_ = absl::FailedPreconditionError("must be opened again");
  read_only_ = absl::UnavailableError("I/O");
  EXPECT_TRUE(absl::IsUnavailable(store_.Resume()));
  EXPECT_EQ(opens_, 1);
  EXPECT_EQ(store_.Stats().level0_files, 7u) << "not the one that was";
  EXPECT_EQ(SequenceNumberOf(ReadAll(store_)), 1u);
}

}  // namespace
}  // namespace tally::store
