#include "query/problem.h"

#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

#include <algorithm>
#include <array>
#include <utility>

#include "absl/strings/cord.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "query/text.h"
#include "query/wire.h"

namespace tally::query {
namespace {

constexpr char kErrorsUrl[] = "tally.query/parameter-errors";
constexpr char kContextUrl[] = "tally.query/failure-context";

constexpr std::array<ProblemKind, 12> kKinds = {{
    {absl::StatusCode::kInvalidArgument, 400, "invalid_parameter", 0},
    {absl::StatusCode::kUnauthenticated, 401, "unauthenticated", 0},
    {absl::StatusCode::kPermissionDenied, 403, "forbidden", 0},
    {absl::StatusCode::kNotFound, 404, "not_found", 0},
    {absl::StatusCode::kFailedPrecondition, 421, "wrong_instance", 0},
    {absl::StatusCode::kUnimplemented, 501, "not_implemented", 0},
    {absl::StatusCode::kUnavailable, 503, "unavailable", 5},
    {absl::StatusCode::kDeadlineExceeded, 503, "position_not_reached", 1},
    {absl::StatusCode::kResourceExhausted, 503, "overloaded", 5},
    {absl::StatusCode::kCancelled, 503, "shutting_down", 5},
    {absl::StatusCode::kDataLoss, 503, "data_damaged", 60},
    {absl::StatusCode::kInternal, 500, "internal", 0},  // the last: for every other code
}};

using Json = rapidjson::Writer<rapidjson::StringBuffer>;

void WriteString(Json& json, std::string_view text) {
  json.String(text.data(), static_cast<rapidjson::SizeType>(text.size()));
}

void WriteErrors(Json& json, absl::Span<const ParameterError> errors) {
  json.Key("errors");
  json.StartArray();
  for (const ParameterError& error : errors) {
    json.StartObject();
    json.Key("parameter");
    WriteString(json, Shown(error.parameter));
    json.Key("value");
    WriteString(json, Shown(error.value));
    json.Key("allowed");
    WriteString(json, error.allowed);
    json.EndObject();
  }
  json.EndArray();
}

std::string WriteProblem(int http_status, std::string_view code, std::string_view detail,
                         absl::Span<const ParameterError> errors, std::string_view position) {
  rapidjson::StringBuffer buffer;
  Json json(buffer);
  json.StartObject();
  json.Key("type");
  json.String("about:blank");
  json.Key("title");
  WriteString(json, HttpReason(http_status));
  json.Key("status");
  json.Int(http_status);
  json.Key("detail");
  WriteString(json, detail);
  json.Key("code");
  WriteString(json, code);
  WriteErrors(json, errors);
  if (!position.empty()) {
    json.Key("position");
    WriteString(json, position);
  }
  json.EndObject();
  return {buffer.GetString(), buffer.GetSize()};
}

}  // namespace

absl::Status InvalidParameters(std::vector<ParameterError> errors) {
  std::string bytes;
  AppendVarint(errors.size(), &bytes);
  for (const ParameterError& error : errors) {
    AppendBytes(error.parameter, &bytes);
    AppendBytes(error.value, &bytes);
    AppendBytes(error.allowed, &bytes);
  }
  absl::Status status = absl::InvalidArgumentError(
      absl::StrJoin(errors, "; ", [](std::string* out, const ParameterError& error) {
        const std::string name = Shown(error.parameter);
        absl::StrAppend(out, name.empty() ? "\"\"" : name, ": ", error.allowed);
      }));
  status.SetPayload(kErrorsUrl, absl::Cord(bytes));
  return status;
}

std::vector<ParameterError> GetParameterErrors(const absl::Status& status) {
  const absl::optional<absl::Cord> payload = status.GetPayload(kErrorsUrl);
  if (!payload.has_value()) return {};
  const std::string bytes(*payload);
  WireReader in(bytes);
  std::vector<ParameterError> errors(in.Count());
  for (ParameterError& error : errors) {
    error.parameter = in.Bytes();
    error.value = in.Bytes();
    error.allowed = in.Bytes();
  }
  return errors;
}

void SetFailureContext(absl::Status& status, const FailureContext& context) {
  status.SetPayload(kContextUrl,
                    absl::Cord(std::string(context.catching_up ? "1" : "0") + context.position));
}

FailureContext GetFailureContext(const absl::Status& status) {
  const absl::optional<absl::Cord> payload = status.GetPayload(kContextUrl);
  if (!payload.has_value()) return {};
  const std::string bytes(*payload);
  return {bytes.substr(1), bytes.front() == '1'};
}

const ProblemKind& ProblemKindOf(absl::StatusCode code) {
  const auto* kind = std::find_if(kKinds.begin(), kKinds.end(), [code](const ProblemKind& each) {
    return each.status_code == code;
  });
  return kind == kKinds.end() ? kKinds.back() : *kind;
}

std::string_view HttpReason(int http_status) {
  switch (http_status) {
    case 200:
      return "OK";
    case 304:
      return "Not Modified";
    case 400:
      return "Bad Request";
    case 401:
      return "Unauthorized";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 406:
      return "Not Acceptable";
    case 413:
      return "Content Too Large";
    case 414:
      return "URI Too Long";
    case 417:
      return "Expectation Failed";
    case 421:
      return "Misdirected Request";
    case 431:
      return "Request Header Fields Too Large";
    case 501:
      return "Not Implemented";
    case 503:
      return "Service Unavailable";
    case 505:
      return "HTTP Version Not Supported";
    default:
      return "Internal Server Error";
  }
}

std::string ProblemJson(const absl::Status& status) {
  const ProblemKind& kind = ProblemKindOf(status.code());
  const std::string message(status.message());
  return WriteProblem(kind.http_status, kind.code, Printable(message), GetParameterErrors(status),
                      GetFailureContext(status).position);
}

std::string ProblemJson(int http_status, std::string_view code, std::string_view detail,
                        absl::Span<const ParameterError> errors) {
  return WriteProblem(http_status, code, detail, errors, "");
}

std::string Shown(std::string_view value) {
  if (value.size() <= kShownValueBytesMax) return Printable(value);
  size_t size = kShownValueBytesMax;
  while (size > 0 && (static_cast<unsigned char>(value[size]) & 0xC0) == 0x80) --size;
  return Printable(value.substr(0, size)) + "…";
}

}  // namespace tally::query
