#include "query/position.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

#include "absl/strings/escaping.h"

namespace tally::query {
namespace {

using domain::Topic;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr int64_t kMax = std::numeric_limits<int64_t>::max();
const LogFacts kLog = {"cluster-1/sample.", "sample.", 12};

std::string Describe(const std::vector<MinOffset>& min) {
  std::string text;
  for (const MinOffset& each : min) {
    text += std::to_string(each.partition) + "/" + std::to_string(domain::Index(each.topic)) + "@" +
            std::to_string(each.next_offset) + " ";
  }
  return text;
}

std::string Parsed(const std::string& value, const LogFacts& log = kLog) {
  std::vector<ParameterError> errors;
  const auto min = ParseMinPosition(value, log, errors);
  EXPECT_THAT(errors, IsEmpty()) << value << ": " << (errors.empty() ? "" : errors[0].allowed);
  return Describe(min);
}

std::string Refused(const std::string& value, const LogFacts& log = kLog) {
  std::vector<ParameterError> errors;
  ParseMinPosition(value, log, errors);
  if (errors.empty()) return "";
  EXPECT_EQ(errors[0].parameter, "Tally-Min-Position");
  return errors[0].allowed;
}

TEST(PositionTest, TokenIsReadBackAsWritten) {
  const Position positions[] = {
      {},
      {{0, {0, 0, 0}}},
      {{3, {1, 127, 128}}},
      {{11, {kMax, 0, kMax}}},
      {{0, {1, 2, 3}}, {1, {4, 5, 6}}, {7, {300, 70'000, 5'000'000'000}}},
  };
  for (const Position& position : positions) {
    const std::string token = EncodePosition(position, kLog.identity);
    EXPECT_EQ(token.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                                      "0123456789-_"),
              std::string::npos);
    std::vector<MinOffset> expected;
    for (const ShardPosition& shard : position) {
      for (int topic = 0; topic < domain::kTopicCount; ++topic) {
        expected.push_back({shard.partition, static_cast<Topic>(topic),
                            shard.next_offset[static_cast<size_t>(topic)]});
      }
    }
    EXPECT_EQ(Parsed(token), Describe(expected));
  }
}

TEST(PositionTest, TokenIsCompact) {
  Position position;
  for (int32_t p = 0; p < 12; ++p) position.push_back({p, {1'000'000, 1'000'000, 1'000'000}});
  EXPECT_LE(EncodePosition(position, kLog.identity).size(), 190u);
  EXPECT_LE(EncodePosition({position[11]}, kLog.identity).size(), 26u);
}

TEST(PositionTest, ReadsListsOfTokensAndOffsets) {
  const std::string token = EncodePosition({{2, {10, 20, 30}}}, kLog.identity);
  EXPECT_EQ(Parsed(""), "");
  EXPECT_EQ(Parsed(" , ,"), "");
  EXPECT_EQ(Parsed("sample.event.created/0@0"), "0/0@0 ");
  EXPECT_EQ(Parsed("sample.participant.registered/11@9223372036854775807"),
            "11/1@9223372036854775807 ");
  EXPECT_EQ(Parsed("sample.distribution.completed/007@0042"), "7/2@42 ");
  EXPECT_EQ(Parsed(token + "\t, sample.participant.registered/2@25 ,sample.event.created/1@5"),
            "1/0@5 2/0@10 2/1@25 2/2@30 ");
  EXPECT_EQ(Parsed("sample.event.created/1@9,sample.event.created/1@5"), "1/0@9 ");
}

TEST(PositionTest, TopicsHaveTheWholePrefix) {
  const LogFacts bare = {"c", "", 1};
  EXPECT_EQ(Parsed("event.created/0@1", bare), "0/0@1 ");
  EXPECT_THAT(Refused("event.created/0@1"), HasSubstr("sample.participant.registered"));
  EXPECT_THAT(Refused("sample.event.created/0@1", bare), HasSubstr("event.created"));
}

TEST(PositionTest, RefusesOffsetsThatAreNone) {
  const std::pair<const char*, const char*> rows[] = {
      {"sample.event.created/12@0", "a partition from 0 to 11"},
      {"sample.event.created/-1@0", "a partition from 0 to 11"},
      {"sample.event.created/@0", "a partition from 0 to 11"},
      {"sample.event.created/1x@0", "a partition from 0 to 11"},
      {"sample.event.created/4294967296@0", "a partition from 0 to 11"},
      {"sample.event.created/99999999999999999999@0", "a partition from 0 to 11"},
      {"sample.event.created/0@-1", "a next offset from 0"},
      {"sample.event.created/0@", "a next offset from 0"},
      {"sample.event.created/0@1.5", "a next offset from 0"},
      {"sample.event.created/0@+1", "a next offset from 0"},
      {"sample.event.created/0@9223372036854775808", "a next offset from 0"},
      {"sample.event.created/0@18446744073709551617", "a next offset from 0"},
      {"sample.event.created/0@0x10", "a next offset from 0"},
      {"sample.event.created/0", "topic/partition@nextOffset"},
      {"sample.event.created@0", "topic/partition@nextOffset"},
      {"/0@0", "sample.event.created"},
      {"sample./0@0", "sample.event.created"},
      {"sample.event.deleted/0@0", "sample.event.created"},
      {"Sample.event.created/0@0", "sample.event.created"},
      {"sample.event.created /0@0", "sample.event.created"},
      {"sample.event.created.dlq/0@0", "sample.event.created"},
  };
  for (const auto& [value, allowed] : rows)
    EXPECT_THAT(Refused(value), HasSubstr(allowed)) << value;
}

TEST(PositionTest, RefusesEveryTokenThatIsCutOrChanged) {
  const std::string token = EncodePosition({{2, {10, 200, 3000}}, {5, {1, 2, 3}}}, kLog.identity);
  for (size_t size = 1; size < token.size(); ++size) {
    EXPECT_NE(Refused(token.substr(0, size)), "") << size;
  }
  for (const char* addition : {"A", "AA", "AAAA", "=", "==", "!", "."}) {
    EXPECT_NE(Refused(token + addition), "") << addition;
  }
  EXPECT_NE(Refused("token"), "");
  EXPECT_NE(Refused("\xff\xfe"), "");
}

std::string Rewritten(const std::string& token, size_t byte, char value) {
  std::string bytes;
  EXPECT_TRUE(absl::WebSafeBase64Unescape(token, &bytes));
  bytes[byte] = value;
  return absl::WebSafeBase64Escape(bytes);
}

TEST(PositionTest, RefusesTokensOfOtherLogsVersionsAndTopics) {
  const Position position = {{2, {1, 2, 3}}};
  const std::string token = EncodePosition(position, kLog.identity);
  EXPECT_THAT(Refused(EncodePosition(position, "cluster-2/sample.")),
              HasSubstr("another cluster or topic prefix"));
  EXPECT_THAT(Refused(Rewritten(token, 0, 2)), HasSubstr("this version"));
  EXPECT_THAT(Refused(Rewritten(token, 9, 0x0f)), HasSubstr("this version"));
  EXPECT_THAT(Refused(Rewritten(token, 8, 12)), HasSubstr("a partition from 0 to 11"));
  EXPECT_THAT(Refused(token, {"cluster-1/sample.", "sample.", 2}),
              HasSubstr("a partition from 0 to 1"));
}

TEST(PositionTest, NamesEveryBadElementAndKeepsTheList) {
  std::vector<ParameterError> errors;
  ParseMinPosition("x/0@0,sample.event.created/0@1,sample.event.created/99@1", kLog, errors);
  ASSERT_THAT(errors, SizeIs(2));
  EXPECT_EQ(errors[0].value, "x/0@0");
  EXPECT_EQ(errors[1].value, "sample.event.created/99@1");
}

TEST(PositionTest, BoundsTheList) {
  std::string list;
  for (size_t i = 0; i < kMinPositionEntriesMax; ++i) list += "sample.event.created/0@1,";
  EXPECT_EQ(Parsed(list), "0/0@1 ");
  EXPECT_EQ(Refused(list + "sample.event.created/0@1"), "at most 1000 entries");
}

TEST(PositionTest, PositionReachedIsReadBack) {
  absl::Status status = absl::DeadlineExceededError("too early");
  EXPECT_FALSE(GetPositionReached(status).has_value());
  const Position position = {{0, {1, 2, 3}}, {9, {kMax, 0, 7}}};
  SetPositionReached(status, position);
  EXPECT_EQ(GetPositionReached(status), position);
}

}  // namespace
}  // namespace tally::query
