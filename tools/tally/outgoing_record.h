// A record on its way to a topic: owned bytes, no Kafka types. Made by the sample data set, the
// synthetic load and the JSONL reader; taken by the sender (Kafka) or the JSONL writer.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "processor/domain/record.h"

namespace tally::cli {

struct OutgoingRecord {
  std::string topic;                 // full name
  std::optional<int32_t> partition;  // nullopt: by key, with the partitioner
  std::optional<std::string> key;    // nullopt: null key
  std::optional<std::string> value;  // nullopt: tombstone
  std::vector<std::pair<std::string, std::optional<std::string>>> headers;
  int64_t timestamp_ms = domain::kNoTimestamp;  // kNoTimestamp: the time of sending

  friend bool operator==(const OutgoingRecord&, const OutgoingRecord&) = default;
};

}  // namespace tally::cli
