// Who is asking? Handed to the servers by main.cc; HTTP and gRPC ask the same one.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "query/viewer.h"

namespace tally::query {

class Authenticator {
 public:
  virtual ~Authenticator() = default;

  // `authorization`: the value of every Authorization header (or metadata entry of that name) of
  // the request, as sent. kUnauthenticated: none, more than one, or one that proves nothing; the
  // message may be shown to the client and says nothing of keys or of anybody else; ChallengeOf
  // has what WWW-Authenticate says. kUnavailable: nobody can be recognised yet. Thread-safe; does
  // not block and does no I/O.
  virtual absl::StatusOr<Viewer> Authenticate(
      absl::Span<const std::string_view> authorization) const = 0;

  // What Authenticate would say of this one header, if it has said so before and it still counts;
  // nullopt: ask it. Nothing is verified and nothing counted: who goes by it says so.
  virtual std::optional<Viewer> Recall(std::string_view /*authorization*/) const {
    return std::nullopt;
  }
  virtual void CountRecalled() const {}
};

// kUnauthenticated. `error`: a code of RFC 6750 ("invalid_token"), or empty when the request did
// not try to prove anything. `detail` is for the client, without quotes or backslashes.
absl::Status Unauthenticated(std::string_view error, std::string_view detail);

// The value of WWW-Authenticate for what Unauthenticated made.
std::string ChallengeOf(const absl::Status& status);

}  // namespace tally::query
