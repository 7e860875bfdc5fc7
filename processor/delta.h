// The delta: what a shard's records have changed since its last checkpoint. A memtable of our own.
//
// Life of a change: live delta -> (Freeze) frozen delta -> (commit, Committed) store snapshot. At
// any moment it is in exactly one of the three, and a reader who looks at live over frozen over
// snapshot sees one position of the shard, also while a commit is under way or after it failed.
//
// Aggregates and distributions are kept as full values (copy on write once frozen or pinned);
// timeline cells are kept as increments, which the store merges, so that folding a record never
// has to read a cell.
#pragma once

#include <array>
#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "processor/domain/aggregate.h"
#include "processor/domain/digest.h"
#include "processor/domain/fold.h"
#include "processor/domain/participant_hash.h"
#include "processor/event_watch.h"
#include "processor/hour_changes.h"
#include "processor/log_source.h"
#include "processor/participant_filter.h"
#include "processor/rows.h"
#include "store/store.h"

namespace tally {

// What all versions of one event's node share.
struct EventIdentity {
  domain::Digest event_key;
  // Term of the event's row as of the last checkpoint built, zero before the first. Only the
  // checkpoint builder touches it once the event is in memory.
  domain::Digest row_digest;
};

inline constexpr domain::Hour kHoursEndUnknown = std::numeric_limits<domain::Hour>::max();

// One event with its changes of one epoch (from one freeze to the next).
struct EventNode {
  EventNumber number = 0;
  std::shared_ptr<EventIdentity> identity;
  domain::EventAggregate aggregate;    // full current value
  bool in_store = false;               // some row of it may be in the store or on its way there
  bool participants_in_store = false;  // and some participant's

  uint64_t epoch = 0;   // the changes below were made in it
  bool shared = false;  // frozen or pinned: clone before changing
  HourChanges hours;
  absl::flat_hash_map<std::string, domain::Distribution> distributions;  // channel 00 id -> now

  // All cells of its timeline, wherever they are, lie before this hour: what most dashboards ask
  // for are the last days, in which most events have none. Found out by reading; owner's thread
  // only.
  mutable domain::Hour hours_end = kHoursEndUnknown;
};
using EventNodePtr = std::shared_ptr<EventNode>;
using ConstEventNodePtr = std::shared_ptr<const EventNode>;

struct ParticipantKeyBytes {
  EventNumber number;
  domain::ParticipantHashBytes hash;
  friend bool operator==(const ParticipantKeyBytes&, const ParticipantKeyBytes&) = default;
};
// 64 of the participant's 96 bits, which are uniform already and differ from event to event.
uint64_t HashBits(const domain::ParticipantHashBytes& hash);
struct ParticipantKeyHash {
  size_t operator()(const ParticipantKeyBytes& key) const { return HashBits(key.hash); }
};
using ParticipantMap =
    absl::flat_hash_map<ParticipantKeyBytes, domain::Contribution, ParticipantKeyHash>;

// user id -> event id -> (owned now, number)
struct UserChange {
  bool owned = false;
  EventNumber number = 0;
};
using UserChanges = absl::flat_hash_map<std::string, absl::flat_hash_map<std::string, UserChange>>;

// Immutable once made (but for EventIdentity's builder fields). Read by the owner and by the
// checkpoint builder's thread.
struct FrozenDelta {
  uint64_t epoch = 0;
  Offsets next_offsets{};
  RememberedRecords remembered;
  EventNumber next_event_number = 0;
  std::vector<ConstEventNodePtr> nodes;  // changed events, by no particular order
  absl::flat_hash_map<EventNumber, const EventNode*> by_number;
  std::shared_ptr<const ParticipantMap> participants;
  UserChanges users;
};

// A read view of one event; immutable, holds what it needs. `frozen` may be null.
struct PinnedEvent {
  ConstEventNodePtr node;
  bool node_is_live = false;  // node->hours are changes not in frozen nor snapshot
  std::shared_ptr<const FrozenDelta> frozen;
  std::shared_ptr<const store::Snapshot> snapshot;
  std::shared_ptr<const EventWatch> watch;  // null: the event is not in memory
};

struct DeltaOptions {
  // Memory of the live changes, bytes; the frozen ones take as much again.
  size_t bytes_max = size_t{16} << 20;
  size_t resident_events_max = 65'536;
  // Memory of the filter that tells new participants from counted ones, bytes.
  size_t filter_bytes_max = size_t{32} << 20;
};

// The part of the filters' memory for participants that come after the delta was made, where there
// are stored ones.
constexpr size_t NewFilterBytes(const DeltaOptions& options) {
  return options.filter_bytes_max / 4;
}

// How often the store had to be asked whether a participant is counted already, and what it said.
struct LookupCounts {
  uint64_t found = 0;
  uint64_t absent = 0;
};

// One thread: the shard's.
class Delta final : public domain::FoldState {
 public:
  // `snapshot` is the store's state now and `checkpoint` its 'C' row. `progress` (may be null) is
  // told of users whose events change.
  Delta(domain::HashKey hash_key, std::shared_ptr<const store::Snapshot> snapshot,
        const CheckpointRow& checkpoint, DeltaOptions options,
        std::shared_ptr<ShardProgress> progress = nullptr);

