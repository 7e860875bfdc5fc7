#include "processor/event_check.h"

#include <utility>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_cat.h"
#include "processor/domain/events.h"
#include "processor/domain/money.h"
#include "processor/domain/quote.h"

namespace tally {
namespace {

using domain::ChannelIndex;
using domain::Hour;
using domain::HourCounts;
using domain::Int128;

// The finalizer of MurmurHash3; a bijection.
constexpr uint64_t Mix(uint64_t bits) {
  bits = (bits ^ bits >> 33) * 0xff51afd7ed558ccdULL;
  bits = (bits ^ bits >> 33) * 0xc4ceb9fe1a85ec53ULL;
  return bits ^ bits >> 33;
}

// Linear in the counts; the factors are odd, so that no change of one count alone is lost.
uint64_t CellTerm(Hour hour, ChannelIndex channel, const HourCounts& counts) {
  const uint64_t cell = (uint64_t{static_cast<uint32_t>(hour)} << 16 | channel) * 4;
  return static_cast<uint64_t>(counts.participants) * (Mix(cell) | 1) +
         static_cast<uint64_t>(counts.views) * (Mix(cell + 1) | 1) +
         static_cast<uint64_t>(counts.purchase_amount) * (Mix(cell + 2) | 1);
}

HourCounts CountsOf(const domain::Contribution& contribution) {
  return {.participants = 1, .purchase_amount = contribution.purchase_amount};
}

Int128 ViewsOf(const domain::Distribution& distribution) {
  return distribution.status == domain::kSuccessStatus ? distribution.expected_views : 0;
}

}  // namespace

EventCheck::EventCheck(const domain::EventAggregate& aggregate)
    : event_id_(aggregate.event_id),
      described_(aggregate.description.has_value()),
      key_(domain::EventKey(aggregate.event_id)),
      row_digest_(domain::AggregateRow(aggregate)) {
  if (described_) user_id_ = aggregate.description->user_id;
  channels_.reserve(aggregate.channels.size());
  for (const auto& from : aggregate.channels) {
    channels_.push_back({.name = from.name,
                         .key = domain::ChannelKey(from.name),
                         .stored = {.participants = from.participants,
                                    .purchase_amount = from.purchase_amount,
                                    .distributions = from.distributions,
                                    .impressions = from.impressions,
                                    .distribution_cost = from.distribution_cost},
                         .summed = {},
                         .timeline = {}});
  }
}

size_t EventCheck::Bytes() const {
  size_t bytes = sizeof(EventCheck) + event_id_.capacity() + user_id_.capacity() +
                 channels_.capacity() * sizeof(Channel);
  for (const Channel& channel : channels_) bytes += channel.name.capacity();
  return bytes;
}

void EventCheck::Add(const domain::Contribution& contribution) {
  Sums& sums = channels_[contribution.channel].summed;
  ++sums.participants;
  sums.purchase_amount += contribution.purchase_amount;
  cells_ -= CellTerm(contribution.hour, contribution.channel, CountsOf(contribution));
}

void EventCheck::Add(const domain::Distribution& distribution) {
  const Int128 views = ViewsOf(distribution);
  Sums& sums = channels_[distribution.channel].summed;
  ++sums.distributions;
  sums.impressions += views;
  sums.distribution_cost += distribution.distribution_cost;
  cells_ -=
      CellTerm(domain::HourOf(distribution.completed_at), distribution.channel, {.views = views});
}

void EventCheck::Add(Hour hour, ChannelIndex channel, const HourCounts& counts) {
  channels_[channel].timeline += counts;
  cells_ += CellTerm(hour, channel, counts);
}

void EventCheck::Finish(Findings& findings) const {
  const uint64_t before = findings.count();
  absl::flat_hash_set<absl::string_view> names;
  for (const Channel& channel : channels_) {
    FinishChannel(channel, findings);
    if (names.insert({channel.name.data(), channel.name.size()}).second) continue;
    findings.Add(
        {event_id_, NameOfChannel(channel.name), "", "listed more than once", "listed once"});
  }
  if (described_ && !listed_) {
    findings.Add({event_id_, NameOfUser(user_id_), "", "missing", "there, since the user owns it"});
  }
  if (cells_ == 0 || findings.count() != before) return;
  findings.Add({event_id_, "timeline", "", "not the hours of its participants and distributions",
                "what they add up to, hour by hour"});
}

bool EventCheck::FinishChannel(const Channel& channel, Findings& findings) const {
  const uint64_t before = findings.count();
  const auto compare = [&](const char* field, Int128 stored, Int128 expected, const char* of,
                           bool money) {
    if (stored == expected) return;
    const auto format = money ? domain::FormatMoney : domain::FormatInteger;
    findings.Add({event_id_, NameOfChannel(channel.name), field, format(stored),
                  absl::StrCat(format(expected), " (the sum of its ", of, ")")});
  };
  const Sums& stored = channel.stored;
  const Sums& summed = channel.summed;
  constexpr char kParticipants[] = "participant rows";
  constexpr char kDistributions[] = "distribution rows";
  compare("participants", stored.participants, summed.participants, kParticipants, false);
  compare("purchaseAmount", stored.purchase_amount, summed.purchase_amount, kParticipants, true);
  compare("distributions", stored.distributions, summed.distributions, kDistributions, false);
  compare("impressions", stored.impressions, summed.impressions, kDistributions, false);
  compare("distributionCost", stored.distribution_cost, summed.distribution_cost, kDistributions,
          true);
  const HourCounts& timeline = channel.timeline;
  constexpr char kRows[] = "participant and distribution rows";
  compare("timeline participants", timeline.participants, summed.participants, kRows, false);
  compare("timeline views", timeline.views, summed.impressions, kRows, false);
  compare("timeline purchaseAmount", timeline.purchase_amount, summed.purchase_amount, kRows, true);
  return findings.count() == before;
}

}  // namespace tally
