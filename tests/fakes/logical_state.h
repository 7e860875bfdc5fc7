// The fold's state without indices, interned numbers or arrival order: what two replays, or the
// fold and the naive model, must agree on. Comparable, and printable line by line for a diff.
#pragma once

#include <array>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "processor/domain/aggregate.h"

namespace tally::domain {

struct LogicalParticipant {
  std::string channel;  // resolved
  Hour hour = 0;
  Hundredths purchase_amount = 0;

  friend bool operator==(const LogicalParticipant&, const LogicalParticipant&) = default;
};

struct LogicalDistribution {
  std::string channel;   // resolved
  Distribution content;  // its channel index is 0
  friend bool operator==(const LogicalDistribution&, const LogicalDistribution&) = default;
};

struct LogicalEvent {
  std::optional<Description> description;
  std::map<std::string, Channel> channels;
  std::array<TopicMark, kTopicCount> marks;
  std::map<std::string, LogicalParticipant> participants;
  // By channel as sent and distribution id.
  std::map<std::pair<std::string, std::string>, LogicalDistribution> distributions;
  std::map<std::pair<Hour, std::string>, HourCounts> timeline;  // no zero cells

  friend bool operator==(const LogicalEvent&, const LogicalEvent&) = default;
};

struct LogicalState {
  std::map<std::string, LogicalEvent> events;
  std::map<std::string, std::set<std::string>> events_of_user;  // no empty sets

  friend bool operator==(const LogicalState&, const LogicalState&) = default;
};

// One line for each fact, e.g. "evt-1 channel SNS participants=2 purchases=300 named=P". Equal
// states have equal lines and the other way round.
std::vector<std::string> Lines(const LogicalState& state);

}  // namespace tally::domain
