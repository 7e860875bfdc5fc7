// `tally verify`: whether a data directory holds what it says, and what the log says.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "tools/tally/console.h"
#include "tools/tally/replay_session.h"

namespace tally::cli {

struct VerifyOptions {
  std::string data_dir;
  std::vector<int32_t> shards;   // empty: all there are
  bool allow_unchecked = false;  // what cannot be checked is no failure
  bool against_log = false;
  ReplayFlags replay;         // against_log
  std::string scratch_dir;    // against_log; empty: where temporary files go
  size_t findings_max = 100;  // of a shard
  bool json = false;
};

// 0: all of it is right. kFailure: something differs. kUnchecked: nothing differs, but not all
// could be checked.
int RunVerify(const VerifyOptions& options, Console& console);

}  // namespace tally::cli
