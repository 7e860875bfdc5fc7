// What only the real store has: files, other processes, crashes.
#include "store/rocks_store.h"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <random>
#include <thread>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "store/rocks_internal.h"
#include "tests/store/store_testing.h"

extern char** environ;

namespace tally::store {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

RocksStoreOptions Options(const std::string& path) {
  RocksStoreOptions options;
  options.path = path;
  options.merger = std::make_shared<SumMerger>();
  options.ingest_rows_min = kSequenceBigRows;
  return options;
}

std::unique_ptr<Store> MustOpen(const RocksStoreOptions& options) {
  absl::StatusOr<std::unique_ptr<Store>> store = OpenRocksStore(options);
  if (!store.ok()) ADD_FAILURE() << store.status();
  return store.ok() ? *std::move(store) : nullptr;
}

std::vector<std::string> Files(const std::string& dir, std::string_view ending = "") {
  std::vector<std::string> files;
  for (const auto& entry : fs::recursive_directory_iterator(dir)) {
    if (entry.path().string().ends_with(ending)) files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  return files;
}

TEST(RocksStoreTest, KeepsItsRowsWhenItIsClosed) {
  const TempDir temp;
  SequenceModel model;
  for (uint64_t n = 1; n <= 60; ++n) {
    const auto store = MustOpen(Options(temp / "s"));
    ASSERT_EQ(ReadAll(*store), model.After(n - 1));
    ASSERT_TRUE(Commit(*store, SequenceCommit(n)).ok());
  }
}

TEST(RocksStoreTest, OpensWhatIsThereOnlyIfItIs) {
  const TempDir temp;
  RocksStoreOptions options = Options(temp / "s");
  options.mode = OpenMode::kMustExist;
  EXPECT_TRUE(absl::IsNotFound(OpenRocksStore(options).status()));
  EXPECT_TRUE(absl::IsNotFound(OpenRocksStoreReadOnly(options).status()));
  EXPECT_FALSE(fs::exists(temp / "s"));
  MustOpen(Options(temp / "s"));
  EXPECT_TRUE(OpenRocksStore(options).ok());
}

TEST(RocksStoreTest, IsOpenForWritingOnce) {
  const TempDir temp;
  const auto store = MustOpen(Options(temp / "s"));
  const absl::Status status = OpenRocksStore(Options(temp / "s")).status();
  EXPECT_TRUE(absl::IsFailedPrecondition(status)) << status;
  EXPECT_THAT(std::string(status.message()), HasSubstr("in use"));
}

TEST(RocksStoreTest, RefusesWhatItsCallerDoesNotAdmitAndLeavesItAlone) {
  const TempDir temp;
  RocksStoreOptions options = Options(temp / "s");
  int asked = 0;
  options.admit = [&](const Snapshot& snapshot) {
    ++asked;
    return Read(snapshot, "a") == "1" ? absl::OkStatus() : absl::FailedPreconditionError("not 1");
  };
  ASSERT_TRUE(Commit(*MustOpen(options), {Put("a", "1")}).ok());
  EXPECT_EQ(asked, 0);
  ASSERT_TRUE(Commit(*MustOpen(options), {Put("a", "2")}).ok());
  EXPECT_EQ(asked, 1);
  const std::vector<std::string> before = Files(temp / "s");
  const absl::Status status = OpenRocksStore(options).status();
  EXPECT_EQ(status.message(), "not 1");
  EXPECT_EQ(Files(temp / "s"), before);
}

TEST(RocksStoreTest, ManyRowsBehindASmallHintGoIntoATable) {
  const TempDir temp;
  class Unhinted : public ListRows {
   public:
    using ListRows::ListRows;
    size_t SizeHint() const override { return 0; }
  };
  RocksStoreOptions options = Options(temp / "s");
  options.ingest_bytes_min = 10'000;
  const auto store = MustOpen(options);
  std::vector<TestRow> many;
  for (int i = 0; i < 300; ++i) many.push_back(Put("k" + std::to_string(1000 + i), "v"));
  Unhinted rows(many);
  ASSERT_TRUE(store->Commit(rows).ok());
  EXPECT_EQ(Files(temp / "s", ".sst").size(), 1u);
  Unhinted few({Put("k2000", std::string(4'000, 'x')), Put("k2001", std::string(4'000, 'x')),
                Put("k2002", std::string(4'000, 'x'))});
  ASSERT_TRUE(store->Commit(few).ok());
  EXPECT_EQ(Files(temp / "s", ".sst").size(), 2u);
  EXPECT_EQ(ReadAll(*store).size(), 303u);
  EXPECT_GT(store->Stats().disk_bytes, 300u);
}

TEST(RocksStoreTest, RemovesWhatAnInterruptedCommitLeft) {
  const TempDir temp;
  ASSERT_TRUE(Commit(*MustOpen(Options(temp / "s")), {Put("a", "1")}).ok());
  std::ofstream(temp / "s/ingest/commit.sst") << "half a table";
  std::ofstream(temp / "s/999999.sst") << "a table that no manifest names";
  const auto store = MustOpen(Options(temp / "s"));
  EXPECT_TRUE(Files(temp / "s/ingest").empty());
  EXPECT_FALSE(fs::exists(temp / "s/999999.sst"));
  EXPECT_EQ(ReadAll(*store), (Rows{{"a", "1"}}));
}

TEST(RocksStoreTest, NothingIsLeftOfARefusedCommit) {
  const TempDir temp;
  RocksStoreOptions options = Options(temp / "s");
  options.ingest_rows_min = 1;
  const auto store = MustOpen(options);
  EXPECT_TRUE(absl::IsInvalidArgument(Commit(*store, {Put("b", "1"), Put("a", "1")})));
  EXPECT_TRUE(Files(temp / "s/ingest").empty());
  EXPECT_TRUE(Commit(*store, {Put("a", "1")}).ok());
  EXPECT_TRUE(Files(temp / "s/ingest").empty());
}

TEST(RocksStoreTest, SharesOneEnvironmentAmongStores) {
  const TempDir temp;
  auto environment = std::make_shared<RocksEnvironment>(RocksEnvironmentOptions());
  std::vector<std::unique_ptr<Store>> stores;
  for (int i = 0; i < 4; ++i) {
    RocksStoreOptions options = Options(temp / std::to_string(i));
    options.environment = environment;
    stores.push_back(MustOpen(options));
    for (uint64_t n = 1; n <= 6; ++n) ASSERT_TRUE(Commit(*stores[i], SequenceCommit(n)).ok());
    EXPECT_EQ(SequenceNumberOf(ReadAll(*stores[i])), 6u);
  }
  EXPECT_GT(environment->MemoryUsedBytes(), 0u);
}

TEST(RocksStoreTest, CountsTheTablesThatWaitForCompaction) {
  const TempDir temp;
  RocksStoreOptions options = Options(temp / "s");
  options.ingest_rows_min = 1;
  const auto store = MustOpen(options);
  const auto snapshot = store->NewSnapshot();
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(Commit(*store, {Put("a", "1"), Put("z", "1")}).ok());
  EXPECT_EQ(store->Stats().level0_files, 3u);
  EXPECT_FALSE(store->Stats().compacting);  // they are too few yet
}

// Compaction merges, drops and keeps what it must.
TEST(RocksStoreTest, StaysTheSameThroughCompactions) {
  const TempDir temp;
  RocksStoreOptions options = Options(temp / "s");
  options.ingest_rows_min = 1;  // a table each commit
  const auto store = MustOpen(options);
  SequenceModel model;
  const auto empty = store->NewSnapshot();
  for (uint64_t n = 1; n <= 200; ++n) ASSERT_TRUE(Commit(*store, SequenceCommit(n)).ok());
  EXPECT_EQ(ReadAll(*store), model.After(200));
  EXPECT_EQ(ReadAll(*empty), Rows());
  EXPECT_GT(store->Stats().disk_bytes, 1'000u);
  EXPECT_GT(store->Stats().memory_bytes, 0u);
}

TEST(RocksStoreTest, RefusesItsOwnMarksAsValues) {
  const TempDir temp;
  const auto store = MustOpen(Options(temp / "s"));
  for (const std::string_view mark : {kNoRowMark, kDamagedMark}) {
    EXPECT_TRUE(absl::IsInvalidArgument(Commit(*store, {Put("a", std::string(mark))})));
  }
  EXPECT_TRUE(Commit(*store, {Put("a", std::string(kNoRowMark) + "x")}).ok());
  EXPECT_EQ(Read(*store, "a"), std::string(kNoRowMark) + "x");
}

// --- damage ---

// A row that cannot be merged spoils no compaction, and no other row.
TEST(RocksStoreTest, StaysInUseWithARowThatCannotBeMerged) {
  const TempDir temp;
  RocksStoreOptions options = Options(temp / "s");
  options.ingest_rows_min = 1;
  SequenceModel model;
  for (int round = 0; round < 2; ++round) {
    const auto store = MustOpen(options);
    for (uint64_t n = 1; n <= 60; ++n) {
      std::vector<TestRow> rows = SequenceCommit(60 * round + n);
      rows.push_back({RowOp::kMerge, "zzz", "malformed"});
      ASSERT_TRUE(Commit(*store, rows).ok());
      ASSERT_EQ(Read(*store, "zzz"), "(DATA_LOSS)");
    }
    EXPECT_TRUE(store->Stats().health.ok()) << store->Stats().health;
    Rows rows = ReadAll(*store);
    EXPECT_EQ(rows.erase("!"), 1u);
    EXPECT_EQ(rows, model.After(60 * (round + 1)));
  }
  const auto store = MustOpen(options);
  ASSERT_TRUE(Commit(*store, {Put("zzz", "healed")}).ok());
  EXPECT_EQ(Read(*store, "zzz"), "healed");
}

TEST(RocksStoreTest, FindsDamagedTables) {
  const TempDir temp;
  const auto value = [](int i) { return "value-" + std::to_string(i * 7919); };
  const auto key = [](int i) { return "k" + std::to_string(100'000 + i); };
  {
    std::vector<TestRow> rows;
    for (int i = 0; i < 20'000; ++i) rows.push_back(Put(key(i), value(i)));
    ASSERT_TRUE(Commit(*MustOpen(Options(temp / "s")), rows).ok());
  }
  const std::vector<std::string> tables = Files(temp / "s", ".sst");
  ASSERT_EQ(tables.size(), 1u);
  std::fstream table(tables[0], std::ios::in | std::ios::out | std::ios::binary);
  table.seekg(static_cast<std::streamoff>(fs::file_size(tables[0]) / 3));
  const char byte = static_cast<char>(table.peek() ^ 4);
  table.write(&byte, 1);
  table.close();

  const auto store = MustOpen(Options(temp / "s"));
  int lost = 0;
  for (int i = 0; i < 20'000; ++i) {
    const std::string got = Read(*store, key(i));
    if (got == "(DATA_LOSS)") {
      ++lost;
    } else {
      ASSERT_EQ(got, value(i));
    }
  }
  EXPECT_GT(lost, 0);
  EXPECT_TRUE(ReadAll(*store).contains("!"));
}

TEST(RocksStoreTest, FindsMissingFiles) {
  for (const std::string& ending : {std::string(".sst"), std::string("CURRENT")}) {
    const TempDir temp;
    {
      const auto store = MustOpen(Options(temp / "s"));
      for (uint64_t n = 1; n <= 3; ++n) ASSERT_TRUE(Commit(*store, SequenceCommit(n)).ok());
    }
    const std::vector<std::string> files = Files(temp / "s", ending);
    ASSERT_FALSE(files.empty());
    fs::remove(files[0]);
    const absl::Status status = OpenRocksStore(Options(temp / "s")).status();
    EXPECT_TRUE(absl::IsDataLoss(status)) << ending << ": " << status;
    EXPECT_TRUE(absl::IsDataLoss(OpenRocksStoreReadOnly(Options(temp / "s")).status())) << ending;
  }
}

// --- other processes ---

class Writer {
 public:
  Writer(const std::string& path, uint64_t first_commit) {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) abort();
    // As many commits it may be ahead of who awaits them: a slow machine must have an end.
    if (fcntl(ends[1], F_SETPIPE_SZ, 4096) < 0) abort();
    acks_ = ends[0];
    std::string program = STORE_WRITER;
    std::string directory = path;
    std::string first = std::to_string(first_commit);
    char* arguments[] = {program.data(), directory.data(), first.data(), nullptr};
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
    if (posix_spawn(&pid_, STORE_WRITER, &actions, nullptr, arguments, environ) != 0) abort();
    posix_spawn_file_actions_destroy(&actions);
    close(ends[1]);
  }
  ~Writer() {
    Kill();
    close(acks_);
  }
  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;

  // Wherever in a commit it is.
  void Halt() { kill(pid_, SIGSTOP); }
  void Continue() { kill(pid_, SIGCONT); }

  // False when it has ended.
  bool AwaitCommit() {
    char byte = 0;
    if (read(acks_, &byte, 1) != 1) return false;
    ++commits_;
    return true;
  }
  void Kill() {
    if (pid_ <= 0) return;
    kill(pid_, SIGKILL);
    waitpid(std::exchange(pid_, -1), nullptr, 0);
    while (AwaitCommit()) {
    }
  }
  uint64_t commits() const { return commits_; }  // acknowledged

 private:
  pid_t pid_ = -1;
  int acks_ = -1;
  uint64_t commits_ = 0;
};

TEST(RocksStoreTest, AKilledProcessLosesNoCommitAndLeavesNoHalfOne) {
  const TempDir temp;
  SequenceModel model;
  uint64_t committed = 0;
  for (int kill = 0; kill < 15; ++kill) {
    std::mt19937_64 random(kill);
    Writer writer(temp / "s", committed + 1);
    const uint64_t wait = 1 + random() % 60;
    for (uint64_t i = 0; i < wait; ++i) ASSERT_TRUE(writer.AwaitCommit());
    // Chooses where in a commit the kill falls.
    [[maybe_unused]] volatile uint64_t spin = 0;
    for (uint64_t left = random() % 3'000'000; left > 0; --left) spin = left;
    writer.Kill();
    const auto store = MustOpen(Options(temp / "s"));
    const Rows rows = ReadAll(*store);
    const uint64_t found = SequenceNumberOf(rows);
    ASSERT_GE(found, committed + writer.commits()) << "kill " << kill;
    ASSERT_LE(found, committed + writer.commits() + 1) << "kill " << kill;
    ASSERT_EQ(rows, model.After(found)) << "kill " << kill;
    EXPECT_TRUE(Files(temp / "s/ingest").empty());
    committed = found;
  }
}

TEST(RocksStoreTest, IsInUseByAnotherProcess) {
  const TempDir temp;
  Writer writer(temp / "s", 1);
  ASSERT_TRUE(writer.AwaitCommit());
  const absl::Status status = OpenRocksStore(Options(temp / "s")).status();
  EXPECT_TRUE(absl::IsFailedPrecondition(status)) << status;
}

TEST(RocksStoreTest, CanBeReadBesideAWriter) {
  const TempDir temp;
  Writer writer(temp / "s", 1);
  SequenceModel model;
  uint64_t last = 0;
  for (int i = 0; i < 20; ++i) {
    ASSERT_TRUE(writer.AwaitCommit());
    auto reader = OpenRocksStoreReadOnly(Options(temp / "s"));
    // This writer never rests: on a slow machine it may outrun all tries of one call.
    if (absl::IsUnavailable(reader.status())) {
      writer.Halt();
      reader = OpenRocksStoreReadOnly(Options(temp / "s"));
      writer.Continue();
    }
    ASSERT_TRUE(reader.ok()) << reader.status();
    const Rows rows = ReadAll(**reader);
    const uint64_t found = SequenceNumberOf(rows);
    ASSERT_GE(found, std::max(last, writer.commits()));
    ASSERT_EQ(rows, model.After(found));
    ASSERT_EQ(ReadAll(**reader), rows);
    last = found;
  }
}

TEST(RocksStoreTest, ReadingDoesNotWrite) {
  const TempDir temp;
  auto store = MustOpen(Options(temp / "s"));
  for (uint64_t n = 1; n <= 5; ++n) ASSERT_TRUE(Commit(*store, SequenceCommit(n)).ok());
  store.reset();
  const std::vector<std::string> before = Files(temp / "s");
  const auto reader = OpenRocksStoreReadOnly(Options(temp / "s"));
  ASSERT_TRUE(reader.ok()) << reader.status();
  EXPECT_EQ(SequenceNumberOf(ReadAll(**reader)), 5u);
  EXPECT_EQ(Files(temp / "s"), before);
  store = MustOpen(Options(temp / "s"));
  for (uint64_t n = 6; n <= 9; ++n) ASSERT_TRUE(Commit(*store, SequenceCommit(n)).ok());
  EXPECT_EQ(SequenceNumberOf(ReadAll(**reader)), 5u);
  EXPECT_TRUE(absl::IsFailedPrecondition(Commit(**reader, {Put("a", "1")})));
  EXPECT_TRUE(absl::IsFailedPrecondition((*reader)->Sync()));
}

}  // namespace
}  // namespace tally::store
