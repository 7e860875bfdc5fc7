// Records that a shard has read and remembers, so that another log in the place of the one that it
// has read is recognised: a topic that was deleted and made again, or cut off and written anew.
#pragma once

#include <array>
#include <cstdint>

#include "processor/domain/record.h"

namespace tally {

struct LastRecord {
  int64_t offset = -1;  // -1: none is remembered
  uint64_t hash = 0;    // domain::RecordHash

  bool known() const { return offset >= 0; }
  friend bool operator==(const LastRecord&, const LastRecord&) = default;
};

// By topic index.
using LastRecords = std::array<LastRecord, domain::kTopicCount>;

struct RememberedRecords {
  // The last one of each topic: shows that the log still ends in what was read.
  LastRecords last;
  // The same as of when the log was last found to be the one that was read: had it been replaced
  // since, without anybody noticing, `last` might be of the new one.
  LastRecords proved;

  friend bool operator==(const RememberedRecords&, const RememberedRecords&) = default;
};

}  // namespace tally
