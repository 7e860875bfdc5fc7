#include "tools/tally/progress.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>

namespace tally::cli {
namespace {

using std::chrono::milliseconds;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;

class ProgressTest : public ::testing::Test {
 protected:
  Progress NewProgress(int64_t total) {
    return Progress(console_, "shard 3: replaying", total, [this] { return now_; });
  }

  std::istringstream in_;
  std::ostringstream out_, err_;
  Console console_{.in = in_, .out = out_, .err = err_};
  std::chrono::steady_clock::time_point now_;
};

TEST_F(ProgressTest, WhatIsDoneAtOnceIsNotTold) {
  for (const bool terminal : {false, true}) {
    console_.err_is_terminal = terminal;
    Progress progress = NewProgress(100);
    progress.Show(50, 50);
    now_ += milliseconds(99);
    progress.Show(99, 99);
    progress.Finish();
    EXPECT_EQ(err_.str(), "");
  }
}

TEST_F(ProgressTest, ABarIsRedrawnOnATerminalAndTakenAway) {
  console_.err_is_terminal = true;
  Progress progress = NewProgress(4'000);
  now_ += milliseconds(500);
  progress.Show(1'000, 1'000);
  EXPECT_EQ(err_.str(),
            "\rshard 3: replaying [#######-----------------------]  25 %  1,000 records, "
            "2,000/s\x1b[K");
  progress.Show(1'001, 1'001);
  EXPECT_THAT(err_.str(), Not(HasSubstr("1,001"))) << "not for every record";
  now_ += milliseconds(500);
  progress.Show(4'000, 4'000);
  EXPECT_THAT(err_.str(), HasSubstr("\rshard 3: replaying [##############################] 100 %"));
  progress.Finish();
  EXPECT_THAT(err_.str(), EndsWith("\r\x1b[K"));
  EXPECT_EQ(out_.str(), "") << "the report alone is there";
}

TEST_F(ProgressTest, ALineNowAndThenElsewhere) {
  Progress progress = NewProgress(0);
  now_ += std::chrono::seconds(4);
  progress.Show(1'000, 1'000);
  EXPECT_EQ(err_.str(), "");
  now_ += std::chrono::seconds(1);
  progress.Show(5'000, 5'000);
  progress.Finish();
  EXPECT_EQ(err_.str(), "tally: shard 3: replaying  5,000 records, 1,000/s\n");
}

}  // namespace
}  // namespace tally::cli
