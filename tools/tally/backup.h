// `tally backup` and `tally restore`: state for the day when the topics' history is gone.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "tools/tally/console.h"

namespace tally::cli {

struct BackupOptions {
  std::string data_dir;
  std::string to;               // made; must not exist, or be empty
  std::vector<int32_t> shards;  // empty: all there are
};
// Also beside a running tallyd: each shard as of one of its checkpoints. All or nothing: what could
// not be finished is removed again.
int RunBackup(const BackupOptions& options, Console& console);

struct RestoreOptions {
  std::string from;
  std::string data_dir;
  std::vector<int32_t> shards;  // empty: all in the backup
};
// Into a directory that no tallyd uses; a shard that is there already is never replaced. Every row
// of what was restored has been looked at before it is put in place.
int RunRestore(const RestoreOptions& options, Console& console);

}  // namespace tally::cli