  // Registrations that can be prepared for at a time.
  static constexpr size_t kPrepareMax = 32;
  // What these registrations, folded next and in this order, will look at is brought near while
  // the first of them are still to be folded. Changes nothing but the time that folding takes. The
  // events' bytes must live until they are folded or Prepare is called again.
  void Prepare(std::span<const domain::ParticipantRegistered> next);

  // From now on the live changes may use this part, in (0, 1], of DeltaOptions::bytes_max.
  void LimitTo(double part) {
    bytes_now_max_ = static_cast<size_t>(static_cast<double>(bytes_max_) * part);
  }

  // Many records are to come: the tables get the size that they will have when they are full, since
  // growing them takes milliseconds.
  void ExpectMany();

  // The participants that the store held when this delta was made: until it has this, every one is
  // looked up in the store. Not called when there were none.
  void SetStoredParticipants(std::unique_ptr<const ParticipantFilter> stored);
  size_t filter_bytes() const;
  const LookupCounts& lookups() const { return lookups_; }

  // domain::FoldState. Errors are the store's (kDataLoss, kUnavailable).
  absl::StatusOr<const domain::EventAggregate*> OpenEvent(std::string_view event_id) override;
  domain::EventAggregate& Mutate() override;
  absl::StatusOr<domain::Contribution*> InsertParticipant(std::string_view participant_id) override;
  absl::StatusOr<const domain::Distribution*> FindDistribution(
      std::string_view channel_as_sent, std::string_view distribution_id) override;
  void PutDistribution(std::string_view channel_as_sent, std::string_view distribution_id,
                       domain::Distribution distribution) override;
  void AddToHour(domain::Hour hour, domain::ChannelIndex channel,
                 const domain::HourCounts& change) override;
  void MoveToUser(std::string_view from_user, std::string_view to_user) override;

  // Approximate memory of the live changes, bytes.
  size_t live_bytes() const;
  // No further record should be folded before the next Freeze.
  bool full() const;
  bool empty() const { return dirty_.empty(); }

  // Freezes the live changes together with the position that they lead to. No frozen delta may be
  // standing. The caller commits the result and then calls Committed.
  std::shared_ptr<const FrozenDelta> Freeze(const Offsets& next_offsets,
                                            const RememberedRecords& remembered = {});

  // The frozen delta's commit is visible in `after`: from now on it is read there. What is returned
  // is no longer needed and takes long to free.
  std::shared_ptr<const ParticipantMap> Committed(std::shared_ptr<const store::Snapshot> after);

  // From now on the stored state is read in `same`, which shows what the snapshot before showed.
  // Returns the one before.
  std::shared_ptr<const store::Snapshot> ReplaceSnapshot(
      std::shared_ptr<const store::Snapshot> same) {
    return std::exchange(snapshot_, std::move(same));
  }

