// Unary calls of tally.v1.QueryService, as many as a server answers.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "bench/common/samples.h"

namespace tally::bench {

struct CallOptions {
  std::string server;           // HOST:PORT
  bool users = false;           // GetUserDashboard instead of GetEventDashboard
  std::string id = "g1-evt-#";  // # is a number from 1 to `ids`, drawn uniformly for each call
  int64_t ids = 10'000;
  int connections = 8;
  int in_flight = 8;  // of each connection: the next call follows an answer at once
  int threads = 1;    // of this client
  double warm_up_seconds = 1;
  double seconds = 10;
  uint64_t seed = 1;
};

struct CallResult {
  double seconds = 0;
  std::map<std::string, int64_t> calls;  // by status code
  Samples latency_us;                    // of those that are OK
};

// Blocks for as long as it takes.
CallResult MeasureCalls(const CallOptions& options);

}  // namespace tally::bench
