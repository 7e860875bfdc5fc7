#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

#include "tools/tally/cli.h"

namespace {

// What libraries log is silent unless asked for: every failure ends in a message of its own. And it
// must not get between the data on standard output.
void SetUpLogging() {
  const char* level = std::getenv("TALLY_LOG_LEVEL");
  auto sink = std::make_shared<spdlog::sinks::stderr_sink_mt>();
  spdlog::set_default_logger(std::make_shared<spdlog::logger>("tally", std::move(sink)));
  spdlog::set_level(level == nullptr ? spdlog::level::off : spdlog::level::from_str(level));
}

}  // namespace

int main(int argc, char** argv) {
  SetUpLogging();
  const std::vector<std::string> args(argv + 1, argv + argc);
  return tally::cli::RunTally(args, tally::cli::ProcessConsole());
}
