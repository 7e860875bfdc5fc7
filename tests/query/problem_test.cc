#include "query/problem.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "query/text.h"

namespace tally::query {
namespace {

using ::testing::ElementsAre;
using ::testing::EndsWith;
using ::testing::HasSubstr;

TEST(ProblemTest, OneTable) {
  const struct {
    absl::StatusCode from;
    int http;
    const char* code;
  } rows[] = {
      {absl::StatusCode::kInvalidArgument, 400, "invalid_parameter"},
      {absl::StatusCode::kUnauthenticated, 401, "unauthenticated"},
      {absl::StatusCode::kNotFound, 404, "not_found"},
      {absl::StatusCode::kFailedPrecondition, 421, "wrong_instance"},
      {absl::StatusCode::kUnimplemented, 501, "not_implemented"},
      {absl::StatusCode::kUnavailable, 503, "unavailable"},
      {absl::StatusCode::kDeadlineExceeded, 503, "position_not_reached"},
      {absl::StatusCode::kDataLoss, 503, "data_damaged"},
      {absl::StatusCode::kInternal, 500, "internal"},
      {absl::StatusCode::kUnknown, 500, "internal"},
      {absl::StatusCode::kOutOfRange, 500, "internal"},
  };
  for (const auto& row : rows) {
    EXPECT_EQ(ProblemKindOf(row.from).http_status, row.http);
    EXPECT_EQ(ProblemKindOf(row.from).code, row.code);
    EXPECT_EQ(ProblemKindOf(row.from).retry_after_seconds > 0, row.http == 503);
  }
}

TEST(ProblemTest, ListsAllParameters) {
  const absl::Status status = InvalidParameters({{"page", "-1", "an integer"}, {"x", "\n", "y"}});
  EXPECT_EQ(ProblemJson(status),
            R"({"type":"about:blank","title":"Bad Request","status":400,)"
            R"("detail":"page: an integer; x: y","code":"invalid_parameter","errors":[)"
            R"({"parameter":"page","value":"-1","allowed":"an integer"},)"
            R"({"parameter":"x","value":"�","allowed":"y"}]})");
}

TEST(ProblemTest, SaysEachThingOnceAndNotEndlessly) {
  const ParameterError twice{"x", "1", "y"};
  EXPECT_THAT(GetParameterErrors(InvalidParameters({twice, {"", "", "z"}, twice})),
              ElementsAre(twice, ParameterError{"", "", "z"}));
  EXPECT_EQ(InvalidParameters({{"", "", "z"}}).message(), "\"\": z");
  std::vector<ParameterError> many;
  for (int i = 0; i < 103; ++i) many.push_back({std::to_string(i), "", "n"});
  const absl::Status status = InvalidParameters(many);
  EXPECT_EQ(GetParameterErrors(status).size(), kShownErrorsMax);
  EXPECT_THAT(std::string(status.message()), EndsWith("99: n; and 3 more"));
}

TEST(ProblemTest, CarriesThePositionReached) {
  absl::Status status = absl::DeadlineExceededError("too early");
  SetFailureContext(status, {"TOKEN", true});
  EXPECT_THAT(ProblemJson(status), HasSubstr(R"("errors":[],"position":"TOKEN"})"));
  EXPECT_TRUE(GetFailureContext(status).catching_up);
  EXPECT_EQ(GetFailureContext(absl::OkStatus()).position, "");
}

TEST(ProblemTest, WhatClientsSentIsMadePrintableAndShort) {
  EXPECT_EQ(Shown("신년 a"), "신년 a");
  EXPECT_EQ(Shown(std::string("a\0\x1b\x7f\xc2\x85z", 7)), "a����z");
  EXPECT_EQ(Shown("\xc0\xaf\xed\xa0\x80\xf4\x90\x80\x80"), "���������");
  EXPECT_EQ(Printable("\xe2\x82"), "��");
  EXPECT_EQ(Shown(std::string(256, 'x')), std::string(256, 'x'));
  EXPECT_EQ(Shown(std::string(257, 'x')), std::string(256, 'x') + "…");
  EXPECT_EQ(Shown(std::string(255, 'x') + "신년"), std::string(255, 'x') + "…");
}

}  // namespace
}  // namespace tally::query
