// Compares a shard with what the log makes of it.
#pragma once

#include <functional>
#include <string>

#include "store/store.h"
#include "tools/tally/replay_session.h"
#include "tools/tally/shard_verdict.h"

namespace tally::cli {

// After CheckRows, which filled in lineage, checkpoint and, unless rows could not be read, the
// digest of the rows: replays the log into `scratch` to the checkpoint's offsets, compares the
// digests and, when they differ, all rows. Adds what it found to the verdict.
void CompareWithLog(const ReplaySession& session, const store::Snapshot& snapshot,
                    const ScratchDirectory& scratch, size_t findings_max,
                    const std::function<bool(int64_t offsets)>& progress, ShardVerdict* verdict);

}  // namespace tally::cli