  // A view of the event as of now; nullopt when it was never seen. Good until the next change of
  // the delta.
  absl::StatusOr<std::optional<PinnedEvent>> View(std::string_view event_id);
  // The same, good for as long as it is held, if the event is in memory; costs a copy when it
  // changes meanwhile. nullopt: it is not, so that snapshot() has all there is of it.
  std::optional<PinnedEvent> PinResident(std::string_view event_id);
  // For one that was not in memory when snapshot() was `then`: a view of it as of that time;
  // nullopt when there was none. `keep`: it stays in memory if nothing was committed since and
  // nothing has to go for it.
  absl::StatusOr<std::optional<PinnedEvent>> PinStored(std::string_view event_id,
                                                       std::shared_ptr<const store::Snapshot> then,
                                                       bool keep);
  const std::shared_ptr<const store::Snapshot>& snapshot() const { return snapshot_; }

  // Ids of the user's events as of now.
  absl::StatusOr<std::vector<std::string>> EventsOf(std::string_view user_id) const;

 private:
  // Stable address of an event in memory; the node in it changes by copy on write.
  struct Slot {
    explicit Slot(EventNodePtr event) : node(std::move(event)) {}
    Slot(const Slot&) = delete;
    Slot& operator=(const Slot&) = delete;
    ~Slot() { Changes(); }

    std::shared_ptr<const EventWatch> Watch();
    void Changes() {
      if (watch != nullptr) std::exchange(watch, nullptr)->Change();
    }

    EventNodePtr node;
    std::shared_ptr<EventWatch> watch;  // of those who look since the last change; null: nobody
  };

  // What Prepare has found out already.
  struct Prepared {
    std::string_view event_id;  // recognised by where it lies
    std::string_view participant_id;
    size_t event_hash = 0;
    Slot* slot = nullptr;
    domain::ParticipantHashBytes participant{};
  };

  absl::StatusOr<Slot*> FindSlot(std::string_view event_id);  // nullptr: never seen
  Slot* AddSlot(std::string_view event_id, EventNodePtr node);
  // The opened event's node, unshared and in the live epoch.
  EventNode& LiveNode();
  const EventNode* FrozenNode(EventNumber number) const;
  PinnedEvent Pin(Slot& slot) const;
  void EvictResident();
  // As many as there is room for, with as much of everything else as is usual.
  size_t ParticipantsMax() const;
  bool IsCertainlyNew(const domain::ParticipantHashBytes& hash);
  absl::StatusOr<bool> IsStored(const ParticipantKeyBytes& key);

  const domain::HashKey hash_key_;
  const std::shared_ptr<ShardProgress> progress_;
  const size_t resident_events_max_;
  size_t evict_at_;
  const size_t bytes_max_;
  size_t bytes_now_max_;
  std::shared_ptr<const store::Snapshot> snapshot_;
  std::shared_ptr<const FrozenDelta> frozen_;
  std::vector<Slot*> frozen_slots_;

  // Events in memory, changed or not. Those changed since the last commit are never evicted.
  absl::flat_hash_map<std::string, std::unique_ptr<Slot>> resident_;

  // The live delta.
  uint64_t epoch_ = 1;
  EventNumber next_event_number_;
  std::vector<Slot*> dirty_;
  ParticipantMap participants_;
  UserChanges users_;
  size_t other_bytes_ = 0;

  // All participants added since the delta was made, and those that were stored then.
  ParticipantFilter filter_;
  std::unique_ptr<const ParticipantFilter> stored_filter_;
  bool filters_complete_;
  LookupCounts lookups_;

  Slot* open_ = nullptr;
  std::array<Prepared, kPrepareMax> prepared_;
  size_t prepared_next_ = 0;
  size_t prepared_end_ = 0;
  bool open_is_prepared_ = false;  // the opened event is that of prepared_[prepared_next_]
  std::string scratch_value_;
  domain::Distribution found_distribution_;
};

// Adds up an event's timeline in `range` over the pinned view, cell by cell. `visit` gets every
// non-zero cell once, ascending by hour then channel.
absl::Status ForEachHourCell(
    const PinnedEvent& event, domain::Hour begin, domain::Hour end,
    absl::FunctionRef<void(domain::Hour, domain::ChannelIndex, const domain::HourCounts&)> visit);

}  // namespace tally
