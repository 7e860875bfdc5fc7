#include "processor/domain/fold.h"

#include <algorithm>
#include <cstddef>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/string_view.h"

namespace tally::domain {
namespace {

void Advance(TopicMark& mark, RecordMark applied) {
  mark.last_offset = applied.offset;
  mark.max_timestamp = std::max(mark.max_timestamp, applied.timestamp);
}

// The members through which one topic names channels. Each topic has its own, so that how far one
// topic has got does not change where the other's records are counted.
struct NamingTopic {
  bool Channel::*named;
  int32_t EventAggregate::*count;
};
constexpr NamingTopic kByParticipants = {&Channel::named_by_participants,
                                         &EventAggregate::channels_named_by_participants};
constexpr NamingTopic kByDistributions = {&Channel::named_by_distributions,
                                          &EventAggregate::channels_named_by_distributions};

// Where a record's channel is counted, and what must be done to the aggregate for that.
struct Resolution {
  ChannelIndex channel = 0;
  std::string_view name;
  bool is_new_row = false;
  bool is_newly_named = false;
};

Resolution Resolve(const EventAggregate& event, std::string_view name, NamingTopic topic) {
  std::optional<ChannelIndex> found = event.FindChannel(name);
  if (found && event.channels[*found].*topic.named) return {.channel = *found, .name = name};

  const bool has_room = event.*topic.count < kChannelsPerTopicMax;
  if (!has_room) {
    name = kDefaultChannel;
    found = event.FindChannel(name);
  }
  return {.channel = found.value_or(static_cast<ChannelIndex>(event.channels.size())),
          .name = name,
          .is_new_row = !found.has_value(),
          .is_newly_named = has_room};
}

Channel& Apply(const Resolution& resolution, NamingTopic topic, EventAggregate& event) {
  if (resolution.is_new_row) event.AddChannel(resolution.name);
  event.channel_table.Update(event.channels);  // one read from the store comes without
  Channel& channel = event.channels[resolution.channel];
  if (resolution.is_newly_named) {
    channel.*topic.named = true;
    ++(event.*topic.count);
  }
  return channel;
}

Description Describe(const EventCreated& event) {
  return {.user_id = std::string(event.user_id),
          .event_title = std::string(event.event_title),
          .status = std::string(event.status),
          .start = event.start,
          .end = event.end,
          .created_at = event.created_at,
          .total_investment = event.total_investment,
          .expected_revenue = event.expected_revenue,
          .target_roi = event.target_roi};
}

// One identity (channel, distribution id) of a record, with what stands for it.
struct Element {
  const ChannelDistribution* sent = nullptr;
  std::optional<Distribution> standing;
  ChannelIndex channel = 0;  // where it is counted, once it is applied

