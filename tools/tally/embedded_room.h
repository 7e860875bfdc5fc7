// Whether records still fit into the embedded broker, which drops a partition's oldest records
// silently when it holds more than 5 MiB or 100,000 batches. Pure accounting.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "processor/domain/partitioner.h"
#include "tools/tally/outgoing_record.h"

namespace tally::cli {

class EmbeddedRoom {
 public:
  // Below the broker's 5 MiB, as sizes are estimated. With the least size of a record this is also
  // below the 100,000 batches.
  static constexpr int64_t kPartitionBytesMax = int64_t{4} << 20;

  explicit EmbeddedRoom(domain::Partitioner partitioner) : partitioner_(partitioner) {}

  // What a record takes at most: in a batch of its own, uncompressed.
  static int64_t BytesOf(const OutgoingRecord& record);

  // Bytes that stand in a partition already.
  void AddStanding(const std::string& topic, int32_t partition, int64_t bytes);

  // Counts a record to its partition; one without key or partition to all, as it can go to any.
  // kResourceExhausted: it would not fit; the message says what to do.
  absl::Status Add(const OutgoingRecord& record, int32_t partitions);

 private:
  absl::Status AddTo(const std::string& topic, int32_t partition, int64_t bytes);

  domain::Partitioner partitioner_;
  std::map<std::pair<std::string, int32_t>, int64_t> bytes_;
};

}  // namespace tally::cli
