// One valid input record after decoding, of any topic, for tests that build histories.
#pragma once

#include <variant>
#include <vector>

#include "processor/domain/events.h"
#include "processor/domain/fold.h"
#include "processor/domain/record.h"

namespace tally::domain {

// The events hold views: whoever builds a history keeps the text alive.
struct InputRecord {
  RecordMark mark;
  std::variant<EventCreated, ParticipantRegistered, DistributionCompleted> event;

  // The alternatives are in the order of the topics' numbers.
  Topic topic() const { return static_cast<Topic>(event.index()); }
};
using History = std::vector<InputRecord>;  // of one shard; offsets of each topic ascend

}  // namespace tally::domain
