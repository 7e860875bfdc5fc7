#include "query/grpc/log.h"

#include <grpc/support/log.h>
#include <spdlog/spdlog.h>

namespace tally::query::rpc {
namespace {

spdlog::level::level_enum LevelOf(gpr_log_severity severity) {
  switch (severity) {
    case GPR_LOG_SEVERITY_DEBUG:
      return spdlog::level::debug;
    case GPR_LOG_SEVERITY_INFO:
      return spdlog::level::info;
    case GPR_LOG_SEVERITY_ERROR:
      return spdlog::level::warn;  // most are about one connection
  }
  return spdlog::level::warn;
}

}  // namespace

void LogAsWeDo() {
  gpr_set_log_function([](gpr_log_func_args* message) {
    spdlog::log(LevelOf(message->severity), "grpc: {}", message->message);
  });
}

}  // namespace tally::query::rpc
