// Dead letters read back and counted. Pure.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>

#include "absl/container/flat_hash_set.h"
#include "processor/log_admin.h"

namespace tally::cli {

inline constexpr std::string_view kForeignReason = "(not a dead letter of tallyd)";

// One dead letter; the coordinates are those of the refused record.
struct Letter {
  std::string topic;
  int32_t partition = -1;
  int64_t offset = -1;
  std::string reason;
  std::string detail;
  std::string cut;                              // what did not fit; usually empty
  int64_t timestamp_ms = domain::kNoTimestamp;  // the refused record's

  friend bool operator==(const Letter&, const Letter&) = default;
};

// A record without tallyd's headers is a letter of kForeignReason at its own coordinates.
Letter ReadLetter(const PartitionAt& at, const OwnedRecord& record);

// Dead letters are at-least-once, identified by topic, partition and offset: those written again
// are counted apart.
class LetterCounts {
 public:
  struct Row {
    int64_t letters = 0;   // distinct
    int64_t repeated = 0;  // beyond the first of each
  };

  // False: a repetition.
  bool Add(const Letter& letter);

  // By (topic, reason).
  const std::map<std::pair<std::string, std::string>, Row>& rows() const { return rows_; }
  int64_t letters() const { return letters_; }

 private:
  std::map<std::pair<std::string, int32_t>, absl::flat_hash_set<int64_t>> seen_;
  std::map<std::pair<std::string, std::string>, Row> rows_;
  int64_t letters_ = 0;
};

}  // namespace tally::cli
