#include "store/shard_directory.h"

#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/store/store_testing.h"

namespace tally::store {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

void Write(const std::string& path, std::string_view content) { std::ofstream(path) << content; }

std::vector<std::string> Names(const std::string& path) {
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(path)) names.push_back(entry.path().filename());
  std::sort(names.begin(), names.end());
  return names;
}

absl::Status OpenStatus(const std::string& path, DataDirMode mode = DataDirMode::kReadWrite) {
  return DataDir::Open(path, mode).status();
}

TEST(DataDirTest, IsMadeWithItsParents) {
  const TempDir temp;
  const absl::StatusOr<DataDir> dir = DataDir::Open(temp / "a/b/", DataDirMode::kReadWrite);
  ASSERT_TRUE(dir.ok()) << dir.status();
  EXPECT_EQ(dir->path(), temp / "a/b");
  EXPECT_THAT(Names(temp / "a/b"), ElementsAre("FORMAT", "LOCK"));
  EXPECT_EQ(dir->ShardPath(7), temp / "a/b/shard-00007");
  EXPECT_THAT(*dir->ListShards(), IsEmpty());
}

TEST(DataDirTest, OpensAgainAndListsShards) {
  const TempDir temp;
  for (int round = 0; round < 2; ++round) {
    const absl::StatusOr<DataDir> dir = DataDir::Open(temp.path(), DataDirMode::kReadWrite);
    ASSERT_TRUE(dir.ok()) << dir.status();
    fs::create_directory(dir->ShardPath(11));
    fs::create_directory(dir->ShardPath(2));
    fs::create_directory(temp / "shard-1");
    fs::create_directory(temp / "shard-0000x");
    Write(temp / "shard-00003", "a file");
    EXPECT_THAT(*dir->ListShards(), ElementsAre(2, 11));
  }
}

TEST(DataDirTest, TakesAnEmptyVolumeAndAnInterruptedStart) {
  const TempDir temp;
  fs::create_directory(temp / "lost+found");
  Write(temp / "LOCK", "");
  Write(temp / "FORMAT.new", "tally da");
  EXPECT_TRUE(OpenStatus(temp.path()).ok());
  EXPECT_TRUE(OpenStatus(temp.path()).ok());
}

TEST(DataDirTest, RefusesSomebodyElsesDirectoryAndLeavesItAlone) {
  const TempDir temp;
  Write(temp / "thesis.tex", "");
  const absl::Status status = OpenStatus(temp.path());
  EXPECT_TRUE(absl::IsFailedPrecondition(status)) << status;
  EXPECT_THAT(std::string(status.message()), HasSubstr("thesis.tex"));
  EXPECT_THAT(std::string(status.message()), HasSubstr("--data-dir"));
  EXPECT_THAT(Names(temp.path()), ElementsAre("thesis.tex"));
}

TEST(DataDirTest, RefusesWhatIsNoDirectory) {
  const TempDir temp;
  Write(temp / "file", "");
  for (const char* name : {"file", "file/below"}) {
    const absl::Status status = OpenStatus(temp / name);
    EXPECT_TRUE(absl::IsFailedPrecondition(status)) << status;
    EXPECT_THAT(std::string(status.message()), HasSubstr("not a directory"));
  }
  EXPECT_TRUE(absl::IsFailedPrecondition(OpenStatus("")));
  EXPECT_TRUE(absl::IsFailedPrecondition(OpenStatus(temp / "file", DataDirMode::kReadOnly)));
}

TEST(DataDirTest, RefusesAnUnknownLayout) {
  struct Case {
    std::string content, words;
  };
  const std::vector<Case> cases = {
      {"tally data directory\nlayout 2\n", "newer version of Tally"},
      {"tally data directory\nlayout 0\n", "older version of Tally"},
      {"tally data directory\nlayout 1", "damaged"},
      {"tally data directory\nlayout x\n", "damaged"},
      {"", "damaged"},
      {"parquet\n", "damaged or not of Tally"},
  };
  for (const Case& c : cases) {
    const TempDir temp;
    Write(temp / "FORMAT", c.content);
    for (const DataDirMode mode : {DataDirMode::kReadWrite, DataDirMode::kReadOnly}) {
      const absl::Status status = OpenStatus(temp.path(), mode);
      EXPECT_TRUE(absl::IsFailedPrecondition(status)) << c.content << status;
      EXPECT_THAT(std::string(status.message()), HasSubstr(c.words));
    }
    EXPECT_THAT(Names(temp.path()), ElementsAre("FORMAT"));
  }
}

// Root may write anywhere, so the check is made as another user, in a child.
TEST(DataDirTest, RefusesADirectoryThatItCannotWriteTo) {
  if (geteuid() != 0) GTEST_SKIP() << "needs root to become another user";
  const TempDir temp;
  ASSERT_EQ(chmod(temp.path().c_str(), 0755), 0);
  const pid_t child = fork();
  if (child == 0) {
    if (setgid(65534) != 0 || setuid(65534) != 0) _exit(2);
    const absl::Status existing = OpenStatus(temp.path());
    const absl::Status made = OpenStatus(temp / "new");
    const bool named = existing.message().find("--data-dir") != absl::string_view::npos;
    _exit(absl::IsPermissionDenied(existing) && absl::IsPermissionDenied(made) && named ? 0 : 1);
  }
  int outcome = 0;
  ASSERT_EQ(waitpid(child, &outcome, 0), child);
  EXPECT_EQ(outcome, 0);
}

