#include "query/grpc/status.h"

#include <google/protobuf/any.pb.h>
#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>
#include <google/protobuf/wire_format_lite.h>

#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_replace.h"
#include "query/grpc/convert.h"
#include "query/problem.h"
#include "query/text.h"
#include "tally/v1/query.pb.h"

namespace tally::query::rpc {
namespace {

// Of both in the trailing metadata: the message as text (three bytes for each that is not ASCII)
// and in the details, which are base64 there.
constexpr size_t kMessageBytesMax = 512;
constexpr size_t kProblemBytesMax = 3072;

std::string Cut(std::string text, size_t bytes_max) {
  if (text.size() <= bytes_max) return text;
  size_t size = bytes_max;
  while (size > 0 && (static_cast<unsigned char>(text[size]) & 0xC0) == 0x80) --size;
  return text.substr(0, size) + "…";
}

// With the names that the caller knows the parameters by.
std::vector<ParameterError> FieldErrors(const absl::Status& status) {
  std::vector<ParameterError> errors = GetParameterErrors(status);
  for (ParameterError& error : errors) {
    error.parameter = FieldName(error.parameter);
    for (const char* named : {"startDate", "endDate"}) {
      absl::StrReplaceAll({{named, FieldName(named)}}, &error.allowed);
    }
  }
  return errors;
}

std::string MessageOf(const absl::Status& status, const std::vector<ParameterError>& errors) {
  if (errors.empty()) return Printable(std::string(status.message()));
  return std::string(InvalidParameters(errors).message());
}

v1::Problem ProblemOf(const absl::Status& status, const std::vector<ParameterError>& errors) {
  const ProblemKind& kind = ProblemKindOf(status.code());
  const FailureContext context = GetFailureContext(status);
  v1::Problem problem;
  problem.set_code(std::string(kind.code));
  problem.set_http_status(kind.http_status);
  problem.set_catching_up(context.catching_up);
  if (kind.retry_after_seconds > 0) {
    problem.mutable_retry_after()->set_seconds(kind.retry_after_seconds);
  }
  if (context.position.size() <= kProblemBytesMax / 2) problem.set_position(context.position);
  for (const ParameterError& error : errors) {
    v1::ParameterError& row = *problem.add_errors();
    row.set_parameter(Shown(error.parameter));
    row.set_value(Shown(error.value));
    row.set_allowed(error.allowed);
    if (problem.ByteSizeLong() <= kProblemBytesMax) continue;
    problem.mutable_errors()->RemoveLast();
    break;
  }
  return problem;
}

// A google.rpc.Status, whose definition is not part of what gRPC installs:
//   int32 code = 1; string message = 2; repeated google.protobuf.Any details = 3;
std::string Details(::grpc::StatusCode code, const std::string& message,
                    const v1::Problem& problem) {
  using google::protobuf::internal::WireFormatLite;
  google::protobuf::Any detail;
  detail.PackFrom(problem);
  std::string bytes;
  google::protobuf::io::StringOutputStream stream(&bytes);
  google::protobuf::io::CodedOutputStream out(&stream);
  WireFormatLite::WriteInt32(1, code, &out);
  WireFormatLite::WriteString(2, message, &out);
  WireFormatLite::WriteTag(3, WireFormatLite::WIRETYPE_LENGTH_DELIMITED, &out);
  out.WriteVarint32(static_cast<uint32_t>(detail.ByteSizeLong()));
  detail.SerializeToCodedStream(&out);
  out.Trim();
  return bytes;
}

}  // namespace

::grpc::Status ToGrpcStatus(const absl::Status& status) {
  if (status.ok()) return ::grpc::Status::OK;
  const std::vector<ParameterError> errors = FieldErrors(status);
  const auto code = static_cast<::grpc::StatusCode>(ProblemKindOf(status.code()).grpc_status);
  const std::string message = Cut(MessageOf(status, errors), kMessageBytesMax);
  return {code, message, Details(code, message, ProblemOf(status, errors))};
}

}  // namespace tally::query::rpc
