// One HTTP GET, for `tally get`. No redirects.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "tools/tally/http_identity.h"

namespace tally::cli {

inline constexpr size_t kHttpBodyBytesMax = 256 << 20;

struct HttpAnswer {
  int status = 0;
  std::string reason;
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;

  // The first header of this name, compared without case; "" when there is none.
  std::string_view Header(std::string_view name) const;
};

struct HttpRequest {
  std::string server;  // "http[s]://host[:port][/prefix]"
  std::string target;  // path and query, percent-encoded, beginning with "/"
  std::vector<std::pair<std::string, std::string>> headers;
  // https: PEM file of the authorities that may vouch for the server; empty: the system's.
  std::string ca_file;
  HttpIdentity identity;                       // https only
  absl::Duration timeout = absl::Seconds(30);  // for the whole exchange
};

// Errors: kInvalidArgument (server is no such URL, ca_file or identity unusable), kUnavailable
// (cannot connect, nobody vouches for the server, or the connection broke; names the server),
// kDeadlineExceeded, kResourceExhausted (answer too large).
absl::StatusOr<HttpAnswer> HttpGet(const HttpRequest& request);

// Everything but RFC 3986's unreserved characters as %XX.
std::string PercentEncode(std::string_view text);

}  // namespace tally::cli
