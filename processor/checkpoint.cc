#include "processor/checkpoint.h"

#include <algorithm>
#include <cstring>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"

namespace tally {
namespace {

using domain::Digest;

// Of a participant's hash, beside the event's number.
constexpr size_t kHashBytesInOrder = 4;

// Digests of an event's channel names by index, made when first needed.
class ChannelKeys {
 public:
  void Reset(const domain::EventAggregate& aggregate) {
    aggregate_ = &aggregate;
    keys_.assign(aggregate.channels.size(), std::nullopt);
  }
  const Digest& Of(domain::ChannelIndex channel) {
    auto& key = keys_[channel];
    if (!key) key = domain::ChannelKey(aggregate_->channels[channel].name);
    return *key;
  }

 private:
  const domain::EventAggregate* aggregate_ = nullptr;
  std::vector<std::optional<Digest>> keys_;
};

// Big-endian, so that numbers sort as their bytes do.
uint64_t ReadBytes(const uint8_t* bytes, size_t count) {
  uint64_t value = 0;
  for (size_t i = 0; i < count; ++i) value = value << 8 | bytes[i];
  return value;
}

}  // namespace

absl::StatusOr<std::unique_ptr<CheckpointRows>> CheckpointRows::Build(
    std::shared_ptr<const FrozenDelta> frozen, const CheckpointRow& before,
    const store::Snapshot& snapshot) {
  std::unique_ptr<CheckpointRows> rows(new CheckpointRows);
  rows->frozen_ = std::move(frozen);
  rows->after_ = before;
  rows->after_.next_offsets = rows->frozen_->next_offsets;
  rows->after_.remembered = rows->frozen_->remembered;
  rows->after_.next_event_number = rows->frozen_->next_event_number;

  rows->head_.push_back({store::RowOp::kPut, std::string(kCheckpointKey), {}});
  if (auto status = rows->AddDistributions(snapshot); !status.ok()) return status;
  rows->AddEvents();
  rows->AddHours();
  rows->AddParticipants();
  rows->AddUsers();
  EncodeCheckpoint(rows->after_, &rows->head_.front().value);
  return rows;
}

absl::Status CheckpointRows::AddDistributions(const store::Snapshot& snapshot) {
  const size_t first = head_.size();
  std::string stored_value;
  for (const auto& node : frozen_->nodes) {
    const auto& channels = node->aggregate.channels;
    const Digest& event_key = node->identity->event_key;
    for (const auto& [id, now] : node->distributions) {
      const size_t end = id.find('\0');
      const std::string_view channel_as_sent = std::string_view(id).substr(0, end);
      const std::string_view distribution_id = std::string_view(id).substr(end + 1);
      SmallRow row{
          store::RowOp::kPut, DistributionKey(node->number, channel_as_sent, distribution_id), {}};
      auto stored = snapshot.Get(row.key, &stored_value);
      if (!stored.ok()) return stored.status();
      if (*stored) {
        auto before = DecodeDistribution(row.key, stored_value);
        if (!before.ok()) return before.status();
        if (before->channel >= channels.size()) {
          return absl::DataLossError(
              absl::StrCat("a stored distribution of event '", node->aggregate.event_id,
                           "' refers to a channel that the event does not have"));
        }
        after_.digest -= domain::DistributionRow(event_key, channel_as_sent, distribution_id,
                                                 *before, channels[before->channel].name);
      } else {
        ++after_.distributions;
      }
      after_.digest += domain::DistributionRow(event_key, channel_as_sent, distribution_id, now,
                                               channels[now.channel].name);
      EncodeDistribution(row.key, now, &row.value);
      head_.push_back(std::move(row));
    }
  }
  std::sort(head_.begin() + static_cast<std::ptrdiff_t>(first), head_.end(),
            [](const SmallRow& a, const SmallRow& b) { return a.key < b.key; });
  return absl::OkStatus();
}

void CheckpointRows::AddEvents() {
  const size_t first = head_.size();
  for (const auto& node : frozen_->nodes) {
    Digest& standing = node->identity->row_digest;
    if (standing.IsZero()) ++after_.events;
    after_.digest -= standing;
    standing = domain::AggregateRow(node->aggregate);
    after_.digest += standing;
    SmallRow row{store::RowOp::kPut, EventKey(node->aggregate.event_id), {}};
    EncodeEvent(row.key, node->number, node->aggregate, &row.value);
    head_.push_back(std::move(row));
  }
  std::sort(head_.begin() + static_cast<std::ptrdiff_t>(first), head_.end(),
            [](const SmallRow& a, const SmallRow& b) { return a.key < b.key; });
}

void CheckpointRows::AddHours() {
  std::vector<const EventNode*> nodes;
  for (const auto& node : frozen_->nodes) {
    if (!node->hours.empty()) nodes.push_back(node.get());
  }
  std::sort(nodes.begin(), nodes.end(),
            [](const EventNode* a, const EventNode* b) { return a->number < b->number; });

  ChannelKeys channels;
  std::vector<std::pair<HourCellKey, domain::HourCounts>> changes;
  std::vector<HourCell> cells;
  for (const EventNode* node : nodes) {
    channels.Reset(node->aggregate);
    changes = node->hours.cells();
    std::sort(changes.begin(), changes.end(),
              [](const auto& a, const auto& b) { return a.first < b.first; });
    for (size_t i = 0; i < changes.size();) {
      const domain::Hour hour = HourOfCell(changes[i].first);
      cells.clear();
      for (; i < changes.size() && HourOfCell(changes[i].first) == hour; ++i) {
        const auto channel = ChannelOfCell(changes[i].first);
        const auto& counts = changes[i].second;
        after_.digest +=
            domain::HourTerm(node->identity->event_key, hour, channels.Of(channel), counts);
        cells.emplace_back(channel, counts);
      }
      SmallRow row{store::RowOp::kMerge, HourKey(node->number, hour), {}};
      EncodeHour(row.key, cells, &row.value);
      if (!row.value.empty()) head_.push_back(std::move(row));
    }
  }
}

void CheckpointRows::AddParticipants() {
  participants_.reserve(frozen_->participants->size());
  for (const auto& [key, contribution] : *frozen_->participants) {
    participants_.push_back(
        {.order = uint64_t{key.number} << 32 | ReadBytes(key.hash.data(), kHashBytesInOrder),
         .order_end =
             ReadBytes(key.hash.data() + kHashBytesInOrder, key.hash.size() - kHashBytesInOrder),
         .contribution = contribution});
  }
  std::sort(participants_.begin(), participants_.end(), [](const auto& a, const auto& b) {
    return a.order != b.order ? a.order < b.order : a.order_end < b.order_end;
  });

  const EventNode* node = nullptr;
  ChannelKeys channels;
  for (const Participant& participant : participants_) {
    const domain::Contribution& contribution = participant.contribution;
    if (node == nullptr || node->number != participant.number()) {
      node = frozen_->by_number.at(participant.number());
      channels.Reset(node->aggregate);
    }
    after_.digest += domain::ParticipantRow(node->identity->event_key, participant.hash(),
                                            channels.Of(contribution.channel), contribution.hour,
                                            contribution.purchase_amount);
  }
  after_.participants += participants_.size();
}

void CheckpointRows::AddUsers() {
  for (const auto& [user_id, events] : frozen_->users) {
    for (const auto& [event_id, change] : events) {
      SmallRow row{change.owned ? store::RowOp::kPut : store::RowOp::kDelete,
                   UserKey(user_id, event_id),
                   {}};
      if (change.owned) EncodeEventNumber(change.number, &row.value);
      tail_.push_back(std::move(row));
    }
  }
  std::sort(tail_.begin(), tail_.end(),
            [](const SmallRow& a, const SmallRow& b) { return a.key < b.key; });
}

ParticipantHashBytes CheckpointRows::Participant::hash() const {
  ParticipantHashBytes bytes;
  for (size_t i = 0; i < kHashBytesInOrder; ++i) {
    bytes[i] = static_cast<uint8_t>(order >> (8 * (kHashBytesInOrder - 1 - i)));
  }
  for (size_t i = kHashBytesInOrder; i < bytes.size(); ++i) {
    bytes[i] = static_cast<uint8_t>(order_end >> (8 * (bytes.size() - 1 - i)));
  }
  return bytes;
}

store::CommitRows::Row CheckpointRows::ParticipantAt(size_t index) {
  const Participant& participant = participants_[index];
  SetParticipantKey(participant.number(), participant.hash(), &key_);
  EncodeParticipant(participant.contribution, &value_);
  return {store::RowOp::kPut, key_, value_};
}

std::optional<store::CommitRows::Row> CheckpointRows::Next() {
  size_t index = next_++;
  if (index < head_.size()) return Row{head_[index].op, head_[index].key, head_[index].value};
  index -= head_.size();
  if (index < participants_.size()) return ParticipantAt(index);
  index -= participants_.size();
  if (index < tail_.size()) return Row{tail_[index].op, tail_[index].key, tail_[index].value};
  return std::nullopt;
}

size_t CheckpointRows::SizeHint() const {
  return head_.size() + participants_.size() + tail_.size();
}

}  // namespace tally
