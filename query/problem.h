// What went wrong, for a caller: RFC 9457 problem details, and the one table from absl::StatusCode
// to HTTP status, gRPC status and stable code.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/types/span.h"

namespace tally::query {

// One thing wrong with one parameter (of query, path or header).
struct ParameterError {
  std::string parameter;
  std::string value;    // as sent, cut to kShownValueBytesMax
  std::string allowed;  // one phrase: what would have been right
  friend bool operator==(const ParameterError&, const ParameterError&) = default;
};
inline constexpr size_t kShownValueBytesMax = 256;

// kInvalidArgument with the errors as its payload, each once and kShownErrorsMax at most, and a
// message that names the parameters. `errors` must not be empty.
absl::Status InvalidParameters(std::vector<ParameterError> errors);
inline constexpr size_t kShownErrorsMax = 100;
std::vector<ParameterError> GetParameterErrors(const absl::Status& status);

// The token of the position that a failing answer reflects ("" if none), and whether the shards
// read were still catching up.
struct FailureContext {
  std::string position;
  bool catching_up = false;
};
void SetFailureContext(absl::Status& status, const FailureContext& context);
FailureContext GetFailureContext(const absl::Status& status);

struct ProblemKind {
  absl::StatusCode status_code;
  int http_status;
  absl::StatusCode grpc_status;  // absl's numbers are gRPC's
  std::string_view code;         // stable
  int retry_after_seconds;       // 0: no Retry-After
};
const ProblemKind& ProblemKindOf(absl::StatusCode code);

// The reason phrase of an HTTP status, e.g. "Not Found"; it is the title of its problems.
std::string_view HttpReason(int http_status);

// The bodies, `application/problem+json`.
std::string ProblemJson(const absl::Status& status);
std::string ProblemJson(int http_status, std::string_view code, std::string_view detail,
                        absl::Span<const ParameterError> errors = {});

// Bytes that a client sent, fit for a message or a JSON string: valid UTF-8 without control
// characters, cut to kShownValueBytesMax.
std::string Shown(std::string_view value);

}  // namespace tally::query
