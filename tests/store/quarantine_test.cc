#include "store/quarantine.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>

#include "store/files.h"

namespace tally::store {
namespace {

class QuarantineTest : public ::testing::Test {
 protected:
  void SetUp() override {
    path_ = ::testing::TempDir() + "tally_quarantine_test_" + std::to_string(::getpid());
    std::filesystem::remove_all(path_);
    std::filesystem::create_directories(path_);
  }
  void TearDown() override { std::filesystem::remove_all(path_); }
  std::string path_;
};

TEST_F(QuarantineTest, KeepsTheFirstReason) {
  EXPECT_EQ(QuarantineOf(path_).value(), std::nullopt);
  ASSERT_TRUE(Quarantine(path_, "event evt-1 is wrong").ok());
  ASSERT_TRUE(Quarantine(path_, "something else").ok());
  EXPECT_EQ(QuarantineOf(path_).value(), "event evt-1 is wrong");
  std::filesystem::remove(path_ + "/QUARANTINED");
  EXPECT_EQ(QuarantineOf(path_).value(), std::nullopt);
}

TEST_F(QuarantineTest, AVeryLongReasonIsCut) {
  ASSERT_TRUE(Quarantine(path_, std::string(1 << 20, 'x')).ok());
  EXPECT_GT(QuarantineOf(path_).value()->size(), 1'000u);
}

TEST_F(QuarantineTest, NeedsTheStoresDirectory) {
  EXPECT_TRUE(absl::IsNotFound(Quarantine(path_ + "/nowhere", "why")));
}

TEST_F(QuarantineTest, FilesAreReplacedAsAWhole) {
  const std::string file = path_ + "/file";
  EXPECT_EQ(ReadSmallFile(file, 10).value(), std::nullopt);
  ASSERT_TRUE(WriteFileDurably(file, "first").ok());
  ASSERT_TRUE(WriteFileDurably(file, "second").ok());
  EXPECT_EQ(ReadSmallFile(file, 6).value(), "second");
  EXPECT_TRUE(absl::IsDataLoss(ReadSmallFile(file, 5).status()));
  ASSERT_TRUE(RenameDurably(file, path_ + "/moved").ok());
  EXPECT_EQ(ReadSmallFile(file, 10).value(), std::nullopt);
  EXPECT_TRUE(absl::IsNotFound(RenameDurably(file, path_ + "/moved")));
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(path_), {}), 1);
}

}  // namespace
}  // namespace tally::store
