// What must be: the state as of any offsets, by the naive model, from what the producers meant.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "processor/domain/digest.h"
#include "processor/domain/participant_hash.h"
#include "processor/log_source.h"
#include "processor/rows.h"
#include "store/store.h"
#include "tests/fakes/input_record.h"
#include "tests/fakes/logical_state.h"
#include "tests/sim/config.h"
#include "tests/sim/letters.h"
#include "tests/sim/log.h"

namespace tally::sim {

class Expected {
 public:
  Expected(const Config& config, const Log& log) : config_(config), log_(log) {}

  // The log has got this record there.
  void Add(const Input& input, int64_t offset);

  // It has nothing from this offset on any more.
  void CutOff(int32_t partition, domain::Topic topic, int64_t offset);

  // The event as of these offsets of its shard; an empty one if there is nothing of it.
  const domain::LogicalEvent& EventAt(std::string_view event_id, const Offsets& offsets);
  // All of a shard.
  domain::LogicalState ShardAt(int32_t partition, const Offsets& offsets);
  // Bad records below these offsets that no letter is of, or another than expected; "" if none.
  std::string LettersMissing(int32_t partition, const Offsets& offsets,
                             const LetterTopics& letters) const;
  // Whether all of the partition's letters are of bad records; "" if so.
  std::string LettersTooMany(int32_t partition, const LetterTopics& letters) const;

  const std::vector<std::string>& event_ids(int32_t partition) { return event_ids_[partition]; }

 private:
  struct OfEvent {
    domain::History records;
    // By how many records of each topic are below the offsets.
    std::map<std::array<size_t, domain::kTopicCount>, domain::LogicalEvent> states;
  };
  struct Bad {
    domain::Topic topic;
    int64_t offset;
    domain::Reason reason;
  };
  bool IsSeen(int32_t partition, domain::Topic topic, int64_t offset) const;

  const Config& config_;
  const Log& log_;
  std::map<std::string, OfEvent, std::less<>> events_;
  std::map<int32_t, std::vector<std::string>> event_ids_;
  std::map<int32_t, std::vector<Bad>> bad_;
};

// What a store holds, in the model's terms; participants by their hash's hexadecimal digits.
absl::StatusOr<domain::LogicalState> StoredState(const store::Snapshot& snapshot);
// The model's state with participants named so.
domain::LogicalState WithHashes(domain::LogicalState state, const domain::HashKey& key);
// The digest of the model's state (participants named by hashes).
domain::Digest DigestOf(const domain::LogicalState& state);

// What an aggregate says, in the model's terms, timeline aside.
domain::LogicalEvent LogicalOf(const domain::EventAggregate& aggregate);

// What one has and the other has not, one line each; "" if they are equal.
std::string Difference(const domain::LogicalState& seen, const domain::LogicalState& expected);

}  // namespace tally::sim
