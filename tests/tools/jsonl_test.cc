#include "tools/tally/jsonl.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>

namespace tally::cli {
namespace {

using ::testing::HasSubstr;

struct GoodLine {
  const char* line;
  OutgoingRecord record;
};

class GoodLines : public ::testing::TestWithParam<GoodLine> {};

TEST_P(GoodLines, AreReadAsWritten) {
  JsonlParser parser;
  OutgoingRecord record;
  record.partition = 3;  // left over from the line before
  record.headers.emplace_back("old", "1");
  record.timestamp_ms = 5;
  const auto status = parser.Parse(GetParam().line, &record);
  ASSERT_TRUE(status.ok()) << status;
  EXPECT_EQ(record, GetParam().record);
}

INSTANTIATE_TEST_SUITE_P(
    Jsonl, GoodLines,
    ::testing::Values(
        GoodLine{R"({"topic":"t","key":"k","value":{"a":1}})", {"t", {}, "k", R"({"a":1})"}},
        GoodLine{R"( { "value" : { "b" : 1.50,  "a":[ {} ] }  , "key":"k", "topic":"t"} )",
                 {"t", {}, "k", R"({ "b" : 1.50,  "a":[ {} ] })"}},
        GoodLine{R"({"topic":"t","key":"k","value":{"a":1,"a":"\ud55c"}})",
                 {"t", {}, "k", R"({"a":1,"a":"\ud55c"})"}},
        GoodLine{R"({"topic":"t","key":"k","value":"plain \"text\" \ud55c\n"})",
                 {"t", {}, "k", "plain \"text\" 한\n"}},
        GoodLine{R"({"topic":"t","key":"k","value":""})", {"t", {}, "k", ""}},
        GoodLine{R"({"topic":"t","key":"","value":null})", {"t", {}, "", std::nullopt}},
        GoodLine{R"({"topic":"t","key":null,"value":{}})", {"t", {}, std::nullopt, "{}"}},
        GoodLine{R"({"topic":"t","key":"k","valueBase64":"AP9h"})",
                 {"t",
                  {},
                  "k",
                  std::string("\0\xff"
                              "a",
                              3)}},
        GoodLine{R"({"topic":"t","key":"k","value":{},"partition":7,"timestamp":1767193200000})",
                 {"t", 7, "k", "{}", {}, 1767193200000}},
        GoodLine{R"({"topic":"t","key":"k","value":{},"headers":{"a":"1","b":null}})",
                 {"t", {}, "k", "{}", {{"a", "1"}, {"b", std::nullopt}}}}));

struct BadLine {
  const char* line;
  const char* says;
};

class BadLines : public ::testing::TestWithParam<BadLine> {};

TEST_P(BadLines, AreRefusedWithAReason) {
  JsonlParser parser;
  OutgoingRecord record;
  const auto status = parser.Parse(GetParam().line, &record);
  ASSERT_FALSE(status.ok()) << GetParam().line;
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(status.message()), HasSubstr(GetParam().says));
  // The parser goes on with the next line.
  EXPECT_TRUE(parser.Parse(R"({"topic":"t","key":"k","value":{}})", &record).ok());
}

