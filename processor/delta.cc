#include "processor/delta.h"

#include <algorithm>
#include <bit>
#include <cassert>
#include <cstring>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"

namespace tally {
namespace {

using domain::ChannelIndex;
using domain::Hour;
using domain::HourCounts;

// Memory of the hash table of so many participants: it doubles when seven eighths of its slots are
// taken.
constexpr size_t kParticipantSlotBytes = sizeof(ParticipantMap::value_type) + 1;
constexpr size_t ParticipantTableBytes(size_t count) {
  return count == 0 ? 0 : std::bit_ceil((count * 8 + 6) / 7) * kParticipantSlotBytes;
}

// Approximate memory of one entry, hash table slack included.
constexpr size_t kHourCellBytes = 96;
constexpr size_t kNodeBytes = 1024;
constexpr size_t kDistributionBytes = 256;
constexpr size_t kPrefetchedChannels = 8;
constexpr size_t kCacheLineBytes = 64;

absl::string_view Abseil(std::string_view text) { return {text.data(), text.size()}; }

std::string DistributionId(std::string_view channel_as_sent, std::string_view distribution_id) {
  std::string id(channel_as_sent);
  id.push_back('\0');
  return id.append(distribution_id);
}

// The same bytes, not only equal ones.
bool IsSameText(std::string_view a, std::string_view b) {
  return a.data() == b.data() && a.size() == b.size();
}

absl::Status NoSuchChannel(std::string_view row_kind, const domain::EventAggregate& event) {
  return absl::DataLossError(absl::StrCat("a stored ", Abseil(row_kind), " of event '",
                                          event.event_id,
                                          "' refers to a channel that the event does not have"));
}

using HourSum = std::pair<HourCellKey, HourCounts>;

// What is found of a timeline between two hours.
struct Found {
  Hour begin;
  Hour end;
  std::vector<HourSum> sums;
  Hour hours_end = 0;  // there is nothing from here on; kHoursEndUnknown: not looked that far
};

void CollectChanges(const EventNode& node, Found& found) {
  for (const auto& [cell, counts] : node.hours.cells()) {
    const Hour hour = HourOfCell(cell);
    found.hours_end = std::max(found.hours_end, hour + 1);
    if (hour >= found.begin && hour < found.end) found.sums.emplace_back(cell, counts);
  }
}

absl::Status CollectStored(const store::Snapshot& snapshot, const EventNode& node, Found& found) {
  const EventNumber number = node.number;
  const std::string first = HourKey(number, found.begin);
  const auto rows = snapshot.NewIterator(first, HourKey(number + 1, 0));
  std::vector<HourCell> cells;
  found.hours_end = std::max(found.hours_end, found.begin);
  for (rows->Seek(first); rows->Valid(); rows->Next()) {
    auto key = ParseHourKey(rows->key());
    if (!key.ok()) return key.status();
    if (key->hour >= found.end) {
      found.hours_end = kHoursEndUnknown;
      return absl::OkStatus();
    }
    found.hours_end = std::max(found.hours_end, key->hour + 1);
    if (auto status = DecodeHour(rows->key(), rows->value(), &cells); !status.ok()) return status;
    if (!cells.empty() && cells.back().first >= node.aggregate.channels.size()) {
      return NoSuchChannel("timeline hour", node.aggregate);
    }
    for (const auto& [channel, counts] : cells) {
      found.sums.emplace_back(MakeHourCell(key->hour, channel), counts);
    }
  }
  return rows->status();
}

// nullptr: the store has no such event.
absl::StatusOr<EventNodePtr> LoadNode(const store::Snapshot& snapshot, std::string_view event_id) {
  const std::string key = EventKey(event_id);
  std::string value;
  auto stored = snapshot.Get(key, &value);
  if (!stored.ok()) return stored.status();
  if (!*stored) return nullptr;
  auto row = DecodeEvent(key, value);
  if (!row.ok()) return row.status();
  auto node = std::make_shared<EventNode>();
  node->number = row->number;
  node->identity = std::make_shared<EventIdentity>(EventIdentity{
      .event_key = domain::EventKey(event_id), .row_digest = domain::AggregateRow(row->aggregate)});
  node->in_store = true;
  node->participants_in_store = row->aggregate.participants > 0;
  node->aggregate = std::move(row->aggregate);
  return node;
}

// The same event without the changes of an epoch that is over.
EventNodePtr WithoutChanges(const EventNode& node) {
  auto copy = std::make_shared<EventNode>();
  copy->number = node.number;
  copy->identity = node.identity;
  copy->aggregate = node.aggregate;
  copy->in_store = node.in_store;
  copy->participants_in_store = node.participants_in_store;
  copy->hours_end = node.hours_end;
  return copy;
}

size_t TextBytes(const domain::EventAggregate& event) {
  size_t bytes = event.channels.size() * sizeof(domain::Channel);
  if (event.description) bytes += event.description->event_title.size();
  return bytes;
}

// What folding a registration looks at of its event, but for the channels.
void PrefetchForRegistration(const EventNode& node) {
  const char* begin = reinterpret_cast<const char*>(&node.aggregate.channels);
  const char* end = reinterpret_cast<const char*>(&node.hours + 1);
  for (const char* line = begin; line < end; line += kCacheLineBytes) __builtin_prefetch(line);
  __builtin_prefetch(end - 1);
}

}  // namespace

uint64_t HashBits(const domain::ParticipantHashBytes& hash) {
  uint64_t bits;
  std::memcpy(&bits, hash.data(), sizeof bits);
  return bits;
}

Delta::Delta(domain::HashKey hash_key, std::shared_ptr<const store::Snapshot> snapshot,
             const CheckpointRow& checkpoint, DeltaOptions options,
             std::shared_ptr<ShardProgress> progress)
    : hash_key_(std::move(hash_key)),
      progress_(std::move(progress)),
      resident_events_max_(options.resident_events_max),
      evict_at_(options.resident_events_max),
      bytes_max_(options.bytes_max),
      bytes_now_max_(options.bytes_max),
      snapshot_(std::move(snapshot)),
      next_event_number_(checkpoint.next_event_number),
      filter_(checkpoint.participants == 0 ? options.filter_bytes_max : NewFilterBytes(options)),
      filters_complete_(checkpoint.participants == 0) {}

void Delta::ExpectMany() { participants_.reserve(ParticipantsMax()); }

size_t Delta::ParticipantsMax() const {
  // A quarter is for what else changes.
  return std::bit_floor(bytes_now_max_ / 4 * 3 / kParticipantSlotBytes) / 8 * 7;
}

void Delta::SetStoredParticipants(std::unique_ptr<const ParticipantFilter> stored) {
  stored_filter_ = std::move(stored);
  filters_complete_ = true;
}

size_t Delta::filter_bytes() const {
  return filter_.bytes() + (stored_filter_ != nullptr ? stored_filter_->bytes() : 0);
}

// Each step touches what the step before has asked for, one registration after the other, so that
// the waits for memory overlap.
void Delta::Prepare(std::span<const domain::ParticipantRegistered> next) {
  assert(next.size() <= kPrepareMax);
  prepared_next_ = 0;
  prepared_end_ = next.size();
  for (size_t i = 0; i < next.size(); ++i) {
    Prepared& prepared = prepared_[i];
    const absl::string_view event_id = Abseil(next[i].event_id);
    prepared.event_id = next[i].event_id;
    prepared.participant_id = next[i].participant_id;
    prepared.event_hash = resident_.hash_function()(event_id);
    resident_.prefetch(event_id);
    prepared.participant =
        domain::ParticipantHash(hash_key_, next[i].event_id, next[i].participant_id);
    filter_.PrefetchTable(HashBits(prepared.participant));
    participants_.prefetch(ParticipantKeyBytes{.number = 0, .hash = prepared.participant});
  }
  for (size_t i = 0; i < next.size(); ++i) {
    Prepared& prepared = prepared_[i];
    filter_.PrefetchPage(HashBits(prepared.participant));
    const auto found = resident_.find(Abseil(next[i].event_id), prepared.event_hash);
    prepared.slot = found == resident_.end() ? nullptr : found->second.get();
    __builtin_prefetch(prepared.slot);
  }
  for (size_t i = 0; i < next.size(); ++i) {
    if (prepared_[i].slot == nullptr) continue;
    PrefetchForRegistration(*prepared_[i].slot->node);
  }
  for (size_t i = 0; i < next.size(); ++i) {
    if (prepared_[i].slot == nullptr) continue;
    const auto& channels = prepared_[i].slot->node->aggregate.channels;
    for (size_t j = 0; j < channels.size() && j < kPrefetchedChannels; ++j) {
      __builtin_prefetch(&channels[j].name);
    }
  }
}

absl::StatusOr<Delta::Slot*> Delta::FindSlot(std::string_view event_id) {
  if (auto found = resident_.find(Abseil(event_id)); found != resident_.end()) {
    return found->second.get();
  }
  auto node = LoadNode(*snapshot_, event_id);
  if (!node.ok()) return node.status();
  if (*node == nullptr) return nullptr;
  return AddSlot(event_id, *std::move(node));
}

Delta::Slot* Delta::AddSlot(std::string_view event_id, EventNodePtr node) {
  if (resident_.size() >= evict_at_) {
    EvictResident();
    // When what is needed fills the limit, looking at all of it for every event would not help.
    evict_at_ = std::max(resident_events_max_, resident_.size() + resident_events_max_ / 8 + 1);
  }
  auto& slot = resident_[Abseil(event_id)];
  slot = std::make_unique<Slot>(std::move(node));
  return slot.get();
}

// Rarely runs: it makes room for an eighth of the limit at once. What a commit still has to write
// stays; the limit is exceeded rather than that.
void Delta::EvictResident() {
  prepared_next_ = prepared_end_ = 0;  // they refer to slots
  open_is_prepared_ = false;
  const size_t target = resident_events_max_ - resident_events_max_ / 8;
  const uint64_t oldest_needed = frozen_ != nullptr ? frozen_->epoch : epoch_;
  for (auto it = resident_.begin(); it != resident_.end() && resident_.size() > target;) {
    if (it->second->node->epoch < oldest_needed && it->second.get() != open_) {
      resident_.erase(it++);
    } else {
      ++it;
    }
  }
}

absl::StatusOr<const domain::EventAggregate*> Delta::OpenEvent(std::string_view event_id) {
  open_ = nullptr;
  open_is_prepared_ =
      prepared_next_ < prepared_end_ && IsSameText(prepared_[prepared_next_].event_id, event_id);
  if (open_is_prepared_ && prepared_[prepared_next_].slot != nullptr) {
    open_ = prepared_[prepared_next_].slot;
    return &open_->node->aggregate;
  }
  auto slot = FindSlot(event_id);
  if (!slot.ok()) return slot.status();
  if (*slot == nullptr) {
    auto node = std::make_shared<EventNode>();
    node->number = next_event_number_++;
    node->identity = std::make_shared<EventIdentity>(
        EventIdentity{.event_key = domain::EventKey(event_id), .row_digest = {}});
    node->aggregate.event_id = event_id;
    node->hours_end = 0;
    *slot = AddSlot(event_id, std::move(node));
  }
  open_ = *slot;
  return &open_->node->aggregate;
}

std::shared_ptr<const EventWatch> Delta::Slot::Watch() {
  if (watch == nullptr) watch = std::make_shared<EventWatch>();
  return watch;
}

EventNode& Delta::LiveNode() {
  open_->Changes();
  EventNodePtr& node = open_->node;
  if (node->epoch == epoch_) {
    if (node->shared) {
      node = std::make_shared<EventNode>(*node);
      node->shared = false;
    }
    return *node;
  }
  if (node->shared) {
    node = WithoutChanges(*node);
  }
  node->epoch = epoch_;
  dirty_.push_back(open_);
  other_bytes_ += kNodeBytes + TextBytes(node->aggregate);
  return *node;
}

domain::EventAggregate& Delta::Mutate() { return LiveNode().aggregate; }

// Also counts it as added.
bool Delta::IsCertainlyNew(const domain::ParticipantHashBytes& hash) {
  const uint64_t bits = HashBits(hash);
  const bool added = filter_.Add(bits);
  return added && filters_complete_ &&
         (stored_filter_ == nullptr || !stored_filter_->MayContain(bits));
}

absl::StatusOr<bool> Delta::IsStored(const ParticipantKeyBytes& key) {
  auto stored = snapshot_->Get(ParticipantKey(key.number, key.hash), &scratch_value_);
  if (stored.ok()) ++(*stored ? lookups_.found : lookups_.absent);
  return stored;
}

absl::StatusOr<domain::Contribution*> Delta::InsertParticipant(std::string_view participant_id) {
  const EventNode& node = *open_->node;
  ParticipantKeyBytes key{.number = node.number, .hash = {}};
  if (open_is_prepared_ && IsSameText(prepared_[prepared_next_].participant_id, participant_id)) {
    key.hash = prepared_[prepared_next_++].participant;
    open_is_prepared_ = false;
  } else {
    key.hash = domain::ParticipantHash(hash_key_, node.aggregate.event_id, participant_id);
  }
  const bool certainly_new = IsCertainlyNew(key.hash);
  const auto [place, inserted] = participants_.try_emplace(key);
  if (!inserted) return nullptr;
  if (certainly_new || !node.participants_in_store) return &place->second;

  if (frozen_ != nullptr && frozen_->participants->contains(key)) {
    participants_.erase(place);
    return nullptr;
  }
  const auto stored = IsStored(key);
  if (!stored.ok() || *stored) participants_.erase(place);
  if (!stored.ok()) return stored.status();
  if (*stored) return nullptr;
  return &place->second;
}

const EventNode* Delta::FrozenNode(EventNumber number) const {
  if (frozen_ == nullptr) return nullptr;
  const auto found = frozen_->by_number.find(number);
  return found == frozen_->by_number.end() ? nullptr : found->second;
}

absl::StatusOr<const domain::Distribution*> Delta::FindDistribution(
    std::string_view channel_as_sent, std::string_view distribution_id) {
  const EventNode& node = *open_->node;
  if (node.aggregate.channels_named_by_distributions == 0) return nullptr;
  const std::string id = DistributionId(channel_as_sent, distribution_id);
  if (node.epoch == epoch_) {
    if (auto found = node.distributions.find(id); found != node.distributions.end()) {
      return &found->second;
    }
  }
  if (const EventNode* frozen = FrozenNode(node.number)) {
    if (auto found = frozen->distributions.find(id); found != frozen->distributions.end()) {
      return &found->second;
    }
  }
  const std::string key = DistributionKey(node.number, channel_as_sent, distribution_id);
  auto stored = snapshot_->Get(key, &scratch_value_);
  if (!stored.ok()) return stored.status();
  if (!*stored) return nullptr;
  auto row = DecodeDistribution(key, scratch_value_);
  if (!row.ok()) return row.status();
  if (row->channel >= node.aggregate.channels.size()) {
    return NoSuchChannel("distribution", node.aggregate);
  }
  found_distribution_ = *std::move(row);
  return &found_distribution_;
}

void Delta::PutDistribution(std::string_view channel_as_sent, std::string_view distribution_id,
                            domain::Distribution distribution) {
  EventNode& node = LiveNode();
  const bool added = node.distributions
                         .insert_or_assign(DistributionId(channel_as_sent, distribution_id),
                                           std::move(distribution))
                         .second;
  if (added) other_bytes_ += kDistributionBytes;
}

void Delta::AddToHour(Hour hour, ChannelIndex channel, const HourCounts& change) {
  EventNode& node = LiveNode();
  if (node.hours_end <= hour) node.hours_end = hour + 1;
  const bool added = node.hours.Add(MakeHourCell(hour, channel), change);
  if (added) other_bytes_ += kHourCellBytes;
}

void Delta::MoveToUser(std::string_view from_user, std::string_view to_user) {
  const EventNode& node = LiveNode();
  const EventNumber number = node.number;
  if (!from_user.empty()) {
    users_[Abseil(from_user)][node.aggregate.event_id] = {.owned = false, .number = number};
  }
  users_[Abseil(to_user)][node.aggregate.event_id] = {.owned = true, .number = number};
  if (progress_ != nullptr) progress_->MarkUsersChanged();
}

size_t Delta::live_bytes() const {
  return ParticipantTableBytes(participants_.size()) + other_bytes_;
}

bool Delta::full() const {
  return !empty() &&
         ParticipantTableBytes(participants_.size() + 1) + other_bytes_ > bytes_now_max_;
}

std::shared_ptr<const FrozenDelta> Delta::Freeze(const Offsets& next_offsets,
                                                 const RememberedRecords& remembered) {
  assert(frozen_ == nullptr);
  auto frozen = std::make_shared<FrozenDelta>();
  frozen->epoch = epoch_;
  frozen->next_offsets = next_offsets;
  frozen->remembered = remembered;
  frozen->next_event_number = next_event_number_;
  frozen->nodes.reserve(dirty_.size());
  frozen->by_number.reserve(dirty_.size());
  for (Slot* slot : dirty_) {
    EventNode& node = *slot->node;
    node.shared = true;
    node.in_store = true;
    node.participants_in_store = node.aggregate.participants > 0;
    frozen->by_number.emplace(node.number, &node);
    frozen->nodes.push_back(slot->node);
  }
  const size_t expected_participants = participants_.size();
  frozen->participants = std::make_shared<const ParticipantMap>(std::move(participants_));
  frozen->users = std::move(users_);
  frozen_slots_ = std::move(dirty_);

  ++epoch_;
  dirty_ = {};
  users_ = {};
  participants_ = {};
  participants_.reserve(std::min(expected_participants, ParticipantsMax()));
  other_bytes_ = 0;
  frozen_ = frozen;
  return frozen;
}

std::shared_ptr<const ParticipantMap> Delta::Committed(
    std::shared_ptr<const store::Snapshot> after) {
  const uint64_t epoch = frozen_->epoch;
  auto participants = frozen_->participants;
  snapshot_ = std::move(after);
  frozen_.reset();
  // Changes that nobody looks at any more are dropped now, not when the event changes next.
  for (Slot* slot : frozen_slots_) {
    EventNode& node = *slot->node;
    if (node.epoch != epoch) continue;
    if (slot->node.use_count() > 1) {
      slot->node = WithoutChanges(node);
      continue;
    }
    node.shared = false;
    node.hours = {};
    node.distributions = {};
  }
  frozen_slots_ = {};
  if (resident_.size() > resident_events_max_) EvictResident();
  evict_at_ = resident_events_max_;
  return participants;
}

PinnedEvent Delta::Pin(Slot& slot) const {
  return {.node = slot.node,
          .node_is_live = slot.node->epoch == epoch_,
          .frozen = frozen_,
          .snapshot = snapshot_,
          .watch = slot.Watch()};
}

std::optional<PinnedEvent> Delta::PinResident(std::string_view event_id) {
  const auto found = resident_.find(Abseil(event_id));
  if (found == resident_.end()) return std::nullopt;
  found->second->node->shared = true;
  return Pin(*found->second);
}

absl::StatusOr<std::optional<PinnedEvent>> Delta::PinStored(
    std::string_view event_id, std::shared_ptr<const store::Snapshot> then, bool keep) {
  auto node = LoadNode(*then, event_id);
  if (!node.ok()) return node.status();
  if (*node == nullptr) return std::nullopt;
  // What has changed since is in memory, or was committed.
  if (keep && then == snapshot_ && resident_.size() < evict_at_ &&
      !resident_.contains(Abseil(event_id))) {
    (*node)->shared = true;
    return Pin(*AddSlot(event_id, *std::move(node)));
  }
  return PinnedEvent{.node = *std::move(node),
                     .node_is_live = false,
                     .frozen = nullptr,
                     .snapshot = std::move(then),
                     .watch = nullptr};
}

absl::StatusOr<std::optional<PinnedEvent>> Delta::View(std::string_view event_id) {
  auto slot = FindSlot(event_id);
  if (!slot.ok()) return slot.status();
  if (*slot == nullptr) return std::nullopt;
  return Pin(**slot);
}

absl::StatusOr<std::vector<std::string>> Delta::EventsOf(std::string_view user_id) const {
  absl::flat_hash_map<std::string, bool> owned;
  const std::string prefix = UserPrefix(user_id);
  const std::string end = prefix.substr(0, prefix.size() - 1) + '\1';
  const auto rows = snapshot_->NewIterator(prefix, end);
  for (rows->Seek(prefix); rows->Valid(); rows->Next()) {
    owned[Abseil(rows->key().substr(prefix.size()))] = true;
  }
  if (!rows->status().ok()) return rows->status();
  const auto overlay = [&](const UserChanges& changes) {
    const auto found = changes.find(Abseil(user_id));
    if (found == changes.end()) return;
    for (const auto& [event_id, change] : found->second) owned[event_id] = change.owned;
  };
  if (frozen_ != nullptr) overlay(frozen_->users);
  overlay(users_);

  std::vector<std::string> events;
  for (const auto& [event_id, is_owned] : owned) {
    if (is_owned) events.push_back(event_id);
  }
  return events;
}

absl::Status ForEachHourCell(const PinnedEvent& event, Hour begin, Hour end,
                             absl::FunctionRef<void(Hour, ChannelIndex, const HourCounts&)> visit) {
  if (begin >= std::min(end, event.node->hours_end)) return absl::OkStatus();
  Found found{.begin = begin, .end = end, .sums = {}};
  if (event.node->in_store) {
    auto status = CollectStored(*event.snapshot, *event.node, found);
    if (!status.ok()) return status;
  }
  if (event.frozen != nullptr) {
    const auto frozen = event.frozen->by_number.find(event.node->number);
    if (frozen != event.frozen->by_number.end()) CollectChanges(*frozen->second, found);
  }
  if (event.node_is_live) CollectChanges(*event.node, found);
  event.node->hours_end = std::min(event.node->hours_end, found.hours_end);

  auto& sums = found.sums;
  std::sort(sums.begin(), sums.end(),
            [](const HourSum& a, const HourSum& b) { return a.first < b.first; });
  for (size_t i = 0; i < sums.size();) {
    const HourCellKey cell = sums[i].first;
    HourCounts total;
    for (; i < sums.size() && sums[i].first == cell; ++i) total += sums[i].second;
    if (!total.IsZero()) visit(HourOfCell(cell), ChannelOfCell(cell), total);
  }
  return absl::OkStatus();
}

}  // namespace tally
