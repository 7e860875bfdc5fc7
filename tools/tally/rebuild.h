// `tally rebuild`: makes shards' stores anew from the log, beside the old ones, and puts them in
// their place.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "tools/tally/console.h"
#include "tools/tally/replay_session.h"

namespace tally::cli {

struct RebuildOptions {
  std::string data_dir;
  std::vector<int32_t> shards;  // empty: all there are
  ReplayFlags replay;
  bool delete_old = false;  // only delete what earlier rebuilds have kept
};

// Exclusive: no tallyd may use the directory. Until a new store is whole, checked and durable, the
// old one stays where it is; whatever interrupts, either is in place. kFailure: a shard could not
// be rebuilt (said), the others were.
int RunRebuild(const RebuildOptions& options, Console& console);

}  // namespace tally::cli