  bool EqualsStanding(Millis completed_at) const {
    return standing && standing->completed_at == completed_at &&
           standing->channel_type == sent->channel_type && standing->status == sent->status &&
           standing->expected_views == sent->expected_views &&
           standing->distribution_cost == sent->distribution_cost;
  }
};

absl::string_view ToAbsl(std::string_view text) { return {text.data(), text.size()}; }

// The record's identities in the order of their first mention, each as its last mention has it.
std::vector<Element> LastOfEachIdentity(const std::vector<ChannelDistribution>& sent) {
  if (sent.size() == 1) return {{.sent = &sent[0]}};
  std::vector<Element> elements;
  elements.reserve(sent.size());
  absl::flat_hash_map<std::pair<absl::string_view, absl::string_view>, size_t> by_identity;
  by_identity.reserve(sent.size());
  for (const ChannelDistribution& one : sent) {
    const auto [at, is_new] = by_identity.try_emplace(
        {ToAbsl(one.channel), ToAbsl(one.distribution_id)}, elements.size());
    if (is_new) elements.emplace_back();
    elements[at->second].sent = &one;
  }
  return elements;
}

absl::Status FindStanding(std::vector<Element>& elements, FoldState& state) {
  for (Element& element : elements) {
    const absl::StatusOr<const Distribution*> standing =
        state.FindDistribution(element.sent->channel, element.sent->distribution_id);
    if (!standing.ok()) return standing.status();
    if (*standing != nullptr) element.standing = **standing;
  }
  return absl::OkStatus();
}

int64_t ImpressionsOf(const Distribution& distribution) {
  return distribution.status == kSuccessStatus ? distribution.expected_views : 0;
}

void AddViews(Hour hour, ChannelIndex channel, int64_t views, FoldState& state) {
  if (views != 0) state.AddToHour(hour, channel, {.views = views});
}

// An identity keeps the channel that it was first counted under.
ChannelIndex ChannelFor(const Element& element, EventAggregate& event) {
  if (element.standing) return element.standing->channel;
  const Resolution resolution = Resolve(event, element.sent->channel, kByDistributions);
  ++Apply(resolution, kByDistributions, event).distributions;
  return resolution.channel;
}

void Replace(Element& element, Millis completed_at, EventAggregate& event, FoldState& state) {
  const ChannelIndex index = ChannelFor(element, event);
  element.channel = index;
  Channel& channel = event.channels[index];
  if (element.standing) {
    channel.impressions -= ImpressionsOf(*element.standing);
    channel.distribution_cost -= element.standing->distribution_cost;
    AddViews(HourOf(element.standing->completed_at), index, -ImpressionsOf(*element.standing),
             state);
  }
  Distribution now = {.channel = index,
                      .channel_type = std::string(element.sent->channel_type),
                      .status = std::string(element.sent->status),
                      .completed_at = completed_at,
                      .expected_views = element.sent->expected_views,
                      .distribution_cost = element.sent->distribution_cost};
  channel.impressions += ImpressionsOf(now);
  channel.distribution_cost += now.distribution_cost;
  AddViews(HourOf(completed_at), index, ImpressionsOf(now), state);
  state.PutDistribution(element.sent->channel, element.sent->distribution_id, std::move(now));
}

// The last element that the record has for a channel gives the channel's type and status, whichever
// identity it is of; elements are in the order of first mention.
void SetTypesAndStatuses(std::vector<Element>& elements, EventAggregate& event) {
  std::sort(elements.begin(), elements.end(),
            [](const Element& a, const Element& b) { return a.sent < b.sent; });
  for (const Element& element : elements) {
    Channel& channel = event.channels[element.channel];
    channel.channel_type = element.sent->channel_type;
    channel.status = element.sent->status;
  }
}

}  // namespace

absl::StatusOr<Outcome> Fold(const EventCreated& event, RecordMark mark, FoldState& state) {
  const absl::StatusOr<const EventAggregate*> before = state.OpenEvent(event.event_id);
  if (!before.ok()) return before.status();
  Description description = Describe(event);
  const std::optional<Description>& standing = (*before)->description;
  if (standing == description) return Outcome::kUnchanged;

  const std::string from_user = standing ? standing->user_id : "";  // Mutate may move the aggregate
  EventAggregate& after = state.Mutate();
  after.description = std::move(description);
  Advance(after.marks[Index(Topic::kEventCreated)], mark);
  if (from_user != event.user_id) state.MoveToUser(from_user, event.user_id);
  return Outcome::kApplied;
}

absl::StatusOr<Outcome> Fold(const ParticipantRegistered& event, RecordMark mark,
                             FoldState& state) {
  const absl::StatusOr<const EventAggregate*> before = state.OpenEvent(event.event_id);
  if (!before.ok()) return before.status();
  const absl::StatusOr<Contribution*> inserted = state.InsertParticipant(event.participant_id);
  if (!inserted.ok()) return inserted.status();
  if (*inserted == nullptr) return Outcome::kUnchanged;

  // All of it before Mutate, which may invalidate both pointers.
  const Resolution resolution = Resolve(**before, event.channel, kByParticipants);
  const Contribution contribution = {.channel = resolution.channel,
                                     .hour = HourOf(event.registered_at),
                                     .purchase_amount = event.purchase_amount};
  **inserted = contribution;

  EventAggregate& after = state.Mutate();
  Channel& channel = Apply(resolution, kByParticipants, after);
  ++channel.participants;
  channel.purchase_amount += event.purchase_amount;
  ++after.participants;
  Advance(after.marks[Index(Topic::kParticipantRegistered)], mark);
  state.AddToHour(contribution.hour, contribution.channel,
                  {.participants = 1, .purchase_amount = event.purchase_amount});
  return Outcome::kApplied;
}

absl::StatusOr<Outcome> Fold(const DistributionCompleted& event, RecordMark mark,
                             FoldState& state) {
  const absl::StatusOr<const EventAggregate*> before = state.OpenEvent(event.event_id);
  if (!before.ok()) return before.status();
  std::vector<Element> elements = LastOfEachIdentity(event.channels);
  // Everything that can fail is read before anything is changed.
  if (absl::Status found = FindStanding(elements, state); !found.ok()) return found;
  if (std::all_of(elements.begin(), elements.end(), [&](const Element& element) {
        return element.EqualsStanding(event.completed_at);
      })) {
    return Outcome::kUnchanged;
  }

  EventAggregate& after = state.Mutate();
  for (Element& element : elements) Replace(element, event.completed_at, after, state);
  SetTypesAndStatuses(elements, after);
  Advance(after.marks[Index(Topic::kDistributionCompleted)], mark);
  return Outcome::kApplied;
}

}  // namespace tally::domain
