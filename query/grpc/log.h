// gRPC's own messages, among those of everybody else.
#pragma once

namespace tally::query::rpc {

// Once for the process. Which of them there are is GRPC_VERBOSITY's business; by default errors.
void LogAsWeDo();

}  // namespace tally::query::rpc
