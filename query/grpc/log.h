// gRPC's own messages, among those of everybody else.
#pragma once

namespace tally::query::rpc {

// Once for the process. Errors are warnings here, one a second at most; what else there is (see
// GRPC_VERBOSITY) is for debugging.
void LogAsWeDo();

}  // namespace tally::query::rpc
