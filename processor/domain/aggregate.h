// What Tally knows of one marketing event: plain values, changed only by the fold.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "processor/domain/events.h"
#include "processor/domain/int128.h"
#include "processor/domain/record.h"

namespace tally::domain {

// A topic keeps at most this many channels of its own per event; what it names beyond is counted
// under kDefaultChannel.
inline constexpr int kChannelsPerTopicMax = 1000;

// Hours since the Unix epoch, UTC; negative before 1970 (which input never is).
using Hour = int32_t;
constexpr Hour HourOf(Millis time) {
  return static_cast<Hour>(time >= 0 ? time / 3'600'000 : (time - 3'599'999) / 3'600'000);
}

// The description, as the last EventCreated that changed it left it.
struct Description {
  std::string user_id;
  std::string event_title;
  std::string status;
  std::optional<Millis> start;
  std::optional<Millis> end;
  Millis created_at = 0;
  Hundredths total_investment = 0;
  Hundredths expected_revenue = 0;
  Hundredths target_roi = 0;

  friend bool operator==(const Description&, const Description&) = default;
};

// One channel of one event. The first group is written by participant.registered only, the second
// by distribution.completed only: that is why the topics commute. What a registration looks at is
// one cache line.
struct alignas(64) Channel {
  std::string name;

  uint64_t participants = 0;
  bool named_by_participants = false;  // counts towards kChannelsPerTopicMax
  Int128 purchase_amount = 0;          // hundredths

  uint64_t distributions = 0;  // distinct distribution identities resolved to this channel
  bool named_by_distributions = false;
  Int128 impressions = 0;        // sum of expected views of SUCCESS distributions
  Int128 distribution_cost = 0;  // hundredths, whatever the status
  std::string channel_type;      // of the latest distribution record; meaningless without
  std::string status;            //   distributions

  friend bool operator==(const Channel&, const Channel&) = default;
};

// Of the records of one topic that changed the event.
struct TopicMark {
  int64_t last_offset = -1;             // -1: none yet
  Millis max_timestamp = kNoTimestamp;  // greatest record timestamp

  friend bool operator==(const TopicMark&, const TopicMark&) = default;
};

// Index into EventAggregate::channels. Given by arrival, so it differs between replays: never
// shown, never hashed.
using ChannelIndex = uint16_t;

// Finds channels by name without a walk over all of them: an open-addressed table over the names'
// hashes, small and flat, so that copying an aggregate stays cheap. It is derived from the channels
// and so has no part in equality. It answers for the channels that it has seen (Update), which
// relies on channels never being removed or renamed.
class ChannelTable {
 public:
  // Takes in the channels that were appended since the last call. Few are better walked over: no
  // table is built for them.
  void Update(const std::vector<Channel>& channels);
  // nullopt: none of that name.
  std::optional<ChannelIndex> Find(const std::vector<Channel>& channels,
                                   std::string_view name) const;

  friend bool operator==(const ChannelTable&, const ChannelTable&) { return true; }

 private:
  void Insert(const std::vector<Channel>& channels, size_t index);

  std::vector<uint16_t> slots_;  // index + 1, 0 if free; a power of two, at most half full
  size_t seen_ = 0;              // channels[0, seen_) are in slots_
};

struct EventAggregate {
  std::string event_id;
  std::optional<Description> description;  // nullopt until EventCreated arrives
  std::vector<Channel> channels;           // by first arrival; never removed
  std::array<TopicMark, kTopicCount> marks;
  uint64_t participants = 0;  // sum over channels
  int32_t channels_named_by_participants = 0;
  int32_t channels_named_by_distributions = 0;
  ChannelTable channel_table;

  // nullopt: the event has no such channel.
  std::optional<ChannelIndex> FindChannel(std::string_view name) const;
  // Appends a channel of that name, which the event must not have.
  ChannelIndex AddChannel(std::string_view name);
  // totalViews: the sum of impressions over all channels.
  Int128 TotalViews() const;

  // Indices included: aggregates that differ only by the order of channels are not equal.
  friend bool operator==(const EventAggregate&, const EventAggregate&) = default;
};

// What one participant added, so that it can be taken back later.
struct Contribution {
  ChannelIndex channel = 0;
  Hour hour = 0;
  Hundredths purchase_amount = 0;

  friend bool operator==(const Contribution&, const Contribution&) = default;
};

// What stands for one distribution identity (event, channel as sent, distribution id).
struct Distribution {
  ChannelIndex channel = 0;  // resolved: kDefaultChannel's beyond the limit
  std::string channel_type;
  std::string status;
  Millis completed_at = 0;
  int64_t expected_views = 0;
  Hundredths distribution_cost = 0;

  friend bool operator==(const Distribution&, const Distribution&) = default;
};

// One cell of the timeline (hour, channel), or a change of one: all three may then be negative.
struct HourCounts {
  int64_t participants = 0;
  Int128 views = 0;
  Int128 purchase_amount = 0;  // hundredths

  HourCounts& operator+=(const HourCounts& other) {
    participants += other.participants;
    views += other.views;
    purchase_amount += other.purchase_amount;
    return *this;
  }
  bool IsZero() const { return participants == 0 && views == 0 && purchase_amount == 0; }
  friend bool operator==(const HourCounts&, const HourCounts&) = default;
};

}  // namespace tally::domain
