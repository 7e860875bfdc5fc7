#include "tests/sim/expected.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <set>
#include <utility>

#include "absl/strings/escaping.h"
#include "tests/fakes/naive_model.h"

namespace tally::sim {
namespace {

using domain::Index;
using domain::LogicalEvent;
using domain::LogicalState;
using domain::Topic;

std::string Hex(const ParticipantHashBytes& hash) {
  return absl::BytesToHexString(
      absl::string_view(reinterpret_cast<const char*>(hash.data()), hash.size()));
}

ParticipantHashBytes FromHex(const std::string& hex) {
  const std::string bytes = absl::HexStringToBytes(hex);
  ParticipantHashBytes hash;
  std::copy(bytes.begin(), bytes.end(), hash.begin());
  return hash;
}

// Reads the rows of all kinds; events first, since the others refer to them.
class StoreReader {
 public:
  explicit StoreReader(const store::Snapshot& snapshot) : snapshot_(snapshot) {}

  absl::StatusOr<LogicalState> Read() {
    for (const auto& [kind, read] :
         {std::pair{"E", &StoreReader::Event}, std::pair{"D", &StoreReader::Distribution},
          std::pair{"H", &StoreReader::HourRow}, std::pair{"P", &StoreReader::Participant},
          std::pair{"U", &StoreReader::User}}) {
      const std::string_view prefix = kind;
      const auto rows =
          snapshot_.NewIterator(prefix, std::string(1, static_cast<char>(prefix[0] + 1)));
      for (rows->Seek(prefix); rows->Valid(); rows->Next()) {
        if (auto status = (this->*read)(rows->key(), rows->value()); !status.ok()) return status;
      }
      if (!rows->status().ok()) return rows->status();
    }
    return std::move(state_);
  }

 private:
  struct Named {
    std::string id;
    std::vector<std::string> channels;
  };

  absl::Status Event(std::string_view key, std::string_view value) {
    auto row = DecodeEvent(key, value);
    if (!row.ok()) return row.status();
    Named& named = names_[row->number];
    named.id = row->aggregate.event_id;
    for (const auto& channel : row->aggregate.channels) named.channels.push_back(channel.name);
    state_.events[named.id] = LogicalOf(row->aggregate);
    return absl::OkStatus();
  }

  // nullptr: the row refers to nothing.
  const Named* Find(EventNumber number, domain::ChannelIndex channel) const {
    const auto found = names_.find(number);
    return found == names_.end() || channel >= found->second.channels.size() ? nullptr
                                                                             : &found->second;
  }
  static absl::Status Orphan(const char* what) {
    return absl::DataLossError(fmt::format("a {} row of no event", what));
  }

  absl::Status Distribution(std::string_view key, std::string_view value) {
    auto parts = ParseDistributionKey(key);
    if (!parts.ok()) return parts.status();
    auto row = DecodeDistribution(key, value);
    if (!row.ok()) return row.status();
    const Named* named = Find(parts->number, row->channel);
    if (named == nullptr) return Orphan("distribution");
    auto& one = state_.events[named->id].distributions[{std::string(parts->channel_as_sent),
                                                        std::string(parts->distribution_id)}];
    one = {named->channels[row->channel], *std::move(row)};
    one.content.channel = 0;
    return absl::OkStatus();
  }

  absl::Status HourRow(std::string_view key, std::string_view value) {
    auto parts = ParseHourKey(key);
    if (!parts.ok()) return parts.status();
    std::vector<HourCell> cells;
    if (auto status = DecodeHour(key, value, &cells); !status.ok()) return status;
    for (const auto& [channel, counts] : cells) {
      if (counts.IsZero()) continue;
      const Named* named = Find(parts->number, channel);
      if (named == nullptr) return Orphan("timeline");
      state_.events[named->id].timeline[{parts->hour, named->channels[channel]}] = counts;
    }
    return absl::OkStatus();
  }

