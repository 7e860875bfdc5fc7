// What every Store must do, run over each implementation and each way of committing.
#include "store/store.h"

#include <atomic>
#include <functional>
#include <random>
#include <thread>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "store/key.h"
#include "store/memory_store.h"
#include "store/rocks_store.h"
#include "tests/store/store_testing.h"

namespace tally::store {
namespace {

struct Kind {
  std::string name;
  std::function<std::unique_ptr<Store>(const std::string& path, std::shared_ptr<const RowMerger>)>
      make;
};

Kind Rocks(std::string name, size_t ingest_rows_min) {
  return {std::move(name), [=](const std::string& path, std::shared_ptr<const RowMerger> merger) {
            RocksStoreOptions options;
            options.path = path;
            options.merger = std::move(merger);
            options.ingest_rows_min = ingest_rows_min;
            return OpenRocksStore(options).value();
          }};
}

class StoreTest : public ::testing::TestWithParam<Kind> {
 protected:
  StoreTest() : store_(GetParam().make(dir_ / "store", std::make_shared<SumMerger>())) {}

  void MustCommit(std::vector<TestRow> rows) {
    const absl::Status status = Commit(*store_, std::move(rows));
    ASSERT_TRUE(status.ok()) << status;
  }

  TempDir dir_;
  std::unique_ptr<Store> store_;
};

INSTANTIATE_TEST_SUITE_P(
    All, StoreTest,
    ::testing::Values(Kind{"Memory",
                           [](const std::string&, std::shared_ptr<const RowMerger> merger) {
                             return std::make_unique<MemoryStore>(std::move(merger));
                           }},
                      Rocks("RocksSmall", 1'000'000), Rocks("RocksBig", 1), Rocks("RocksBoth", 4)),
    [](const auto& test) { return test.param.name; });

TEST_P(StoreTest, IsEmptyAtFirst) {
  EXPECT_THAT(ReadAll(*store_), ::testing::IsEmpty());
  EXPECT_EQ(Read(*store_, "a"), "(none)");
  EXPECT_TRUE(store_->Stats().health.ok());
  EXPECT_TRUE(store_->Sync().ok());
}

TEST_P(StoreTest, AppliesEveryRowOfACommit) {
  MustCommit({Put("a", "1"), Put("b", "2"), Put("c", "3"), Add("d", 4), Put("e", "5")});
  MustCommit({Put("a", "one"), Delete("b"), Add("d", 5), Delete("nothing")});
  MustCommit({});
  EXPECT_EQ(ReadAll(*store_), (Rows{{"a", "one"}, {"c", "3"}, {"d", Sum(9)}, {"e", "5"}}));
  EXPECT_EQ(Read(*store_, "b"), "(none)");
  EXPECT_TRUE(store_->Sync().ok());
}

TEST_P(StoreTest, KeepsRowsWithoutAValue) {
  MustCommit({Put(std::string("\0", 1), ""), Put("a", "")});
  EXPECT_EQ(Read(*store_, "a"), "");
  EXPECT_EQ(ReadAll(*store_), (Rows{{"a", ""}, {std::string("\0", 1), ""}}));
}

TEST_P(StoreTest, KeepsBytesAsTheyAre) {
  const std::string key("\xff\0\x80", 3);
  const std::string value("\0\xff\n", 3);
  MustCommit({Put(key, value)});
  EXPECT_EQ(Read(*store_, key), value);
}

TEST_P(StoreTest, SnapshotsDoNotChange) {
  const auto empty = store_->NewSnapshot();
  MustCommit({Put("a", "1"), Put("b", "1"), Add("c", 1), Put("d", "1")});
  const auto first = store_->NewSnapshot();
  const auto iterator = first->NewIterator("", "");
  iterator->Seek("");
  MustCommit({Put("a", "2"), Delete("b"), Add("c", -1), Add("e", 7), Put("f", "2")});
  const auto second = store_->NewSnapshot();
  MustCommit({Delete("a"), Put("b", "3"), Add("c", 9), Add("e", -7), Delete("f")});

  EXPECT_EQ(ReadAll(*empty), Rows());
  EXPECT_EQ(ReadAll(*first), (Rows{{"a", "1"}, {"b", "1"}, {"c", Sum(1)}, {"d", "1"}}));
  EXPECT_EQ(ReadAll(*second), (Rows{{"a", "2"}, {"d", "1"}, {"e", Sum(7)}, {"f", "2"}}));
  EXPECT_EQ(ReadAll(*store_), (Rows{{"b", "3"}, {"c", Sum(9)}, {"d", "1"}}));
  EXPECT_EQ(Read(*first, "b"), "1");
  EXPECT_EQ(Read(*second, "b"), "(none)");
  EXPECT_EQ(Read(*second, "c"), "(none)");
  int rows = 0;
  for (; iterator->Valid(); iterator->Next()) ++rows;
  EXPECT_EQ(rows, 4);
}

TEST_P(StoreTest, Merges) {
  struct Case {
    std::string name;
    std::vector<std::optional<TestRow>> steps;  // one commit each
    std::string want;
  };
  const std::vector<Case> cases = {
      {"onto nothing", {Add("k", 5)}, Sum(5)},
      {"onto a row", {Put("k", Sum(2)), Add("k", 5)}, Sum(7)},
      {"many", {Add("k", 1), Add("k", 2), Add("k", 3), Add("k", 4), Add("k", 5)}, Sum(15)},
      {"to nothing", {Add("k", 5), Add("k", -5)}, "(none)"},
      {"a row to nothing", {Put("k", Sum(5)), Add("k", -5)}, "(none)"},
      {"through nothing", {Add("k", 5), Add("k", -5), Add("k", 3)}, Sum(3)},
      {"operands that cancel out", {Put("k", Sum(8)), Add("k", 5), Add("k", -5)}, Sum(8)},
      {"onto a deleted row", {Put("k", Sum(8)), Delete("k"), Add("k", 1)}, Sum(1)},
      {"then deleted", {Add("k", 1), Add("k", 1), Delete("k")}, "(none)"},
      {"then replaced", {Add("k", 1), Put("k", "other")}, "other"},
      {"an empty operand", {Add("k", 1), TestRow{RowOp::kMerge, "k", ""}}, Sum(1)},
      {"an empty operand onto nothing", {TestRow{RowOp::kMerge, "k", ""}}, "(none)"},
  };
  for (size_t i = 0; i < cases.size(); ++i) {
    SCOPED_TRACE(cases[i].name);
    const std::string key = "k" + std::to_string(i);
    for (std::optional<TestRow> step : cases[i].steps) {
      step->key = key;
      MustCommit({*step, Put("meta", std::to_string(i))});
    }
    EXPECT_EQ(Read(*store_, key), cases[i].want);
    const Rows rows = ReadAll(*store_);
    EXPECT_EQ(rows.contains(key) ? rows.at(key) : "(none)", cases[i].want);
  }
}

TEST_P(StoreTest, MalformedMergesAreDataLossOfThatRowOnly) {
  MustCommit({Put("a", "1"), TestRow{RowOp::kMerge, "bad", "xyz"}, Put("c", "1")});
  MustCommit({Put("a", "2"), Add("bad", 1)});
  EXPECT_EQ(Read(*store_, "a"), "2");
  EXPECT_EQ(Read(*store_, "bad"), "(DATA_LOSS)");
  EXPECT_EQ(Read(*store_, "c"), "1");
  const auto snapshot = store_->NewSnapshot();
  const auto iterator = snapshot->NewIterator("b", "");
  iterator->Seek("");
  EXPECT_FALSE(iterator->Valid());
  EXPECT_TRUE(absl::IsDataLoss(iterator->status())) << iterator->status();
  MustCommit({Put("bad", "good")});
  EXPECT_EQ(Read(*store_, "bad"), "good");
}

TEST_P(StoreTest, IteratorsKeepToTheirBounds) {
  MustCommit({Put("a", "1"), Put("b1", "1"), Put("b2", "1"), Put("b3", "1"), Put("c", "1"),
              Put("\xff\xff", "1")});
  MustCommit({Delete("b2"), Put("b4", "1")});
  struct Case {
    std::string lower, upper, seek, want;
  };
  const std::vector<Case> cases = {
      {"", "", "", "a b1 b3 b4 c \xff\xff "},
      {"b", PrefixEnd("b"), "", "b1 b3 b4 "},
      {"b", PrefixEnd("b"), "b2", "b3 b4 "},
      {"b", PrefixEnd("b"), "a", "b1 b3 b4 "},
      {"b", PrefixEnd("b"), "c", ""},
      {"b1", "b4", "b1", "b1 b3 "},
      {"b3", "b3", "", ""},
      {"c", "b", "", ""},
      {"d", "", "", "\xff\xff "},
      {"\xff", PrefixEnd("\xff"), "", "\xff\xff "},
  };
  const auto snapshot = store_->NewSnapshot();
  for (const Case& c : cases) {
    const auto iterator = snapshot->NewIterator(c.lower, c.upper);
    EXPECT_FALSE(iterator->Valid());
    std::string got;
    for (iterator->Seek(c.seek); iterator->Valid(); iterator->Next()) {
      got.append(iterator->key()).append(" ");
    }
    EXPECT_EQ(got, c.want) << "from '" << c.lower << "' to '" << c.upper << "', seek " << c.seek;
    EXPECT_TRUE(iterator->status().ok());
  }
}

TEST_P(StoreTest, RefusesRowsOutOfOrderAndAppliesNone) {
  MustCommit({Put("a", "1")});
  const std::vector<std::vector<TestRow>> cases = {
      {Put("b", "2"), Put("a", "2")},
      {Put("a", "2"), Put("a", "3")},
      {Put("a", "2"), Delete("a")},
      {Put("a", "2"), Put("b", "2"), Put("c", "2"), Put("d", "2"), Put("e", "2"), Put("d", "2")},
      {Add("s", 1), Add("s", 1)},
      {Put("b", ""), Put("", "")},
  };
  for (const std::vector<TestRow>& rows : cases) {
    const absl::Status status = Commit(*store_, rows);
    EXPECT_TRUE(absl::IsInvalidArgument(status)) << status;
    EXPECT_EQ(ReadAll(*store_), (Rows{{"a", "1"}}));
  }
  EXPECT_TRUE(store_->Stats().health.ok());
  MustCommit({Put("b", "2")});
  EXPECT_EQ(ReadAll(*store_), (Rows{{"a", "1"}, {"b", "2"}}));
}

TEST_P(StoreTest, RefusesMergesWithoutAMerger) {
  const auto store = GetParam().make(dir_ / "plain", nullptr);
  EXPECT_TRUE(absl::IsInvalidArgument(Commit(*store, {Put("a", "1"), Add("b", 1)})));
  EXPECT_EQ(ReadAll(*store), Rows());
  EXPECT_TRUE(Commit(*store, {Put("a", "1")}).ok());
}

TEST_P(StoreTest, FollowsTheModelThroughManyCommits) {
  SequenceModel model;
  std::vector<std::pair<Rows, std::unique_ptr<Snapshot>>> kept;
  for (uint64_t n = 1; n <= 120; ++n) {
    MustCommit(SequenceCommit(n));
    ASSERT_EQ(ReadAll(*store_), model.After(n)) << "after commit " << n;
    if (n % 7 == 0) kept.emplace_back(model.After(n), store_->NewSnapshot());
    if (kept.size() > 5) kept.erase(kept.begin() + static_cast<long>(n % 5));
    for (const auto& [rows, snapshot] : kept) ASSERT_EQ(ReadAll(*snapshot), rows);
  }
}

// A reader that comes while a commit is under way sees all of it or nothing, and goes on seeing
// that.
TEST_P(StoreTest, ReadersNeverSeePartOfACommit) {
  constexpr int kCommits = 400;
  constexpr int kRows = 6;
  const auto rows = [](int n) {
    std::vector<TestRow> list;
    for (int i = 0; i < kRows; ++i) {
      list.push_back(Put("row" + std::to_string(i), std::to_string(n)));
    }
    return list;
  };
  MustCommit(rows(0));
  std::atomic<bool> done = false;
  std::thread reader([&] {
    while (!done) {
      const auto snapshot = store_->NewSnapshot();
      const std::string first = Read(*snapshot, "row0");
      for (int round = 0; round < 3; ++round) {
        for (int i = kRows - 1; i >= 0; --i) {
          ASSERT_EQ(Read(*snapshot, "row" + std::to_string(i)), first);
        }
      }
    }
  });
  for (int n = 1; n <= kCommits; ++n) EXPECT_TRUE(Commit(*store_, rows(n)).ok());
  done = true;
  reader.join();
}

}  // namespace
}  // namespace tally::store
