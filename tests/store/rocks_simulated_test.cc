// The real store on a simulated machine: every single write of a commit fails once, in every way.
#include "gtest/gtest.h"
#include "store/rocks_internal.h"
#include "store/rocks_store.h"
#include "tests/store/simulated_machine.h"
#include "tests/store/store_testing.h"

namespace tally::store {
namespace {

// How a write fails.
enum class Failure : uint8_t {
  kOnce,       // with an I/O error; the process goes on, and ends in order
  kThenKill,   // the process is killed there
  kThenPower,  // the machine stops there
};

class RocksSimulatedTest : public ::testing::TestWithParam<Failure> {
 protected:
  absl::StatusOr<std::unique_ptr<Store>> Open() {
    RocksStoreOptions options;
    options.path = "/store";
    options.merger = std::make_shared<SumMerger>();
    options.ingest_rows_min = kSequenceBigRows;
    options.environment = std::make_shared<RocksEnvironment>(RocksEnvironmentOptions());
    options.environment->mutable_parts().env = &machine_;
    options.environment->mutable_parts().compaction_trigger = 3;
    return OpenRocksStore(options);
  }

  // What the process leaves behind.
  void End(std::unique_ptr<Store> store, uint64_t seed) {
    if (GetParam() != Failure::kOnce) machine_.files().SetFrozen(true);
    store.reset();
    machine_.files().EndFaults();
    machine_.files().SetFrozen(false);
    if (GetParam() == Failure::kThenPower) machine_.files().LosePower(seed);
  }

  // Opens, commits a few times and compacts, with one write failing; false: there are not so many.
  bool LiveOnce(int failing_write, uint64_t* committed) {
    const bool frozen = GetParam() != Failure::kOnce;
    machine_.files().FailWriteAfter(failing_write, frozen);
    const uint64_t durable = *committed;
    uint64_t last = *committed;
    uint64_t synced = 0;
    auto store = Open();
    if (store.ok()) {
      absl::Status status;
      for (int i = 0; i < 4 && status.ok(); ++i) {
        status = Commit(**store, SequenceCommit(last + 1));
        ++last;
        while (machine_.RunJob()) {
        }
      }
      if (status.ok()) status = (*store)->Sync();
      if (status.ok()) synced = last;
    }
    const bool failed = !machine_.files().write_will_fail();
    if (store.ok()) {
      End(*std::move(store), static_cast<uint64_t>(failing_write));
    } else {
      End(nullptr, static_cast<uint64_t>(failing_write));
    }
    Check(durable, last, synced, committed);
    return failed;
  }

  void Check(uint64_t durable, uint64_t last, uint64_t synced, uint64_t* committed) {
    auto store = Open();
    ASSERT_TRUE(store.ok()) << store.status();
    const Rows rows = ReadAll(**store);
    *committed = SequenceNumberOf(rows);
    EXPECT_GE(*committed, std::max(durable, synced));
    EXPECT_LE(*committed, last);
    EXPECT_EQ(rows, model_.After(*committed));
    ASSERT_TRUE((*store)->Sync().ok());
  }

