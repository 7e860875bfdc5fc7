#include "tests/fakes/altered_rows.h"

#include <functional>
#include <map>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "processor/rows.h"
#include "store/key.h"
#include "store/lineage.h"

namespace tally {
namespace {

using Changes = std::map<std::string, std::optional<std::string>>;  // nullopt: deleted

class ChangedRows final : public store::CommitRows {
 public:
  explicit ChangedRows(const Changes& changes) : changes_(changes), next_(changes.begin()) {}
  std::optional<Row> Next() override {
    if (next_ == changes_.end()) return std::nullopt;
    const auto& [key, value] = *next_++;
    if (!value) return Row{store::RowOp::kDelete, key, {}};
    return Row{store::RowOp::kPut, key, *value};
  }
  size_t SizeHint() const override { return changes_.size(); }

 private:
  const Changes& changes_;
  Changes::const_iterator next_;
};

// The rows of the event that is altered: of each kind, the first.
struct Target {
  EventRow event;
  std::string event_key, participant_key, distribution_key, hour_key, user_key;
  domain::Contribution participant;
  domain::Distribution distribution;
  std::vector<HourCell> cells;
  CheckpointRow checkpoint;
  Changes changes;

  void PutEvent() { EncodeEvent(event_key, event.number, event.aggregate, &Value(event_key)); }
  void PutParticipant(const std::string& key) { EncodeParticipant(participant, &Value(key)); }
  void PutDistribution() {
    EncodeDistribution(distribution_key, distribution, &Value(distribution_key));
  }
  void PutHour() { EncodeHour(hour_key, cells, &Value(hour_key)); }
  void PutCheckpoint() { EncodeCheckpoint(checkpoint, &Value(std::string(kCheckpointKey))); }
  std::string& Value(const std::string& key) { return changes[key].emplace(); }
};

const std::map<std::string, void (*)(Target&)>& Alterations() {
  static const std::map<std::string, void (*)(Target&)> kAlterations = {
      {"event-title",
       [](Target& at) {
         at.event.aggregate.description->event_title += "!";
         at.PutEvent();
       }},
      {"event-participants",
       [](Target& at) {
         ++at.event.aggregate.channels[0].participants;
         at.PutEvent();
       }},
      {"event-mark",
       [](Target& at) {
         at.event.aggregate.marks[1].last_offset = at.checkpoint.next_offsets[1];
         at.PutEvent();
       }},
      {"event-missing", [](Target& at) { at.changes[at.event_key] = std::nullopt; }},
      {"participant-channel",
       [](Target& at) {
         at.participant.channel = at.participant.channel == 0 ? 1 : 0;
         at.PutParticipant(at.participant_key);
       }},
      {"participant-hour",
       [](Target& at) {
         ++at.participant.hour;
         at.PutParticipant(at.participant_key);
       }},
      {"participant-amount",
       [](Target& at) {
         at.participant.purchase_amount += 100;
         at.PutParticipant(at.participant_key);
       }},
      {"participant-missing", [](Target& at) { at.changes[at.participant_key] = std::nullopt; }},
      {"participant-added",
       [](Target& at) {
         at.PutParticipant(ParticipantKey(at.event.number, {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11}));
       }},
      {"distribution-views",
       [](Target& at) {
         ++at.distribution.expected_views;
         at.PutDistribution();
       }},
      {"distribution-type",
       [](Target& at) {
         at.distribution.channel_type += "!";
         at.PutDistribution();
       }},
      {"distribution-missing", [](Target& at) { at.changes[at.distribution_key] = std::nullopt; }},
      {"hour-count",
       [](Target& at) {
         ++at.cells[0].second.participants;
         at.PutHour();
       }},
      {"hour-missing", [](Target& at) { at.changes[at.hour_key] = std::nullopt; }},
      {"user-missing", [](Target& at) { at.changes[at.user_key] = std::nullopt; }},
      {"user-added",
       [](Target& at) {
         EncodeEventNumber(at.event.number,
                           &at.Value(UserKey("somebody-else", at.event.aggregate.event_id)));
       }},
      {"checkpoint-digest",
       [](Target& at) {
         ++at.checkpoint.digest.lo;
         at.PutCheckpoint();
       }},
      {"checkpoint-count",
       [](Target& at) {
         ++at.checkpoint.participants;
         at.PutCheckpoint();
       }},
      {"unknown-row", [](Target& at) { at.Value("Q") = "?"; }},
  };
  return kAlterations;
}

absl::Status FirstRow(const store::Snapshot& snapshot, const std::string& prefix, std::string* key,
                      std::string* value) {
  const auto rows = snapshot.NewIterator(prefix, store::PrefixEnd(prefix));
  rows->Seek(prefix);
  if (!rows->status().ok()) return rows->status();
  if (!rows->Valid())
    return absl::NotFoundError(absl::StrCat("no row of kind ", prefix.substr(0, 1)));
  key->assign(rows->key());
  value->assign(rows->value());
  return absl::OkStatus();
}

template <typename Row>
absl::Status Take(absl::StatusOr<Row> row, Row* to) {
  if (row.ok()) *to = *std::move(row);
  return row.status();
}

absl::Status FindRows(const store::Snapshot& snapshot, const std::string& event_id, Target* at) {
  std::string value;
  absl::Status status = FirstRow(snapshot, EventKey(event_id), &at->event_key, &value);
  if (status.ok()) status = Take(DecodeEvent(at->event_key, value), &at->event);
  if (!status.ok()) return status;
  const auto prefix = [&](char kind) { return NumberPrefix(kind, at->event.number); };
  at->user_key = UserKey(at->event.aggregate.description->user_id, event_id);
  status.Update(FirstRow(snapshot, prefix('P'), &at->participant_key, &value));
  if (status.ok()) status = Take(DecodeParticipant(value), &at->participant);
  status.Update(FirstRow(snapshot, prefix('D'), &at->distribution_key, &value));
  if (status.ok())
    status = Take(DecodeDistribution(at->distribution_key, value), &at->distribution);
  status.Update(FirstRow(snapshot, prefix('H'), &at->hour_key, &value));
  if (status.ok()) status = DecodeHour(at->hour_key, value, &at->cells);
  std::string key;
  status.Update(FirstRow(snapshot, std::string(kCheckpointKey), &key, &value));
  if (status.ok()) status = Take(DecodeCheckpoint(value), &at->checkpoint);
  return status;
}

}  // namespace

std::vector<std::string> AlterationNames() {
  std::vector<std::string> names;
  for (const auto& [name, alter] : Alterations()) names.push_back(name);
  return names;
}

namespace {

// As a store that another binary has made; not listed, since it is not wrong.
absl::Status AlterLineage(store::Store& store, const std::function<void(store::Lineage&)>& change) {
  std::string value;
  auto found = store.NewSnapshot()->Get(kLineageKey, &value);
  if (!found.ok()) return found.status();
  auto lineage = store::DecodeLineage(value);
  if (!lineage.ok()) return lineage.status();
  change(*lineage);
  const Changes changes = {{std::string(kLineageKey), store::EncodeLineage(*lineage)}};
  ChangedRows rows(changes);
  return store.Commit(rows);
}

// As memory that has lost a bit between the row and its block; not listed, since what notices is
// the row itself.
absl::Status FlipBit(store::Store& store, const std::string& event_id, const std::string& row) {
  Target at;
  if (auto status = FindRows(*store.NewSnapshot(), event_id, &at); !status.ok()) return status;
  const std::map<std::string, std::string> keys = {{"event", at.event_key},
                                                   {"distribution", at.distribution_key},
                                                   {"hour", at.hour_key},
                                                   {"checkpoint", std::string(kCheckpointKey)}};
  const auto key = keys.find(row);
  if (key == keys.end()) return absl::InvalidArgumentError(absl::StrCat("no row ", row));
  std::string value;
  auto found = store.NewSnapshot()->Get(key->second, &value);
  if (!found.ok()) return found.status();
  value[value.size() / 2] = static_cast<char>(value[value.size() / 2] ^ 1);
  const Changes changes = {{key->second, value}};
  ChangedRows rows(changes);
  return store.Commit(rows);
}

}  // namespace

absl::Status Alter(store::Store& store, const std::string& event_id, const std::string& name) {
  if (name == "lineage-fold") {
    return AlterLineage(store, [](store::Lineage& lineage) { --lineage.fold_version; });
  }
  if (name == "lineage-format") {
    return AlterLineage(store, [](store::Lineage& lineage) { lineage.state_format_version = 99; });
  }
  if (name.starts_with("flip-")) return FlipBit(store, event_id, name.substr(5));
  const auto found = Alterations().find(name);
  if (found == Alterations().end()) {
    return absl::InvalidArgumentError(absl::StrCat("no alteration ", name));
  }
  Target target;
  if (auto status = FindRows(*store.NewSnapshot(), event_id, &target); !status.ok()) return status;
  found->second(target);
  ChangedRows rows(target.changes);
  return store.Commit(rows);
}

}  // namespace tally
