// What a store's state is a function of, beside the records: written once when the store is made,
// compared on every open, never changed.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace tally::store {

// How rows are written. Raise when the encoding of any row changes.
inline constexpr uint32_t kStateFormatVersion = 1;
// Which rules, limits and defaults made them. Raise when the same records would give other state.
inline constexpr uint32_t kFoldVersion = 1;

struct Lineage {
  uint32_t state_format_version = kStateFormatVersion;
  uint32_t fold_version = kFoldVersion;
  std::string cluster_id;
  std::string topic_prefix;
  int32_t partition = 0;
  int32_t partition_count = 0;
  std::string partitioner;            // domain::PartitionerName
  std::array<int64_t, 3> log_base{};  // first offset of each topic that is in the state; 0 normally
  std::string hash_key_fingerprint;   // hex
  int32_t input_utc_offset_minutes = 0;
};

std::string EncodeLineage(const Lineage& lineage);
// kDataLoss: not a lineage. Versions newer than this binary's still decode far enough to name them.
absl::StatusOr<Lineage> DecodeLineage(std::string_view bytes);

// OK when a store of lineage `stored` may be continued by a process that wants `wanted` (log_base
// is the store's own and not compared). Otherwise kFailedPrecondition that names what differs, both
// values, and what to do (which flag or directory).
absl::Status CheckLineage(const Lineage& stored, const Lineage& wanted);

}  // namespace tally::store
