// What is kept of a call: counted, and a line in the access log.
#pragma once

#include <grpcpp/server_context.h>

#include <chrono>
#include <memory>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "query/access_log.h"
#include "query/grpc/metrics.h"

namespace tally::query::rpc {

// Those who are told; either may be null. Both must outlive all calls.
struct Observers {
  Metrics* metrics = nullptr;
  AccessLog* access_log = nullptr;
};

// One call, from its request to its answer. Any thread, one at a time.
class Observation {
 public:
  // `method` lives for ever, `id` is the event's or user's. A traceparent of the caller goes back
  // with the answer.
  Observation(const Observers& observers, ::grpc::CallbackServerContext& context,
              std::string_view method, std::string_view id);

  // Once. `http_status`: what HTTP would have answered; `bytes`: of the message.
  void End(absl::StatusCode grpc_status, int http_status, size_t bytes) const;

 private:
  // Made only where there is a log.
  struct Line {
    std::string client;
    std::string route;
    std::string id;
    std::string traceparent;
    std::string user_agent;
  };

  const Observers observers_;
  const std::string_view method_;
  const std::chrono::steady_clock::time_point begin_;
  std::unique_ptr<const Line> line_;
};

}  // namespace tally::query::rpc
