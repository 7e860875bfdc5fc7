// What must be true of the topics before they may be read. Pure: tables in, one clear status out.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "processor/log_admin.h"
#include "processor/log_source.h"

namespace tally {

// The input topics, by topic index, and their dead-letter topics.
std::vector<std::string> InputTopics(const std::string& prefix);
std::vector<std::string> DeadLetterTopics(const std::string& prefix);

// The common partition count of the input topics. Errors:
//   kNotFound            topics are missing (all of them named)
//   kFailedPrecondition  compacted, or different partition counts
absl::StatusOr<int32_t> CheckTopics(const std::vector<TopicInfo>& inputs);

// Whether the topics still have as many partitions as the state was made from: kFailedPrecondition
// names those that have more, and the remedy. Fewer, or none: their readers say so.
absl::Status CheckPartitions(const std::vector<TopicInfo>& inputs, int32_t partition_count);

// Input topics whose records the broker may delete by age or size.
std::vector<std::string> FiniteRetention(const std::vector<TopicInfo>& inputs);

// Whether a store may read on from `next`, or a new one from the log's start: kOutOfRange names the
// gap and the remedy. `ranges` is of one partition, by topic index.
absl::Status CheckResume(const std::string& prefix, int32_t partition, const Offsets& next,
                         const std::vector<LogRange>& ranges);
absl::Status CheckLogBase(const std::string& prefix, int32_t partition,
                          const std::vector<LogRange>& ranges);

}  // namespace tally