  absl::Status Participant(std::string_view key, std::string_view value) {
    auto parts = ParseParticipantKey(key);
    if (!parts.ok()) return parts.status();
    auto row = DecodeParticipant(value);
    if (!row.ok()) return row.status();
    const Named* named = Find(parts->number, row->channel);
    if (named == nullptr) return Orphan("participant");
    state_.events[named->id].participants[Hex(parts->hash)] = {named->channels[row->channel],
                                                               row->hour, row->purchase_amount};
    return absl::OkStatus();
  }

  absl::Status User(std::string_view key, std::string_view /*value*/) {
    auto parts = ParseUserKey(key);
    if (!parts.ok()) return parts.status();
    state_.events_of_user[std::string(parts->user_id)].insert(std::string(parts->event_id));
    return absl::OkStatus();
  }

  const store::Snapshot& snapshot_;
  std::map<EventNumber, Named> names_;
  LogicalState state_;
};

}  // namespace

void Expected::Add(const Input& input, int64_t offset) {
  if (!input.event) {
    bad_[input.partition].push_back({input.topic, offset, input.bad_because});
    return;
  }
  const auto& event = *input.event;
  const std::string_view id = std::visit([](const auto& e) { return e.event_id; }, event);
  const auto [place, is_new] = events_.try_emplace(std::string(id));
  if (is_new) event_ids_[input.partition].push_back(place->first);
  place->second.records.push_back(
      {.mark = {.offset = offset, .timestamp = input.timestamp_ms}, .event = event});
}

void Expected::CutOff(int32_t partition, Topic topic, int64_t offset) {
  std::erase_if(bad_[partition],
                [&](const Bad& bad) { return bad.topic == topic && bad.offset >= offset; });
  for (const std::string& id : event_ids_[partition]) {
    OfEvent& of_event = events_.find(id)->second;
    std::erase_if(of_event.records, [&](const auto& record) {
      return record.topic() == topic && record.mark.offset >= offset;
    });
    of_event.states.clear();
  }
}

bool Expected::IsSeen(int32_t partition, Topic topic, int64_t offset) const {
  const Log::TopicPartition& at = log_.At(partition, topic);
  const auto& entries = at.before ? *at.before : at.entries;
  return !entries[static_cast<size_t>(offset)].hidden;
}

const LogicalEvent& Expected::EventAt(std::string_view event_id, const Offsets& offsets) {
  static const LogicalEvent& nothing = *new LogicalEvent();
  const auto found = events_.find(event_id);
  if (found == events_.end()) return nothing;
  const int32_t partition = PartitionOfEvent(config_, event_id);
  domain::History history;
  std::array<size_t, domain::kTopicCount> counts{};
  for (const auto& record : found->second.records) {
    const auto topic = static_cast<size_t>(Index(record.topic()));
    if (record.mark.offset >= offsets[topic]) continue;
    ++counts[topic];
    if (IsSeen(partition, record.topic(), record.mark.offset)) history.push_back(record);
  }
  const auto [state, is_new] = found->second.states.try_emplace(counts);
  if (is_new && !history.empty()) {
    state->second = std::move(domain::NaiveState(history).events.begin()->second);
  }
  return state->second;
}

LogicalState Expected::ShardAt(int32_t partition, const Offsets& offsets) {
  LogicalState state;
  for (const std::string& id : event_ids_[partition]) {
    const LogicalEvent& event = EventAt(id, offsets);
    if (event == LogicalEvent()) continue;
    state.events[id] = event;
    if (event.description) state.events_of_user[event.description->user_id].insert(id);
  }
  return state;
}

std::string Expected::LettersMissing(int32_t partition, const Offsets& offsets,
                                     const LetterTopics& letters) const {
  const auto bad_records = bad_.find(partition);
  if (bad_records == bad_.end()) return "";
  for (const Bad& bad : bad_records->second) {
    const int topic = Index(bad.topic);
    if (bad.offset >= offsets[static_cast<size_t>(topic)]) continue;
    if (!IsSeen(partition, bad.topic, bad.offset)) continue;
    const auto* letter = letters.Find({topic, partition}, bad.offset);
    if (letter == nullptr) {
      return fmt::format("the bad record of topic {} partition {} offset {} has no dead letter",
                         topic, partition, bad.offset);
    }
    if (letter->reason != bad.reason) {
      return fmt::format(
          "the bad record of topic {} partition {} offset {} became a letter for "
          "{} instead of {}",
          topic, partition, bad.offset, domain::ReasonName(letter->reason),
          domain::ReasonName(bad.reason));
    }
  }
  return "";
}

std::string Expected::LettersTooMany(int32_t partition, const LetterTopics& letters) const {
  std::array<std::vector<int64_t>, domain::kTopicCount> expected;
  if (const auto found = bad_.find(partition); found != bad_.end()) {
    for (const Bad& bad : found->second) {
      if (!IsSeen(partition, bad.topic, bad.offset)) continue;
      expected[static_cast<size_t>(Index(bad.topic))].push_back(bad.offset);
    }
  }
  for (const Topic topic : domain::kTopics) {
    const std::vector<int64_t> are = letters.OffsetsOf({Index(topic), partition});
    const auto& should_be = expected[static_cast<size_t>(Index(topic))];
    if (are != should_be) {
      return fmt::format("topic {} partition {} has dead letters of {}, and bad records at {}",
                         Index(topic), partition, fmt::join(are, " "), fmt::join(should_be, " "));
    }
  }
  return "";
}

LogicalEvent LogicalOf(const domain::EventAggregate& aggregate) {
  LogicalEvent event;
  event.description = aggregate.description;
  event.marks = aggregate.marks;
  for (const auto& channel : aggregate.channels) event.channels[channel.name] = channel;
  return event;
}

absl::StatusOr<LogicalState> StoredState(const store::Snapshot& snapshot) {
  return StoreReader(snapshot).Read();
}

LogicalState WithHashes(LogicalState state, const domain::HashKey& key) {
  for (auto& [id, event] : state.events) {
    std::map<std::string, domain::LogicalParticipant> hashed;
    for (const auto& [participant, contribution] : event.participants) {
      hashed[Hex(domain::ParticipantHash(key, id, participant))] = contribution;
    }
    event.participants = std::move(hashed);
  }
  return state;
}

domain::Digest DigestOf(const LogicalState& state) {
  domain::Digest digest;
  for (const auto& [id, event] : state.events) {
    domain::EventAggregate aggregate;
    aggregate.event_id = id;
    aggregate.description = event.description;
    aggregate.marks = event.marks;
    for (const auto& [name, channel] : event.channels) {
      aggregate.channels.push_back(channel);
      aggregate.participants += channel.participants;
      aggregate.channels_named_by_participants += channel.named_by_participants ? 1 : 0;
      aggregate.channels_named_by_distributions += channel.named_by_distributions ? 1 : 0;
    }
    digest += domain::AggregateRow(aggregate);
    const domain::Digest key = domain::EventKey(id);
    for (const auto& [hash, one] : event.participants) {
      digest += domain::ParticipantRow(key, FromHex(hash), domain::ChannelKey(one.channel),
                                       one.hour, one.purchase_amount);
    }
    for (const auto& [identity, one] : event.distributions) {
      digest +=
          domain::DistributionRow(key, identity.first, identity.second, one.content, one.channel);
    }
    for (const auto& [cell, counts] : event.timeline) {
      digest += domain::HourTerm(key, cell.first, domain::ChannelKey(cell.second), counts);
    }
  }
  return digest;
}

std::string Difference(const LogicalState& seen, const LogicalState& expected) {
  if (seen == expected) return "";
  const std::vector<std::string> has = domain::Lines(seen);
  const std::vector<std::string> should_have = domain::Lines(expected);
  const std::set<std::string> has_set(has.begin(), has.end());
  const std::set<std::string> should_set(should_have.begin(), should_have.end());
  std::string difference;
  for (const auto& line : has) {
    if (!should_set.contains(line)) difference += "  is:        " + line + "\n";
  }
  for (const auto& line : should_have) {
    if (!has_set.contains(line)) difference += "  should be: " + line + "\n";
  }
  return difference.empty() ? "  (differs in what no line shows)\n" : difference;
}

}  // namespace tally::sim