TEST(DataDirTest, BelongsToOneProcessWhichIsNamed) {
  const TempDir temp;
  int ready[2];
  int finish[2];
  ASSERT_EQ(pipe(ready), 0);
  ASSERT_EQ(pipe(finish), 0);
  const pid_t child = fork();
  if (child == 0) {
    close(finish[1]);
    const absl::StatusOr<DataDir> dir = DataDir::Open(temp.path(), DataDirMode::kReadWrite);
    char byte = dir.ok() ? 'y' : 'n';
    if (write(ready[1], &byte, 1) != 1) _exit(1);
    _exit(read(finish[0], &byte, 1) == 0 ? 0 : 1);  // until the parent closes its end
  }
  char byte = 0;
  ASSERT_EQ(read(ready[0], &byte, 1), 1);
  ASSERT_EQ(byte, 'y');
  const absl::Status status = OpenStatus(temp.path());
  EXPECT_TRUE(absl::IsFailedPrecondition(status)) << status;
  EXPECT_THAT(std::string(status.message()), HasSubstr("process " + std::to_string(child)));
  EXPECT_TRUE(OpenStatus(temp.path(), DataDirMode::kReadOnly).ok());

  close(finish[1]);
  int outcome = 0;
  ASSERT_EQ(waitpid(child, &outcome, 0), child);
  EXPECT_EQ(outcome, 0);
  EXPECT_TRUE(OpenStatus(temp.path()).ok());
  for (const int fd : {ready[0], ready[1], finish[0]}) close(fd);
}

TEST(DataDirTest, TheLockMovesWithTheObject) {
  const TempDir temp;
  absl::StatusOr<DataDir> dir = DataDir::Open(temp.path(), DataDirMode::kReadWrite);
  {
    const DataDir moved = *std::move(dir);
    EXPECT_TRUE(absl::IsFailedPrecondition(OpenStatus(temp.path())));
  }
  EXPECT_TRUE(OpenStatus(temp.path()).ok());
}

TEST(DataDirTest, RemembersWhatBelongsHere) {
  using Shards = std::vector<int32_t>;
  const TempDir temp;
  const absl::StatusOr<DataDir> dir = DataDir::Open(temp.path(), DataDirMode::kReadWrite);
  ASSERT_TRUE(dir.ok()) << dir.status();
  EXPECT_EQ(*dir->ExpectedShards(), std::nullopt);
  Shards many;
  for (int32_t partition = 0; partition < 20'000; ++partition) many.push_back(partition);
  for (const Shards& shards : {Shards{0, 3, 99'999}, many, Shards{}, Shards{2}}) {
    ASSERT_TRUE(dir->ExpectShards(shards).ok());
    EXPECT_EQ(*dir->ExpectedShards(), shards);
  }
  EXPECT_THAT(Names(temp.path()), ElementsAre("FORMAT", "LOCK", "SHARDS"));
  const auto written = fs::last_write_time(temp / "SHARDS");
  fs::last_write_time(temp / "SHARDS", written - std::chrono::hours(1));
  ASSERT_TRUE(dir->ExpectShards({2}).ok());
  EXPECT_EQ(fs::last_write_time(temp / "SHARDS"), written - std::chrono::hours(1));
}

TEST(DataDirTest, ADamagedListOfWhatBelongsHereIsNotBelieved) {
  const TempDir temp;
  const absl::StatusOr<DataDir> dir = DataDir::Open(temp.path(), DataDirMode::kReadWrite);
  ASSERT_TRUE(dir.ok()) << dir.status();
  for (const std::string_view content : {"", "0 1", "0 x\n", "-1\n", "100000\n"}) {
    Write(temp / "SHARDS", content);
    EXPECT_TRUE(absl::IsDataLoss(dir->ExpectedShards().status())) << content;
  }
  ASSERT_TRUE(dir->ExpectShards({1}).ok());
  EXPECT_TRUE(dir->ExpectedShards().ok());
}

TEST(DataDirTest, WhatCannotBeWrittenDownIsNotRememberedWrongly) {
  const TempDir temp;
  const absl::StatusOr<DataDir> dir = DataDir::Open(temp.path(), DataDirMode::kReadWrite);
  ASSERT_TRUE(dir.ok()) << dir.status();
  ASSERT_TRUE(dir->ExpectShards({0, 1}).ok());
  fs::create_directory(temp / "SHARDS.new");
  EXPECT_FALSE(dir->ExpectShards({0}).ok());
  EXPECT_EQ(*dir->ExpectedShards(), std::nullopt);
}

TEST(DataDirTest, ReadingWritesNothing) {
  const TempDir temp;
  EXPECT_TRUE(absl::IsNotFound(OpenStatus(temp / "none", DataDirMode::kReadOnly)));
  EXPECT_FALSE(fs::exists(temp / "none"));
  EXPECT_TRUE(absl::IsNotFound(OpenStatus(temp.path(), DataDirMode::kReadOnly)));
  EXPECT_THAT(Names(temp.path()), IsEmpty());
}

}  // namespace
}  // namespace tally::store
