// `tally generate`.
#pragma once

#include <string>

#include "tools/tally/console.h"
#include "tools/tally/kafka_session.h"
#include "tools/tally/synthetic.h"

namespace tally::cli {

struct GenerateOptions {
  SyntheticOptions load;
  KafkaOptions kafka;  // its topic_prefix is the load's, too
  std::string output;  // a file or "-": JSONL instead of sending
  double rate = 0;     // records a second; 0: as fast as possible
  bool json = false;   // the report
};
int RunGenerate(const GenerateOptions& options, Console& console);

}  // namespace tally::cli
