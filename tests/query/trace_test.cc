#include "query/trace.h"

#include <gtest/gtest.h>

namespace tally::query::http {
namespace {

const std::string kTrace = "4bf92f3577b34da6a3ce929d0e0e4736";
const std::string kGood = "00-" + kTrace + "-00f067aa0ba902b7-01";

TEST(TraceTest, TakesWhatTheStandardAllows) {
  EXPECT_EQ(ReadTraceparent(kGood), kGood);
  EXPECT_EQ(TraceId(kGood), kTrace);
  EXPECT_EQ(TraceId(""), "");
  EXPECT_EQ(ReadTraceparent("cc" + kGood.substr(2)), kGood);
  EXPECT_EQ(ReadTraceparent("cc" + kGood.substr(2) + "-what-comes-later"), kGood);
}

TEST(TraceTest, RefusesTheRest) {
  const std::string rows[] = {
      "",
      "garbage",
      "ff" + kGood.substr(2),
      "0x" + kGood.substr(2),
      kGood + "-more",
      kGood + " ",
      "cc" + kGood.substr(2) + ".more",
      kGood.substr(0, 54),
      "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
      "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
      "00-" + kTrace + "-0000000000000000-01",
      "00-" + kTrace + "_00f067aa0ba902b7-01",
      "00-" + kTrace + "-00f067aa0ba902b7-0g",
      "00-" + kTrace + "-00f067aa0ba902b7\"01",
  };
  for (const std::string& row : rows) EXPECT_EQ(ReadTraceparent(row), "") << row;
}

}  // namespace
}  // namespace tally::query::http
