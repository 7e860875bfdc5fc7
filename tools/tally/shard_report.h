// What inspect reads from a shard's store.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "processor/domain/aggregate.h"
#include "processor/rows.h"
#include "processor/store_check.h"
#include "store/lineage.h"
#include "store/shard_directory.h"
#include "store/store.h"

namespace tally::cli {

// One shard at one commit. What could not be read is nullopt and `status` says why.
struct ShardReport {
  int32_t partition = 0;
  absl::Status status;
  std::optional<store::Lineage> lineage;
  std::optional<CheckpointRow> checkpoint;
  std::optional<StoreScan> scan;
  uint64_t disk_bytes = 0;

  // After a scan: counts and digest are what the checkpoint says.
  bool ScanAgrees() const;
};

using ScanProgress = std::function<bool(uint64_t rows)>;  // false cancels

ShardReport ReadShard(const store::DataDir& directory, int32_t partition, bool scan,
                      const ScanProgress& progress);

struct DistributionRow {
  std::string channel_as_sent;
  std::string distribution_id;
  domain::Distribution distribution;
};
struct HourRow {
  domain::Hour hour = 0;
  domain::ChannelIndex channel = 0;
  domain::HourCounts counts;
};
struct ParticipantRow {
  ParticipantHashBytes hash{};
  domain::Contribution contribution;
};

// An event's rows; of the lists at most rows_max each, and how many there are.
struct EventReport {
  int32_t partition = 0;
  EventRow row;
  std::vector<DistributionRow> distributions;
  std::vector<HourRow> hours;
  std::vector<ParticipantRow> participants;
  uint64_t distribution_rows = 0;
  uint64_t hour_rows = 0;  // cells: an hour and a channel
  uint64_t participant_rows = 0;
};

// From the shard that the stored lineage places the event in. kNotFound: no such event, or its
// shard is not in this directory; kDataLoss: damaged.
absl::StatusOr<EventReport> ReadEvent(const store::DataDir& directory, const std::string& event_id,
                                      int64_t rows_max);

}  // namespace tally::cli
