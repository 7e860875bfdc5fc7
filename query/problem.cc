#include "query/problem.h"

#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

#include <algorithm>
#include <array>
#include <set>
#include <tuple>
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

using Code = absl::StatusCode;
// What a client may simply try again is 503 and UNAVAILABLE; DEADLINE_EXCEEDED and CANCELLED are
// what gRPC says of the client's own deadline.
constexpr std::array<ProblemKind, 12> kKinds = {{
    {Code::kInvalidArgument, 400, Code::kInvalidArgument, "invalid_parameter", 0},
    {Code::kUnauthenticated, 401, Code::kUnauthenticated, "unauthenticated", 0},
    {Code::kPermissionDenied, 403, Code::kPermissionDenied, "forbidden", 0},
    {Code::kNotFound, 404, Code::kNotFound, "not_found", 0},
    {Code::kFailedPrecondition, 421, Code::kFailedPrecondition, "wrong_instance", 0},
    {Code::kUnimplemented, 501, Code::kUnimplemented, "not_implemented", 0},
    {Code::kUnavailable, 503, Code::kUnavailable, "unavailable", 5},
    {Code::kDeadlineExceeded, 503, Code::kUnavailable, "position_not_reached", 1},
    {Code::kResourceExhausted, 503, Code::kResourceExhausted, "overloaded", 5},
    {Code::kCancelled, 503, Code::kUnavailable, "shutting_down", 5},
    {Code::kDataLoss, 503, Code::kDataLoss, "data_damaged", 60},
    {Code::kInternal, 500, Code::kInternal, "internal", 0},  // the last: for every other code
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

// The first of equal ones, and the first kShownErrorsMax of these; how many different ones that
// leaves out.
size_t KeepShown(std::vector<ParameterError>& errors) {
  std::set<std::tuple<std::string, std::string, std::string>> seen;
  std::erase_if(errors, [&](const ParameterError& error) {
    return !seen.emplace(error.parameter, error.value, error.allowed).second;
  });
  if (errors.size() <= kShownErrorsMax) return 0;
  const size_t left_out = errors.size() - kShownErrorsMax;
  errors.resize(kShownErrorsMax);
  return left_out;
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

// As much as is shown of it, in whole characters.
size_t SizeShown(std::string_view text) {
  if (text.size() <= kShownValueBytesMax) return text.size();
  size_t size = kShownValueBytesMax;
  while (size > 0 && (static_cast<unsigned char>(text[size]) & 0xC0) == 0x80) --size;
  return size;
}

}  // namespace

absl::Status InvalidParameters(std::vector<ParameterError> errors) {
  const size_t left_out = KeepShown(errors);
  std::string bytes;
  AppendVarint(errors.size(), &bytes);
  for (const ParameterError& error : errors) {
    AppendBytes(error.parameter, &bytes);
    AppendBytes(error.value, &bytes);
    AppendBytes(error.allowed, &bytes);
  }
  std::string message =
      absl::StrJoin(errors, "; ", [](std::string* out, const ParameterError& error) {
        const std::string name = Shown(error.parameter);
        absl::StrAppend(out, name.empty() ? "\"\"" : name, ": ", error.allowed);
      });
  if (left_out > 0) absl::StrAppend(&message, "; and ", left_out, " more");
  absl::Status status = absl::InvalidArgumentError(message);
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
    case 204:
      return "No Content";
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
    case 408:
      return "Request Timeout";
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
  const size_t taken = SizeShown(value);
  std::string shown = Printable(value.substr(0, taken));
  const size_t kept = SizeShown(shown);  // what is not text becomes longer
  const bool cut = taken < value.size() || kept < shown.size();
  shown.resize(kept);
  return cut ? shown + "…" : shown;
}

}  // namespace tally::query
