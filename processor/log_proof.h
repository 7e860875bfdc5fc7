// Whether a log is still the one that a shard has read: the records that it remembers are read
// again. librdkafka 2.0 knows neither topic ids nor truncation, so that a topic which was deleted
// and made again, or cut off and written anew, would go on under the old offsets.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "processor/last_record.h"
#include "processor/log_admin.h"
#include "processor/log_source.h"

namespace tally {

// Of one remembered record.
enum class Comparison : uint8_t {
  kSame,
  kGone,      // the log begins after it: retention
  kUnjudged,  // no record at its offset, but later ones: compaction, or an aborted transaction
  kShort,     // the log ends before it
  kDifferent,
};
inline constexpr int kComparisons = 5;

struct LogQuestion {
  int32_t partition = 0;
  Offsets next{};
  RememberedRecords remembered;
};

struct LogAnswer {
  // OK: nothing speaks against it. kDataLoss: it is another log. kOutOfRange: it ends before what
  // was read. Both name topic, partition, offset and remedy. kNotFound, kUnavailable,
  // kDeadlineExceeded, kPermissionDenied: it could not be looked at.
  absl::Status status = absl::UnavailableError("not compared yet");
  // Of a topic of which nothing was remembered: the record before the next offset, if there is one.
  LastRecords found;
  // Of the question's `last`, by topic; nullopt: nothing was remembered, or it could not be looked
  // at.
  std::array<std::optional<Comparison>, domain::kTopicCount> of_last;
  std::array<int, kComparisons> comparisons{};  // how many of each
  std::vector<std::string> unjudged;            // what, for people
};

Comparison Compare(const LastRecord& remembered, const RecordAt& at);

// Answers all questions with two rounds of reading, in their order; `prefix` is that of the topics.
// Blocking, within about twice `timeout`.
std::vector<LogAnswer> CompareWithLog(LogAdmin& admin, const std::string& prefix,
                                      std::span<const LogQuestion> questions,
                                      absl::Duration timeout);

}  // namespace tally
