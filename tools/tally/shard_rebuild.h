// One shard made anew from the log.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "processor/rows.h"
#include "store/lineage.h"
#include "store/shard_directory.h"
#include "tools/tally/replay_session.h"

namespace tally::cli {

// What can be read of a store that is to be replaced: damaged, of an older version, or right.
struct OldStore {
  std::optional<store::Lineage> lineage;
  std::optional<CheckpointRow> checkpoint;
};
OldStore ReadOldStore(const std::string& path);

// What a new store is to be: its lineage and how far it goes.
struct RebuildPlan {
  store::Lineage lineage;  // log base and versions of the new store
  Offsets until{};
  // Bad records at or beyond it may have no dead letters yet; the rebuild ends before the first.
  Offsets letters_written_below = ReplayOptions::kAllLettersWritten;
};

// `lineage` is the old store's, or that of another shard of the directory, for this partition.
// kOutOfRange: the log's start is gone. kFailedPrecondition: of another cluster, key or partition
// count.
absl::StatusOr<RebuildPlan> PlanRebuild(const ReplaySession& session, const store::Lineage& lineage,
                                        const std::optional<CheckpointRow>& old);

// Makes and checks the new store beside the old one.
absl::StatusOr<CheckpointRow> BuildNewStore(const ReplaySession& session, RebuildPlan plan,
                                            const std::string& path,
                                            const std::function<bool(int64_t offsets)>& progress);

// Puts the new store in the old one's place, which is kept.
absl::Status SwapStores(const store::DataDir& directory, int32_t partition);

}  // namespace tally::cli
