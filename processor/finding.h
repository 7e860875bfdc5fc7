// What a check found wrong with a store: which row, what it holds, what it should hold.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "processor/domain/aggregate.h"
#include "processor/domain/participant_hash.h"

namespace tally {

struct Finding {
  std::string event_id;  // empty: of the shard, or of an event that cannot be told
  std::string row;       // such as "channel SNS" or "participant 0a1b…"; empty: all of it
  std::string field;     // such as "participants"; empty: the row as a whole
  std::string stored;    // what the store has
  std::string expected;  // what it should have
};

// One line: `event "evt-1", channel SNS, participants: is 26, should be 25`.
std::string ToText(const Finding& finding);

// The first findings, and how many there were.
class Findings {
 public:
  explicit Findings(size_t kept_max) : kept_max_(kept_max) {}

  void Add(Finding finding);
  bool empty() const { return count_ == 0; }
  uint64_t count() const { return count_; }
  const std::vector<Finding>& kept() const { return kept_; }

 private:
  size_t kept_max_;
  uint64_t count_ = 0;
  std::vector<Finding> kept_;
};

// How rows are named in findings. Names from outside are quoted where they are not plain.
std::string NameOfChannel(std::string_view channel);
std::string NameOfDistribution(std::string_view channel_as_sent, std::string_view distribution_id);
std::string NameOfHour(domain::Hour hour);
std::string NameOfParticipant(const domain::ParticipantHashBytes& hash);
std::string NameOfUser(std::string_view user_id);
// "2026-01-01T00:00:00Z"
std::string HourText(domain::Hour hour);

}  // namespace tally
