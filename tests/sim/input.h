// Records as producers send them, made together with what they say: the model is told the meaning,
// Tally gets the bytes.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "processor/domain/decode.h"
#include "processor/domain/record.h"
#include "tests/fakes/input_record.h"
#include "tests/sim/config.h"

namespace tally::sim {

struct Input {
  domain::Topic topic = domain::Topic::kEventCreated;
  int32_t partition = 0;
  int64_t timestamp_ms = 0;
  std::optional<std::string> key, value;
  std::vector<std::pair<std::string, std::string>> headers;

  // What a good record says; its texts live as long as the process. Empty for a bad one.
  std::optional<decltype(domain::InputRecord::event)> event;
  domain::Reason bad_because = domain::Reason::kUndecodable;

  // One line for people.
  std::string ToString() const;
};

// The record that `salt` stands for in this life.
Input MakeInput(const Config& config, uint64_t salt);

// Ids that inputs use.
std::string_view EventId(int index);
std::string_view UserId(int index);
int32_t PartitionOfEvent(const Config& config, std::string_view event_id);

// A text that lives as long as the process; the same one for equal texts.
std::string_view Pooled(std::string text);

}  // namespace tally::sim
