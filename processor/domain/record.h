// One record of an input topic, as the domain sees it: bytes and coordinates, no Kafka types.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace tally::domain {

// The input topics, in the fixed order in which offsets, marks and positions list them. The
// numbers are stored and sent: append new topics, never renumber.
enum class Topic : uint8_t {
  kEventCreated = 0,
  kParticipantRegistered = 1,
  kDistributionCompleted = 2,
};
inline constexpr int kTopicCount = 3;
inline constexpr Topic kTopics[kTopicCount] = {Topic::kEventCreated, Topic::kParticipantRegistered,
                                               Topic::kDistributionCompleted};

// The topic's name after the configurable prefix, e.g. "event.created".
constexpr std::string_view TopicSuffix(Topic topic) {
  switch (topic) {
    case Topic::kEventCreated:
      return "event.created";
    case Topic::kParticipantRegistered:
      return "participant.registered";
    case Topic::kDistributionCompleted:
      return "distribution.completed";
  }
  return "";
}
constexpr int Index(Topic topic) { return static_cast<int>(topic); }

struct Header {
  std::string_view name;
  std::optional<std::string_view> value;  // nullopt is a null header value
};

inline constexpr int64_t kNoTimestamp = -1;

// A view of one record. The bytes belong to the log source's batch and are valid while that batch
// is held.
struct Record {
  Topic topic = Topic::kEventCreated;
  int32_t partition = 0;
  int64_t offset = 0;
  int64_t timestamp_ms = kNoTimestamp;    // Kafka record timestamp, Unix epoch milliseconds
  std::optional<std::string_view> key;    // nullopt: null key
  std::optional<std::string_view> value;  // nullopt: tombstone
  std::span<const Header> headers;        // usually empty
};

}  // namespace tally::domain
