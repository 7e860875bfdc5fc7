// One JSON line for a request: who asked for what, and what came of it. Never a query, a header
// beside User-Agent, or anything else that may hold a token.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "query/line_writer.h"

namespace prometheus {
class Counter;
class Registry;
}  // namespace prometheus

namespace tally::query {

struct AccessEntry {
  std::string_view client;  // its address, as the connection has it
  std::string_view method;
  std::string_view route;        // template, or "unmatched"; of gRPC /service/method
  std::string_view target;       // as sent; its query is left out
  std::string_view id;           // of gRPC, whose targets have none: of the event or user
  int status = 0;                // HTTP's, also of what HTTP would have answered
  std::string_view grpc_status;  // by name; empty: it is not gRPC
  size_t bytes = 0;              // of the body
  absl::Duration duration;
  bool complete = true;       // false: the client did not take all of it
  std::string_view trace_id;  // empty: the client sent none
  std::string_view user_agent;
};

// Thread-safe. At most so many lines a second are written; how many were left out is a line of its
// own, at most a second later. Counts tally_http_access_log_lines_total{result}: queued, left_out
// (by the limit) and lost (queue or disk full).
class AccessLog {
 public:
  struct Options {
    std::string destination = "stderr";  // or a file
    int lines_per_second_max = 100;
    std::function<absl::Time()> clock = absl::Now;
  };
  // kInvalidArgument: the file cannot be opened. `registry` must outlive the log.
  static absl::StatusOr<std::unique_ptr<AccessLog>> Open(Options options,
                                                         prometheus::Registry& registry);
  ~AccessLog();

  // Waits for no I/O.
  void Write(const AccessEntry& entry);
  // After the file was moved away.
  absl::Status Reopen() { return writer_->Reopen(); }

 private:
  AccessLog(Options options, prometheus::Registry& registry);
  // Whether one more line fits into the second of `now`.
  bool Admit(absl::Time now);
  // The line that says how many were left out since it was last asked for; "": none.
  // `failed` more could not be written.
  std::string TakeLeftOut(size_t failed);

  const Options options_;
  prometheus::Counter& queued_;
  prometheus::Counter& left_out_;
  prometheus::Counter& lost_;
  std::mutex mutex_;
  int64_t second_ = 0;                  // guarded by mutex_
  int lines_in_second_ = 0;             // guarded by mutex_
  size_t untold_ = 0;                   // guarded by mutex_: left out or lost, and not yet said so
  std::unique_ptr<LineWriter> writer_;  // its thread uses what is above
};

}  // namespace tally::query
