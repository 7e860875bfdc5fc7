// What went wrong, as gRPC says it.
#pragma once

#include <grpcpp/support/status.h>

#include "absl/status/status.h"

namespace tally::query::rpc {

// By the table of problem.h, with a tally.v1.Problem among its details. Stays, details included,
// within the 8 KiB that clients commonly allow for metadata: what is too long is cut or left out.
::grpc::Status ToGrpcStatus(const absl::Status& status);

}  // namespace tally::query::rpc
