// What must be known of the log before it is read: cluster, topics, ranges, first records.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "processor/domain/record.h"

namespace tally {

struct TopicInfo {
  std::string name;
  int32_t partitions = 0;  // 0: the topic does not exist
  // nullopt where the broker does not tell (embedded broker, no permission).
  std::optional<std::string> cleanup_policy;  // "delete", "compact", "compact,delete"
  std::optional<int64_t> retention_ms;        // -1: unlimited
  std::optional<int64_t> retention_bytes;     // -1: unlimited
};

struct LogRange {
  int64_t begin = 0;  // log start offset
  int64_t end = 0;    // last stable offset: where a read_committed reader ends
};

// A record with its own bytes.
struct OwnedRecord {
  int64_t offset = 0;
  int64_t timestamp_ms = domain::kNoTimestamp;
  std::optional<std::string> key;
  std::optional<std::string> value;
  std::vector<std::pair<std::string, std::optional<std::string>>> headers;
};

struct PartitionAt {
  std::string topic;
  int32_t partition = 0;
  int64_t offset = 0;
};

// What a log's partition has at some offset or after it.
struct RecordAt {
  LogRange range;
  // The first record at or after the offset; nullopt: none, or the offset is not in the range.
  std::optional<OwnedRecord> record;
};

// Blocking calls, each bounded by `timeout`; call from a thread that may wait. Errors:
// kUnavailable (broker not reachable, the message names the addresses), kDeadlineExceeded,
// kPermissionDenied, kInvalidArgument.
class LogAdmin {
 public:
  virtual ~LogAdmin() = default;
  virtual absl::StatusOr<std::string> ClusterId(absl::Duration timeout) = 0;
  // In the order of `names`; never creates a topic.
  virtual absl::StatusOr<std::vector<TopicInfo>> DescribeTopics(
      const std::vector<std::string>& names, absl::Duration timeout) = 0;
  // With cleanup.policy=delete, retention.ms=-1, retention.bytes=-1; one that exists already is
  // left alone and is no error. replication_factor -1: the broker's default.
  virtual absl::Status CreateTopics(const std::vector<std::string>& names, int32_t partitions,
                                    int16_t replication_factor, absl::Duration timeout) = 0;
  // Ranges of all partitions 0 … partitions-1 of a topic.
  virtual absl::StatusOr<std::vector<LogRange>> Ranges(const std::string& topic, int32_t partitions,
                                                       absl::Duration timeout) = 0;
  // Records from the given places on, in no order between partitions, until `visit` returns false,
  // every partition's end as of now is reached, or the timeout passes (kDeadlineExceeded).
  virtual absl::Status Read(
      const std::vector<PartitionAt>& from,
      const std::function<bool(const PartitionAt&, const OwnedRecord&)>& visit,
      absl::Duration timeout) = 0;
  // What there is at each of the places, in their order. The same partition must not be named
  // twice.
  virtual absl::StatusOr<std::vector<RecordAt>> ReadAt(const std::vector<PartitionAt>& places,
                                                       absl::Duration timeout) = 0;
};

}  // namespace tally
