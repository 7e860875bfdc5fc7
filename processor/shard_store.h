// Opens a shard's store, or makes it: lineage and first checkpoint.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "processor/rows.h"
#include "store/lineage.h"
#include "store/rocks_env.h"
#include "store/rocks_store.h"
#include "store/store.h"

namespace tally {

struct OpenedShard {
  std::unique_ptr<store::Store> store;
  store::Lineage lineage;
  CheckpointRow checkpoint;
};

// `wanted` is what this process would write; its log_base is used only for a new store. An existing
// store is first looked at read-only: one of another lineage or version is left as it is. Errors:
// those of store::OpenRocksStore and store::CheckLineage; each message names the path.
//
// nullopt: there is no store, or one that crashed before its first commit.
//
// `settings`: what the other arguments do not say is as there.
absl::StatusOr<std::optional<OpenedShard>> OpenShardStore(
    const std::string& path, const store::Lineage& wanted,
    std::shared_ptr<store::RocksEnvironment> environment,
    const store::RocksStoreOptions& settings = {});
// Where OpenShardStore found none.
absl::StatusOr<OpenedShard> CreateShardStore(const std::string& path, const store::Lineage& wanted,
                                             std::shared_ptr<store::RocksEnvironment> environment,
                                             const store::RocksStoreOptions& settings = {});

// For reading, as of some commit, also beside the process that writes it; see
// store::OpenRocksStoreReadOnly. `environment` may be nullptr.
absl::StatusOr<std::unique_ptr<store::Store>> OpenShardStoreReadOnly(
    const std::string& path, std::shared_ptr<store::RocksEnvironment> environment);

// Lineage and checkpoint of a store; kDataLoss when a row is missing or damaged.
absl::StatusOr<store::Lineage> ReadLineage(const store::Snapshot& snapshot);
absl::StatusOr<CheckpointRow> ReadCheckpoint(const store::Snapshot& snapshot);

}  // namespace tally
