#include "tests/fakes/map_fold_state.h"

#include <cstdio>
#include <cstdlib>

#include "absl/status/status.h"

namespace tally::domain {
namespace {

// The fold broke the contract; also in builds without assertions.
void Require(bool holds, const char* otherwise) {
  if (holds) return;
  std::fprintf(stderr, "MapFoldState: %s\n", otherwise);
  std::abort();
}

void RequireDerivedCountsToAgree(const EventAggregate& event) {
  uint64_t participants = 0;
  int32_t named_by_participants = 0;
  int32_t named_by_distributions = 0;
  for (const Channel& channel : event.channels) {
    participants += channel.participants;
    named_by_participants += channel.named_by_participants ? 1 : 0;
    named_by_distributions += channel.named_by_distributions ? 1 : 0;
  }
  Require(event.participants == participants, "participants is not the sum over channels");
  Require(event.channels_named_by_participants == named_by_participants,
          "channels_named_by_participants is not the number of such channels");
  Require(event.channels_named_by_distributions == named_by_distributions,
          "channels_named_by_distributions is not the number of such channels");
}

}  // namespace

absl::StatusOr<const EventAggregate*> MapFoldState::OpenEvent(std::string_view event_id) {
  EndLastCall();
  if (absl::Status status = MaybeFail(); !status.ok()) return status;
  opened_ = event_id;
  Event& event = events_[opened_];
  if (event.aggregate == nullptr) {
    event.aggregate = std::make_unique<EventAggregate>();
    event.aggregate->event_id = event_id;
  }
  return event.aggregate.get();
}

EventAggregate& MapFoldState::Mutate() {
  EndLastCall();
  Event& event = Opened();
  // Somewhere else than it was, as over a frozen delta.
  event.aggregate = std::make_unique<EventAggregate>(std::move(*event.aggregate));
  return *event.aggregate;
}

absl::StatusOr<Contribution*> MapFoldState::InsertParticipant(std::string_view participant_id) {
  EndLastCall();
  if (absl::Status status = MaybeFail(); !status.ok()) return status;
  if (Opened().participants.contains(std::string(participant_id))) return nullptr;
  inserted_ = {std::string(participant_id), std::make_unique<Contribution>()};
  return inserted_->contribution.get();
}

absl::StatusOr<const Distribution*> MapFoldState::FindDistribution(
    std::string_view channel_as_sent, std::string_view distribution_id) {
  EndLastCall();
  if (absl::Status status = MaybeFail(); !status.ok()) return status;
  const auto& all = Opened().distributions;
  const auto at = all.find({std::string(channel_as_sent), std::string(distribution_id)});
  if (at == all.end()) return nullptr;
  found_ = std::make_unique<Distribution>(at->second);
  return found_.get();
}

void MapFoldState::PutDistribution(std::string_view channel_as_sent,
                                   std::string_view distribution_id, Distribution distribution) {
  EndLastCall();
  Opened().distributions[{std::string(channel_as_sent), std::string(distribution_id)}] =
      std::move(distribution);
}

void MapFoldState::AddToHour(Hour hour, ChannelIndex channel, const HourCounts& change) {
  EndLastCall();
  Event& event = Opened();
  event.timeline[{hour, channel}] += change;
  digest_of_hour_changes_ += HourTerm(
      EventKey(opened_), hour, ChannelKey(event.aggregate->channels.at(channel).name), change);
}

void MapFoldState::MoveToUser(std::string_view from_user, std::string_view to_user) {
  EndLastCall();
  Require(from_user != to_user, "a move to the same user");
  if (!from_user.empty()) {
    const bool had_it = events_of_user_[std::string(from_user)].erase(opened_) == 1;
    Require(had_it, "a move from a user who has not got the event");
  }
  events_of_user_[std::string(to_user)].insert(opened_);
}

LogicalState MapFoldState::Logical() {
  EndLastCall();
  LogicalState state;
  for (const auto& [id, event] : events_) {
    if (AggregateRow(*event.aggregate).IsZero()) continue;
    RequireDerivedCountsToAgree(*event.aggregate);
    LogicalEvent& logical = state.events[id];
    const std::vector<Channel>& channels = event.aggregate->channels;
    logical.description = event.aggregate->description;
    logical.marks = event.aggregate->marks;
    for (const Channel& channel : channels) logical.channels[channel.name] = channel;
    for (const auto& [participant, c] : event.participants) {
      logical.participants[participant] = {channels.at(c.channel).name, c.hour, c.purchase_amount};
    }
    for (const auto& [identity, distribution] : event.distributions) {
      LogicalDistribution& one = logical.distributions[identity];
      one = {channels.at(distribution.channel).name, distribution};
      one.content.channel = 0;
    }
    for (const auto& [cell, counts] : event.timeline) {
      if (counts.IsZero()) continue;
      logical.timeline[{cell.first, channels.at(cell.second).name}] = counts;
    }
  }
  for (const auto& [user, events] : events_of_user_) {
    if (!events.empty()) state.events_of_user[user] = events;
  }
  return state;
}

Digest MapFoldState::DigestOfRows(const HashKey& key) {
  EndLastCall();
  Digest digest = DigestOfHours();
  for (const auto& [id, event] : events_) {
    const Digest event_key = EventKey(id);
    const std::vector<Channel>& channels = event.aggregate->channels;
    digest += AggregateRow(*event.aggregate);
    for (const auto& [participant, c] : event.participants) {
      digest += ParticipantRow(event_key, ParticipantHash(key, id, participant),
                               ChannelKey(channels.at(c.channel).name), c.hour, c.purchase_amount);
    }
    for (const auto& [identity, distribution] : event.distributions) {
      digest += DistributionRow(event_key, identity.first, identity.second, distribution,
                                channels.at(distribution.channel).name);
    }
  }
  return digest;
}

Digest MapFoldState::DigestOfHours() {
  EndLastCall();
  Digest digest;
  for (const auto& [id, event] : events_) {
    for (const auto& [cell, counts] : event.timeline) {
      const std::string& channel = event.aggregate->channels.at(cell.second).name;
      digest += HourTerm(EventKey(id), cell.first, ChannelKey(channel), counts);
    }
  }
  return digest;
}

MapFoldState::Event& MapFoldState::Opened() { return events_.at(opened_); }

void MapFoldState::EndLastCall() {
  found_.reset();
  if (!inserted_) return;
  Opened().participants[inserted_->participant_id] = *inserted_->contribution;
  inserted_.reset();
}

absl::Status MapFoldState::MaybeFail() {
  if (calls_until_failure_ < 0 || calls_until_failure_-- > 0) return absl::OkStatus();
  return absl::InternalError("planted storage error");
}

absl::StatusOr<Outcome> FoldAny(const InputRecord& record, FoldState& state) {
  return std::visit([&](const auto& event) { return Fold(event, record.mark, state); },
                    record.event);
}

}  // namespace tally::domain
