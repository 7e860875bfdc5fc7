// BACKUP.json: what a backup holds. Written last, so that a backup with one is whole.
//
// A backup is a data directory with this file beside its shards: inspect and verify read it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "processor/domain/digest.h"
#include "processor/log_source.h"
#include "processor/store_copy.h"

namespace tally::cli {

struct BackedUpShard {
  int32_t partition = 0;
  std::string lineage;  // store::EncodeLineage
  Offsets next_offsets{};
  std::string digest;  // domain::ToHex
};

struct BackupManifest {
  absl::Time created;
  std::vector<BackedUpShard> shards;  // ascending
};

BackedUpShard Describe(int32_t partition, const StoreIdentity& identity);
// OK: the store is what the manifest says of it; kDataLoss names what differs.
absl::Status CheckIdentity(const BackedUpShard& said, const StoreIdentity& found);

absl::Status WriteManifest(const std::string& directory, const BackupManifest& manifest);
// kNotFound: there is none, so no whole backup; kDataLoss: damaged; kFailedPrecondition: of a
// version that this tally does not know.
absl::StatusOr<BackupManifest> ReadManifest(const std::string& directory);

}  // namespace tally::cli