  SimulatedMachine machine_;
  SequenceModel model_;
};

TEST_P(RocksSimulatedTest, WhicheverWriteFailsTheStateIsThatAfterSomeCommit) {
  uint64_t committed = 0;
  int without_failure = 0;
  for (int write = 0; write < 400 && without_failure < 3; ++write) {
    SCOPED_TRACE("write " + std::to_string(write));
    if (!LiveOnce(write, &committed)) ++without_failure;
    if (HasFatalFailure() || HasNonfatalFailure()) return;
  }
  EXPECT_EQ(without_failure, 3);
}

absl::StatusOr<std::unique_ptr<Store>> OpenForReads(SimulatedMachine& machine,
                                                    int compaction_trigger) {
  RocksStoreOptions options;
  options.path = "/store";
  options.merger = std::make_shared<SumMerger>();
  options.ingest_rows_min = 1;
  options.environment = std::make_shared<RocksEnvironment>(RocksEnvironmentOptions());
  options.environment->mutable_parts().env = &machine;
  options.environment->mutable_parts().compaction_trigger = compaction_trigger;
  machine.SetAwaited(true);
  auto store = OpenRocksStore(options);
  machine.SetAwaited(false);
  return store;
}

// A read that fails gives an error, never other rows than there are; nor does it change what the
// reads after it give.
TEST(RocksSimulatedReadsTest, WhicheverReadFailsNothingElseIsSeen) {
  SimulatedMachine machine;
  const auto open = [&] { return OpenForReads(machine, /*compaction_trigger=*/3); };
  SequenceModel model;
  uint64_t committed = 0;
  for (int read = 0; read < 60; ++read) {
    SCOPED_TRACE("read " + std::to_string(read));
    auto store = open();
    ASSERT_TRUE(store.ok()) << store.status();
    machine.files().FailReadAfter(read);
    absl::Status status;
    for (int i = 0; i < 6 && status.ok(); ++i) {
      status = Commit(**store, SequenceCommit(committed + 1));
      if (!status.ok()) break;
      ++committed;
      for (int again = 0; again < 2; ++again) {
        const std::string number = Read(**store, kNumberKey);
        if (number != "(UNAVAILABLE)") {
          EXPECT_EQ(number, model.After(committed).at(kNumberKey)) << "commit " << i;
        }
        const Rows rows = ReadAll(**store);
        if (!rows.contains("!")) {
          EXPECT_EQ(rows, model.After(committed)) << "commit " << i;
        }
      }
      machine.RunJob();
    }
    machine.files().EndFaults();
    store->reset();
    store = open();
    ASSERT_TRUE(store.ok()) << store.status();
    const Rows rows = ReadAll(**store);
    EXPECT_GE(SequenceNumberOf(rows), committed);
    EXPECT_LE(SequenceNumberOf(rows), committed + 1);
    committed = SequenceNumberOf(rows);
    ASSERT_EQ(rows, model.After(committed));
  }
}

// A table that RocksDB takes in without its rows, and whose first and last row were there before
// with the same values.
TEST(RocksSimulatedReadsTest, AnUnreadTableIsNoticedWhateverItsRows) {
  for (int read = 0; read < 20; ++read) {
    SCOPED_TRACE("read " + std::to_string(read));
    SimulatedMachine machine;
    auto store = OpenForReads(machine, /*compaction_trigger=*/16);
    ASSERT_TRUE(store.ok()) << store.status();
    // Of few tables RocksDB looks into each, whatever their first and last row.
    for (int i = 0; i < 4; ++i) {
      ASSERT_TRUE(Commit(**store, {Put("a", "1"), Put("b", "1"), Put("c", "1")}).ok());
    }
    machine.files().FailReadAfter(read);
    const absl::Status status = Commit(**store, {Put("a", "1"), Put("b", "2"), Put("c", "1")});
    machine.files().EndFaults();
    EXPECT_EQ(Read(**store, "b"), status.ok() ? "2" : "1");
    store->reset();
    store = OpenForReads(machine, 16);
    ASSERT_TRUE(store.ok()) << store.status();
    const std::string found = Read(**store, "b");
    EXPECT_TRUE(found == "2" || !status.ok());
    ASSERT_TRUE(Commit(**store, {Put("a", "2")}).ok());
    store->reset();
    store = OpenForReads(machine, 2);
    ASSERT_TRUE(store.ok()) << store.status();
    EXPECT_EQ(Read(**store, "b"), found) << "it came up later";
  }
}

// RocksDB takes it for granted that it can read a table's last block if it can read the first.
TEST(RocksSimulatedReadsTest, ATableOfManyBlocksWhoseReadFailsIsRefused) {
  int refused = 0;
  for (int read = 0; read < 40; ++read) {
    SCOPED_TRACE("read " + std::to_string(read));
    SimulatedMachine machine;
    auto store = OpenForReads(machine, /*compaction_trigger=*/16);
    ASSERT_TRUE(store.ok()) << store.status();
    ASSERT_TRUE(Commit(**store, {Put("a", "1")}).ok());
    std::vector<TestRow> rows;
    for (int i = 100; i < 120; ++i) {
      rows.push_back(Put("key-" + std::to_string(i), std::string(10'000, 'x')));
    }
    machine.files().FailReadAfter(read);
    const absl::Status status = Commit(**store, rows);
    machine.files().EndFaults();
    if (!status.ok()) ++refused;
    EXPECT_EQ(ReadAll(**store).size(), status.ok() ? 21u : 1u) << status;
    store->reset();
    store = OpenForReads(machine, 16);
    ASSERT_TRUE(store.ok()) << store.status();
    EXPECT_EQ(ReadAll(**store).size(), status.ok() ? 21u : 1u) << status;
  }
  EXPECT_GT(refused, 3);
}

INSTANTIATE_TEST_SUITE_P(Failures, RocksSimulatedTest,
                         ::testing::Values(Failure::kOnce, Failure::kThenKill,
                                           Failure::kThenPower));

}  // namespace
}  // namespace tally::store
