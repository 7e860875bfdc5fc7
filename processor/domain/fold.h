// The fold: (state, event) -> changed state. Pure apart from the state that it is handed: no clock,
// no I/O, no Kafka, no RocksDB, no configuration.
//
// Each topic changes fields that no other topic changes, so the state after given offsets is the
// same however the topics were interleaved. Keep it so when adding anything.
#pragma once

#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "processor/domain/aggregate.h"
#include "processor/domain/events.h"
#include "processor/domain/record.h"

namespace tally::domain {

// What the fold reads and changes. The delta (processor/delta.h) implements it over RocksDB; tests
// implement it over maps. Errors are storage errors: the fold passes them on and the shard stops.
class FoldState {
 public:
  virtual ~FoldState() = default;

  // The event's aggregate, made empty if the id was never seen. A made one is not yet a change:
  // only Mutate makes it one. The reference is valid until the next OpenEvent or Mutate call.
  virtual absl::StatusOr<const EventAggregate*> OpenEvent(std::string_view event_id) = 0;

  // The opened event's aggregate for writing; marks it changed.
  virtual EventAggregate& Mutate() = 0;

  // Adds a participant to the opened event. nullptr: it stands already, nothing changed. Otherwise
  // the caller fills in the contribution. Valid until the next call on this object.
  virtual absl::StatusOr<Contribution*> InsertParticipant(std::string_view participant_id) = 0;

  // The opened event's standing distribution of this identity; nullptr: none. Valid until the next
  // call on this object.
  virtual absl::StatusOr<const Distribution*> FindDistribution(
      std::string_view channel_as_sent, std::string_view distribution_id) = 0;

  // Replaces it, or adds it.
  virtual void PutDistribution(std::string_view channel_as_sent, std::string_view distribution_id,
                               Distribution distribution) = 0;

  // Adds to a cell of the opened event's timeline.
  virtual void AddToHour(Hour hour, ChannelIndex channel, const HourCounts& change) = 0;

  // The opened event moved from one user ("" if it had none) to another.
  virtual void MoveToUser(std::string_view from_user, std::string_view to_user) = 0;
};

enum class Outcome : uint8_t {
  kApplied,    // state changed
  kUnchanged,  // duplicate, or equal to what stands: nothing changed, marks included
};

// Where the applied record was: its offset and timestamp go into the event's TopicMark.
struct RecordMark {
  int64_t offset = 0;
  Millis timestamp = kNoTimestamp;
};

absl::StatusOr<Outcome> Fold(const EventCreated& event, RecordMark mark, FoldState& state);
absl::StatusOr<Outcome> Fold(const ParticipantRegistered& event, RecordMark mark, FoldState& state);
absl::StatusOr<Outcome> Fold(const DistributionCompleted& event, RecordMark mark, FoldState& state);

}  // namespace tally::domain
