// `tally inspect`: what a data directory holds. Reads only, also beside a running tallyd.
#pragma once

#include <cstdint>
#include <string>

#include "tools/tally/console.h"

namespace tally::cli {

struct InspectOptions {
  std::string data_dir;
  std::string event_id;    // not empty: that event's rows instead of the overview
  int64_t rows_max = 100;  // of each kind of an event's rows
  bool scan = false;       // look at every row: count it, recompute the digest
  bool json = false;
};
int RunInspect(const InspectOptions& options, Console& console);

}  // namespace tally::cli
