// `tally load-sample` and `tally load FILE.jsonl`.
#pragma once

#include <string>

#include "tools/tally/console.h"
#include "tools/tally/kafka_session.h"

namespace tally::cli {

struct LoadSampleOptions {
  KafkaOptions kafka;
  bool json = false;
};
// Sends the sample data set. Returns the exit code, as all Run functions do.
int RunLoadSample(const LoadSampleOptions& options, Console& console);

struct LoadOptions {
  KafkaOptions kafka;
  std::string file;  // "-": Console::in
  bool json = false;
};
int RunLoad(const LoadOptions& options, Console& console);

}  // namespace tally::cli