INSTANTIATE_TEST_SUITE_P(
    Jsonl, BadLines,
    ::testing::Values(
        BadLine{"topic,key,value", "not JSON"}, BadLine{"{", "not JSON"},
        BadLine{R"({"topic":"t","key":"k","value":{"a":}})", "not JSON"},
        BadLine{R"({"topic":"t","key":"k","value":{"a":1}} {})", "not JSON"},
        BadLine{R"({"topic":"t","key":"k","value":{"a":01}})", "not JSON"},
        BadLine{R"({'topic':'t'})", "not JSON"},
        BadLine{"{\"topic\":\"t\",\"key\":\"k\",\"value\":{\"a\":\"\xff\"}}", "not JSON"},
        BadLine{R"([{"topic":"t","key":"k","value":{}}])", "not a JSON object"},
        BadLine{R"("topic")", "not a JSON object"}, BadLine{"null", "not a JSON object"},
        BadLine{R"({})", "topic is missing"},
        BadLine{R"({"key":"k","value":{}})", "topic is missing"},
        BadLine{R"({"topic":"t","value":{}})", "key is missing"},
        BadLine{R"({"topic":"t","key":"k"})", "value is missing"},
        BadLine{R"({"topic":"","key":"k","value":{}})", "topic must be a string"},
        BadLine{R"({"topic":null,"key":"k","value":{}})", "topic must be a string"},
        BadLine{R"({"topic":1,"key":"k","value":{}})", "topic must be a string"},
        BadLine{R"({"topic":"t","key":1,"value":{}})", "key must be a string"},
        BadLine{R"({"topic":"t","key":{},"value":{}})", "key must be a string"},
        BadLine{R"({"topic":"t","key":"k","value":1})", "value must be an object"},
        BadLine{R"({"topic":"t","key":"k","value":true})", "value must be an object"},
        BadLine{R"({"topic":"t","key":"k","value":[{}]})", "value must be an object"},
        BadLine{R"({"topic":"t","key":"k","vlaue":{}})", "unknown field \"vlaue\""},
        BadLine{R"({"topic":"t","key":"k","Value":{}})", "unknown field \"Value\""},
        BadLine{R"({"topic":"t","key":"k","key":"l","value":{}})", "key is given twice"},
        BadLine{R"({"topic":"t","key":"k","value":{},"value":{}})", "value is given twice"},
        BadLine{R"({"topic":"t","key":"k","value":{},"valueBase64":"AA=="})", "exclude each other"},
        BadLine{R"({"topic":"t","key":"k","valueBase64":"*"})", "base64"},
        BadLine{R"({"topic":"t","key":"k","valueBase64":null})", "base64"},
        BadLine{R"({"topic":"t","key":"k","value":{},"headers":[]})", "headers must be"},
        BadLine{R"({"topic":"t","key":"k","value":{},"headers":{"a":1}})", "headers must be"},
        BadLine{R"({"topic":"t","key":"k","value":{},"timestamp":-1})", "timestamp must be"},
        BadLine{R"({"topic":"t","key":"k","value":{},"timestamp":"2026-01-01"})",
                "timestamp must be"},
        BadLine{R"({"topic":"t","key":"k","value":{},"timestamp":1.5})", "timestamp must be"},
        BadLine{R"({"topic":"t","key":"k","value":{},"partition":-1})", "partition must be"},
        BadLine{R"({"topic":"t","key":"k","value":{},"partition":2147483648})",
                "partition must be"},
        BadLine{R"({"topic":"t","key":"k","value":{},"partition":null})", "partition must be"}));

TEST(JsonlReader, CountsLinesAndSkipsBlankOnes) {
  std::istringstream in(
      "\xef\xbb\xbf{\"topic\":\"t\",\"key\":\"1\",\"value\":null}\r\n"
      "\n  \t\r\n"
      "{\"topic\":\"t\",\"key\":\"2\",\"value\":null}");
  JsonlReader reader(in);
  OutgoingRecord record;
  ASSERT_TRUE(*reader.Next(&record));
  EXPECT_EQ(record.key, "1");
  ASSERT_TRUE(*reader.Next(&record));
  EXPECT_EQ(record.key, "2");
  EXPECT_EQ(reader.line_number(), 4);
  EXPECT_FALSE(*reader.Next(&record));
}

TEST(JsonlReader, NamesTheBadLine) {
  std::istringstream in("{\"topic\":\"t\",\"key\":\"1\",\"value\":null}\n\nnonsense\n");
  JsonlReader reader(in);
  OutgoingRecord record;
  ASSERT_TRUE(reader.Next(&record).ok());
  const auto next = reader.Next(&record);
  ASSERT_FALSE(next.ok());
  EXPECT_THAT(std::string(next.status().message()), HasSubstr("line 3: not JSON"));
}

TEST(JsonlReader, BoundsALine) {
  std::istringstream in(std::string(kLineBytesMax + 1, 'x'));
  JsonlReader reader(in);
  OutgoingRecord record;
  EXPECT_THAT(std::string(reader.Next(&record).status().message()), HasSubstr("line 1: longer"));
}

TEST(AppendLine, IsReadBack) {
  const OutgoingRecord json = {"t", 2, "키\"1\"", R"({"a":"b"})", {{"h", "1"}, {"n", std::nullopt}},
                               1234};
  const OutgoingRecord binary = {"t", {}, std::nullopt, std::string("\x0a\0\xff", 3)};
  const OutgoingRecord tombstone = {"t", {}, "k", std::nullopt};
  std::string lines;
  AppendLine(json, true, &lines);
  AppendLine(binary, false, &lines);
  AppendLine(tombstone, true, &lines);
  std::istringstream in(lines);
  JsonlReader reader(in);
  for (const OutgoingRecord& expected : {json, binary, tombstone}) {
    OutgoingRecord record;
    ASSERT_TRUE(reader.Next(&record).ok());
    EXPECT_EQ(record, expected);
  }
}

}  // namespace
}  // namespace tally::cli
