// Where a JWKS comes from: a file, or a URL.
#pragma once

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace tally::query::auth {

inline constexpr size_t kJwksBytesMax = 256 << 10;

class JwksSource {
 public:
  virtual ~JwksSource() = default;
  // The whole text, at most kJwksBytesMax. Blocks for a bounded time; one call at a time. Errors
  // name the source and what to do, and hold nothing of the text.
  virtual absl::StatusOr<std::string> Read() = 0;
  // Any thread: ends a Read that is under way, and makes later ones fail.
  virtual void Cancel() = 0;
  virtual const std::string& name() const = 0;  // for messages; no secrets
};

std::unique_ptr<JwksSource> MakeFileSource(std::string path);

struct UrlOptions {
  std::string url;
  std::string ca_file;      // PEM of the authorities that may vouch for the server; empty: system's
  bool allow_http = false;  // also from other machines; from loopback it always is
  absl::Duration connect_timeout = absl::Seconds(5);
  absl::Duration total_timeout = absl::Seconds(10);
};
// Redirects are not followed. kInvalidArgument: not a URL that may be used; says why.
absl::StatusOr<std::unique_ptr<JwksSource>> MakeUrlSource(UrlOptions options);

// Whether `text` is meant as a URL rather than as the name of a file.
bool IsUrl(const std::string& text);

}  // namespace tally::query::auth
