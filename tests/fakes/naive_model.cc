#include "tests/fakes/naive_model.h"

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace tally::domain {
namespace {

template <typename Event>
struct At {
  RecordMark mark;
  Event event;
};

// The records of one event, by topic, redeliveries left out.
struct EventInput {
  std::vector<At<EventCreated>> created;
  std::vector<At<ParticipantRegistered>> registered;
  std::vector<At<DistributionCompleted>> completed;
};

void Keep(RecordMark mark, const EventCreated& event, EventInput& input) {
  input.created.push_back({mark, event});
}
void Keep(RecordMark mark, const ParticipantRegistered& event, EventInput& input) {
  input.registered.push_back({mark, event});
}
void Keep(RecordMark mark, const DistributionCompleted& event, EventInput& input) {
  input.completed.push_back({mark, event});
}

std::map<std::string, EventInput> ByEvent(const History& history) {
  std::map<std::string, EventInput> inputs;
  std::map<Topic, int64_t> greatest;
  for (const InputRecord& record : history) {
    const auto seen = greatest.find(record.topic());
    if (seen != greatest.end() && record.mark.offset <= seen->second) continue;
    greatest[record.topic()] = record.mark.offset;
    std::visit(
        [&](const auto& event) { Keep(record.mark, event, inputs[std::string(event.event_id)]); },
        record.event);
  }
  return inputs;
}

template <typename Event>
TopicMark MarkOf(const std::vector<At<Event>>& changes) {
  TopicMark mark;
  for (const auto& change : changes) {
    mark.last_offset = std::max(mark.last_offset, change.mark.offset);
    mark.max_timestamp = std::max(mark.max_timestamp, change.mark.timestamp);
  }
  return mark;
}

// The names that one topic may keep for an event, given all it mentions in order.
std::set<std::string> KeptNames(const std::vector<std::string>& mentioned) {
  std::set<std::string> kept;
  for (const std::string& name : mentioned) {
    if (kept.size() < 1000) kept.insert(name);
  }
  return kept;
}

std::string Resolved(const std::set<std::string>& kept, std::string_view name) {
  return kept.contains(std::string(name)) ? std::string(name) : "기타";
}

Channel& ChannelOf(LogicalEvent& state, const std::string& name) {
  Channel& channel = state.channels[name];
  channel.name = name;
  return channel;
}

void Describe(const std::vector<At<EventCreated>>& records, LogicalEvent& state) {
  std::vector<At<EventCreated>> changes;
  for (const auto& record : records) {
    if (changes.empty() || !(changes.back().event == record.event)) changes.push_back(record);
  }
  state.marks[0] = MarkOf(changes);
  if (changes.empty()) return;
  const EventCreated& last = changes.back().event;
  state.description = Description{std::string(last.user_id),
                                  std::string(last.event_title),
                                  std::string(last.status),
                                  last.start,
                                  last.end,
                                  last.created_at,
                                  last.total_investment,
                                  last.expected_revenue,
                                  last.target_roi};
}

void CountParticipants(const std::vector<At<ParticipantRegistered>>& records, LogicalEvent& state) {
  std::vector<At<ParticipantRegistered>> firsts;
  std::vector<std::string> mentioned;
  std::set<std::string_view> known;
  for (const auto& record : records) {
    if (!known.insert(record.event.participant_id).second) continue;
    firsts.push_back(record);
    mentioned.emplace_back(record.event.channel);
  }
  state.marks[1] = MarkOf(firsts);
  const std::set<std::string> kept = KeptNames(mentioned);
  for (const std::string& name : kept) ChannelOf(state, name).named_by_participants = true;
  for (const auto& first : firsts) {
    const ParticipantRegistered& one = first.event;
    const std::string channel = Resolved(kept, one.channel);
    const Hour hour = static_cast<Hour>(one.registered_at / 3600000);
    state.participants[std::string(one.participant_id)] = {channel, hour, one.purchase_amount};
    ChannelOf(state, channel).participants += 1;
    ChannelOf(state, channel).purchase_amount += one.purchase_amount;
    state.timeline[{hour, channel}].participants += 1;
    state.timeline[{hour, channel}].purchase_amount += one.purchase_amount;
  }
}

struct Sent {
  ChannelDistribution content;
  Millis completed_at = 0;
  friend bool operator==(const Sent&, const Sent&) = default;
};
using Identity = std::pair<std::string, std::string>;
using SentByIdentity = std::map<Identity, Sent>;

SentByIdentity ContentOf(const DistributionCompleted& record) {
  SentByIdentity content;
  for (const ChannelDistribution& one : record.channels) {
    content[{std::string(one.channel), std::string(one.distribution_id)}] = {one,
                                                                             record.completed_at};
  }
  return content;
}

bool SaysNothingNew(const SentByIdentity& content, const SentByIdentity& standing) {
  return std::includes(standing.begin(), standing.end(), content.begin(), content.end(),
                       [](const auto& a, const auto& b) { return a.first < b.first; }) &&
         std::all_of(content.begin(), content.end(),
                     [&](const auto& one) { return standing.at(one.first) == one.second; });
}

void CountDistributions(const std::vector<At<DistributionCompleted>>& records,
                        LogicalEvent& state) {
  std::vector<At<DistributionCompleted>> changes;
  SentByIdentity standing;
  for (const auto& record : records) {
    SentByIdentity content = ContentOf(record.event);
    if (SaysNothingNew(content, standing)) continue;
    changes.push_back(record);
    content.merge(standing);  // keeps what the record says
    standing = std::move(content);
  }
  state.marks[2] = MarkOf(changes);

  std::vector<std::string> mentioned;
  for (const auto& change : changes) {
    for (const auto& one : change.event.channels) mentioned.emplace_back(one.channel);
  }
  const std::set<std::string> kept = KeptNames(mentioned);
  for (const std::string& name : kept) ChannelOf(state, name).named_by_distributions = true;
  for (const auto& change : changes) {
    for (const auto& one : change.event.channels) {
      Channel& channel = ChannelOf(state, Resolved(kept, one.channel));
      channel.channel_type = one.channel_type;
      channel.status = one.status;
    }
  }
  for (const auto& [identity, sent] : standing) {
    const std::string name = Resolved(kept, identity.first);
    const bool seen = sent.content.status == "SUCCESS";
    Channel& channel = ChannelOf(state, name);
    channel.distributions += 1;
    channel.distribution_cost += sent.content.distribution_cost;
    if (seen) channel.impressions += sent.content.expected_views;
    if (seen && sent.content.expected_views != 0) {
      state.timeline[{static_cast<Hour>(sent.completed_at / 3600000), name}].views +=
          sent.content.expected_views;
    }
    Distribution content;
    content.channel_type = sent.content.channel_type;
    content.status = sent.content.status;
    content.completed_at = sent.completed_at;
    content.expected_views = sent.content.expected_views;
    content.distribution_cost = sent.content.distribution_cost;
    state.distributions[identity] = {name, content};
  }
}

}  // namespace

LogicalState NaiveState(const History& history) {
  LogicalState state;
  for (const auto& [id, input] : ByEvent(history)) {
    LogicalEvent& event = state.events[id];
    Describe(input.created, event);
    CountParticipants(input.registered, event);
    CountDistributions(input.completed, event);
    if (event.description) state.events_of_user[event.description->user_id].insert(id);
  }
  return state;
}

}  // namespace tally::domain
