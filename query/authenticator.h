// Who is asking? Handed to the servers by main.cc; HTTP and gRPC ask the same one.
#pragma once

#include <string_view>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "query/viewer.h"

namespace tally::query {

class Authenticator {
 public:
  virtual ~Authenticator() = default;

  // `authorization`: the value of every Authorization header (or metadata entry of that name) of
  // the request, as sent. kUnauthenticated: none, more than one, or one that proves nothing; the
  // message may be shown to the client and says nothing of keys or of anybody else. Thread-safe;
  // does not block and does no I/O.
  virtual absl::StatusOr<Viewer> Authenticate(
      absl::Span<const std::string_view> authorization) const = 0;
};

}  // namespace tally::query
