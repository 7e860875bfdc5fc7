#include "query/grpc/log.h"

#include <grpc/support/log.h>
#include <spdlog/spdlog.h>

#include <atomic>
#include <cstdint>

#include "absl/time/clock.h"

namespace tally::query::rpc {
namespace {

// Most are about one connection, and whoever connects can cause as many as he likes.
constexpr int64_t kErrorIntervalNanos = 1'000'000'000;
std::atomic<int64_t> last_error_nanos = 0;
std::atomic<int64_t> errors_left_out = 0;

void LogError(const char* message) {
  const int64_t now = absl::GetCurrentTimeNanos();
  int64_t last = last_error_nanos;
  if (now - last < kErrorIntervalNanos || !last_error_nanos.compare_exchange_strong(last, now)) {
    ++errors_left_out;
    return spdlog::debug("grpc: {}", message);
  }
  const int64_t left_out = errors_left_out.exchange(0);
  if (left_out == 0) return spdlog::warn("grpc: {}", message);
  spdlog::warn("grpc: {} (and {} more since the last)", message, left_out);
}

}  // namespace

void LogAsWeDo() {
  gpr_set_log_function([](gpr_log_func_args* message) {
    if (message->severity == GPR_LOG_SEVERITY_ERROR) return LogError(message->message);
    spdlog::debug("grpc: {}", message->message);
  });
}

}  // namespace tally::query::rpc
