#include "query/grpc/status.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "query/problem.h"
#include "tests/query/grpc/grpc_client.h"

namespace tally::query::rpc {
namespace {

using ::grpc::StatusCode;
using ::tally::testing::ProblemOf;
using ::testing::HasSubstr;

// Percent-encoded and in base64, as it travels.
size_t MetadataBytes(const ::grpc::Status& status) {
  return status.error_message().size() * 3 + status.error_details().size() * 4 / 3;
}

TEST(GrpcStatusTest, Codes) {
  const struct {
    absl::StatusCode code;
    StatusCode grpc;
    const char* problem;
  } rows[] = {
      {absl::StatusCode::kInvalidArgument, StatusCode::INVALID_ARGUMENT, "invalid_parameter"},
      {absl::StatusCode::kUnauthenticated, StatusCode::UNAUTHENTICATED, "unauthenticated"},
      {absl::StatusCode::kNotFound, StatusCode::NOT_FOUND, "not_found"},
      {absl::StatusCode::kFailedPrecondition, StatusCode::FAILED_PRECONDITION, "wrong_instance"},
      {absl::StatusCode::kUnimplemented, StatusCode::UNIMPLEMENTED, "not_implemented"},
      {absl::StatusCode::kUnavailable, StatusCode::UNAVAILABLE, "unavailable"},
      {absl::StatusCode::kDeadlineExceeded, StatusCode::UNAVAILABLE, "position_not_reached"},
      {absl::StatusCode::kResourceExhausted, StatusCode::RESOURCE_EXHAUSTED, "overloaded"},
      {absl::StatusCode::kCancelled, StatusCode::UNAVAILABLE, "shutting_down"},
      {absl::StatusCode::kDataLoss, StatusCode::DATA_LOSS, "data_damaged"},
      {absl::StatusCode::kInternal, StatusCode::INTERNAL, "internal"},
      {absl::StatusCode::kUnknown, StatusCode::INTERNAL, "internal"},
  };
  for (const auto& row : rows) {
    const ::grpc::Status status = ToGrpcStatus(absl::Status(row.code, "why"));
    EXPECT_EQ(status.error_code(), row.grpc) << row.problem;
    EXPECT_EQ(status.error_message(), "why");
    EXPECT_EQ(ProblemOf(status).value().code(), row.problem);
  }
  EXPECT_TRUE(ToGrpcStatus(absl::OkStatus()).ok());
}

TEST(GrpcStatusTest, FieldsAreNamedAsTheCallerKnowsThem) {
  const ::grpc::Status status = ToGrpcStatus(
      InvalidParameters({{"startDate", "x", "a date"}, {"Tally-Min-Position", "y", "a position"}}));
  EXPECT_EQ(status.error_message(), "start_date: a date; min_position: a position");
  const v1::Problem problem = ProblemOf(status).value();
  ASSERT_EQ(problem.errors_size(), 2);
  EXPECT_EQ(problem.errors(0).parameter(), "start_date");
  EXPECT_EQ(problem.errors(1).parameter(), "min_position");
  EXPECT_EQ(problem.errors(1).value(), "y");
}

TEST(GrpcStatusTest, WhatIsTooLongIsCut) {
  std::vector<ParameterError> errors;
  for (int i = 0; i < 1000; ++i) {
    errors.push_back({"channel", absl::StrCat(i, std::string(300, '\x01')), "한글"});
  }
  absl::Status many = InvalidParameters(errors);
  SetFailureContext(many, {std::string(5000, 'p'), true});
  for (const absl::Status& status : {many, absl::InternalError(std::string(100'000, 'x'))}) {
    const ::grpc::Status sent = ToGrpcStatus(status);
    EXPECT_LE(MetadataBytes(sent), 7u << 10);
    EXPECT_THAT(sent.error_message(), HasSubstr("…"));
    EXPECT_TRUE(ProblemOf(sent).has_value());
  }
  const v1::Problem problem = ProblemOf(ToGrpcStatus(many)).value();
  EXPECT_GE(problem.errors_size(), 2);
  EXPECT_EQ(problem.position(), "");
  EXPECT_TRUE(problem.catching_up());
}

}  // namespace
}  // namespace tally::query::rpc
