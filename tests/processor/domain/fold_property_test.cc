// Any interleaving of the three topics that keeps each topic's order, any redelivery, and any
// repeat equal to what stands give the same state and the same digest; and the state is the one
// that the naive model computes.
//
// A failure prints a seed: run again with RC_PARAMS="reproduce=…" as printed.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <initializer_list>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "processor/domain/digest.h"
#include "processor/domain/fold.h"
#include "processor/domain/participant_hash.h"
#include "tests/fakes/input_record.h"
#include "tests/fakes/map_fold_state.h"
#include "tests/fakes/naive_model.h"

namespace tally::domain {
namespace {

constexpr Millis kEpoch = 1'767'225'600'000;  // 2026-01-01T00:00Z
constexpr int64_t kOffsetStep = 10;           // leaves room for repeats between records

using Topics = std::array<History, kTopicCount>;

// Views into it stay valid for the whole run.
std::string_view Pooled(std::string text) {
  static auto& pool = *new std::set<std::string>();
  return *pool.insert(std::move(text)).first;
}

// Small decisions taken from one generated number.
class Dice {
 public:
  explicit Dice(uint64_t entropy) : left_(entropy) {}
  int Roll(int sides) {
    const int face = static_cast<int>(left_ % static_cast<uint64_t>(sides));
    left_ /= static_cast<uint64_t>(sides);
    return face;
  }
  std::string_view Pick(std::initializer_list<std::string_view> choices) {
    return choices.begin()[Roll(static_cast<int>(choices.size()))];
  }

 private:
  uint64_t left_;
};

// What histories are made of.
struct World {
  int events = 3;
  int participants = 8;
  int channels_near_each_end = 2;  // names are picked near both ends of [0, channels)
  int channels = 4;
  int preloaded_by_participants = 0;   // channels 0, 1, …
  int preloaded_by_distributions = 0;  // channels channels - 1, channels - 2, …
};

std::string_view EventId(int number) { return Pooled("evt-" + std::to_string(number)); }
std::string_view ChannelName(int number) { return Pooled("channel-" + std::to_string(number)); }

std::string_view RollChannel(const World& world, Dice& dice) {
  const int pick = dice.Roll(2 * world.channels_near_each_end + 1);
  if (pick == 2 * world.channels_near_each_end) return kDefaultChannel;
  return ChannelName(pick % 2 == 0 ? pick / 2 : world.channels - 1 - pick / 2);
}

EventCreated RollCreated(const World& world, Dice& dice) {
  EventCreated event;
  event.event_id = EventId(dice.Roll(world.events));
  event.user_id = dice.Pick({"user-1", "user-2", "user-3"});
  event.status = dice.Pick({"ACTIVE", "ENDED"});
  event.event_title = dice.Pick({"", "신년맞이"});
  event.created_at = kEpoch + dice.Roll(2);
  if (dice.Roll(2) == 1) event.start = kEpoch;
  if (dice.Roll(2) == 1) event.end = kEpoch + dice.Roll(2);
  event.total_investment = dice.Roll(2) * 100;
  event.expected_revenue = dice.Roll(2) * 100;
  event.target_roi = dice.Roll(2) * 100;
  return event;
}

ParticipantRegistered RollRegistered(const World& world, Dice& dice) {
  ParticipantRegistered event;
  event.event_id = EventId(dice.Roll(world.events));
  event.participant_id = Pooled("p" + std::to_string(dice.Roll(world.participants)));
  event.channel = RollChannel(world, dice);
  event.registered_at = kEpoch + dice.Roll(4) * 1'800'000;
  event.purchase_amount = dice.Roll(3) * 100;
  return event;
}

DistributionCompleted RollCompleted(const World& world, Dice& dice) {
  DistributionCompleted event;
  event.event_id = EventId(dice.Roll(world.events));
  event.completed_at = kEpoch + dice.Roll(3) * 1'800'000;
  const int elements = 1 + dice.Roll(3);
  for (int i = 0; i < elements; ++i) {
    ChannelDistribution& one = event.channels.emplace_back();
    one.channel = RollChannel(world, dice);
    one.distribution_id = dice.Pick({"", "d1"});
    one.channel_type = dice.Pick({"TV", "SNS", ""});
    one.status = dice.Pick({"SUCCESS", "FAILED", "success"});
    one.expected_views = dice.Roll(4) * 10;
    one.distribution_cost = dice.Roll(3) * 100;
  }
  return event;
}

void Append(Topics& topics, Millis timestamp, decltype(InputRecord::event) event) {
  InputRecord record;
  record.event = std::move(event);
  History& history = topics[static_cast<size_t>(Index(record.topic()))];
  record.mark = {static_cast<int64_t>(history.size()) * kOffsetStep, timestamp};
  history.push_back(std::move(record));
}

void Preload(const World& world, Topics& topics) {
  for (int i = 0; i < world.preloaded_by_participants; ++i) {
    ParticipantRegistered event;
    event.event_id = EventId(0);
    event.participant_id = Pooled("preloaded-" + std::to_string(i));
    event.channel = ChannelName(i);
    event.registered_at = kEpoch;
    Append(topics, kEpoch, event);
  }
  DistributionCompleted record;
  record.event_id = EventId(0);
  record.completed_at = kEpoch;
  for (int i = 0; i < world.preloaded_by_distributions; ++i) {
    ChannelDistribution& one = record.channels.emplace_back();
    one.channel = ChannelName(world.channels - 1 - i);
    one.status = kSuccessStatus;
    one.expected_views = 1;
  }
  if (!record.channels.empty()) Append(topics, kEpoch, record);
}

Topics MakeTopics(const World& world, const std::vector<std::pair<uint64_t, uint64_t>>& entropies) {
  Topics topics;
  Preload(world, topics);
  for (const auto& [coarse, fine] : entropies) {
    Dice kind(coarse);
    Dice dice(fine);
    const int topic = kind.Roll(4);
    const Millis timestamp = kEpoch + kind.Roll(1000);
    if (topic == 0) Append(topics, timestamp, RollCreated(world, dice));
    if (topic == 1) Append(topics, timestamp, RollRegistered(world, dice));
    if (topic >= 2) Append(topics, timestamp, RollCompleted(world, dice));
  }
  return topics;
}

// Repeats of records[pick] that say nothing new after records[0, last]; false if there is none.
bool RepeatOf(const History& records, size_t pick, size_t last, const World&, Dice&,
              EventCreated& event) {
  for (size_t i = pick + 1; i <= last; ++i) {
    if (std::get<EventCreated>(records[i].event).event_id == event.event_id) return false;
  }
  return true;
}
bool RepeatOf(const History&, size_t, size_t, const World& world, Dice& dice,
              ParticipantRegistered& event) {
  const ParticipantRegistered other = RollRegistered(world, dice);
  event.channel = dice.Roll(2) == 0 ? other.channel : Pooled("named by a duplicate only");
  event.registered_at = other.registered_at;
  event.purchase_amount = other.purchase_amount;
  return true;
}

bool Mentions(const DistributionCompleted& record, const ChannelDistribution& identity) {
  return std::any_of(record.channels.begin(), record.channels.end(), [&](const auto& one) {
    return one.channel == identity.channel && one.distribution_id == identity.distribution_id;
  });
}

bool RepeatOf(const History& records, size_t pick, size_t last, const World&, Dice& dice,
              DistributionCompleted& event) {
  DistributionCompleted repeat{event.event_id, event.completed_at, {}};
  // From the back, so that the element that won within the record is the one that is taken.
  for (auto one = event.channels.rbegin(); one != event.channels.rend(); ++one) {
    bool stands = !Mentions(repeat, *one);
    for (size_t i = pick + 1; stands && i <= last; ++i) {
      const auto& later = std::get<DistributionCompleted>(records[i].event);
      stands = later.event_id != event.event_id || !Mentions(later, *one);
    }
    if (!stands) continue;
    repeat.channels.push_back(*one);
    if (dice.Roll(2) == 0) continue;
    ChannelDistribution overruled = *one;
    overruled.expected_views += 1;
    repeat.channels.insert(repeat.channels.begin(), overruled);
  }
  event = std::move(repeat);
  return !event.channels.empty();
}

// `topics` with records in between that must change nothing.
Topics WithRepeats(const Topics& topics, const World& world,
                   const std::vector<std::pair<uint64_t, uint64_t>>& entropies) {
  Topics all = topics;
  std::set<std::pair<size_t, size_t>> used;
  for (const auto& [coarse, fine] : entropies) {
    Dice place(coarse);
    Dice dice(fine);
    const auto topic = static_cast<size_t>(place.Roll(kTopicCount));
    const History& records = topics[topic];
    if (records.empty()) continue;
    const auto last = static_cast<size_t>(place.Roll(static_cast<int>(records.size())));
    const auto pick = static_cast<size_t>(place.Roll(static_cast<int>(last) + 1));
    if (!used.insert({topic, last}).second) continue;
    InputRecord repeat = records[pick];
    repeat.mark = {records[last].mark.offset + 1, kEpoch + 5000};
    if (!std::visit([&](auto& event) { return RepeatOf(records, pick, last, world, dice, event); },
                    repeat.event)) {
      continue;
    }
    all[topic].push_back(std::move(repeat));
  }
  for (History& history : all) {
    std::sort(history.begin(), history.end(), [](const InputRecord& a, const InputRecord& b) {
      return a.mark.offset < b.mark.offset;
    });
  }
  return all;
}

// Runs of records by turns, as `entropies` say; some runs end with a rewind, as after a crash.
History Interleave(const Topics& topics, int run_max, bool redeliver,
                   const std::vector<uint32_t>& entropies) {
  History history;
  std::array<size_t, kTopicCount> next{};
  const auto take = [&](size_t topic, size_t count) {
    const size_t end = std::min(next[topic] + count, topics[topic].size());
    for (; next[topic] < end; ++next[topic]) history.push_back(topics[topic][next[topic]]);
  };
  for (const uint32_t entropy : entropies) {
    Dice dice(entropy);
    const auto topic = static_cast<size_t>(dice.Roll(kTopicCount));
    take(topic, 1 + static_cast<size_t>(dice.Roll(run_max)));
    if (redeliver && dice.Roll(3) == 1) {
      next[topic] -= std::min(next[topic], static_cast<size_t>(dice.Roll(5)));
    }
  }
  for (size_t topic = 0; topic < kTopicCount; ++topic) take(topic, topics[topic].size());
  return history;
}

bool IsRepeat(const InputRecord& record) { return record.mark.offset % kOffsetStep != 0; }

// As a shard does it: what is below a topic's next offset has been folded already.
void FoldHistory(const History& history, MapFoldState& state) {
  std::array<int64_t, kTopicCount> next_offset{};
  for (const InputRecord& record : history) {
    int64_t& next = next_offset[static_cast<size_t>(Index(record.topic()))];
    if (record.mark.offset < next) continue;
    const absl::StatusOr<Outcome> outcome = FoldAny(record, state);
    RC_ASSERT(outcome.ok());
    if (IsRepeat(record)) RC_ASSERT(*outcome == Outcome::kUnchanged);
    next = record.mark.offset + 1;
  }
}

// Uniform over the whole type, whatever the test's size.
template <typename T>
rc::Gen<T> Entropy() {
  return rc::gen::resize(rc::kNominalSize, rc::gen::arbitrary<T>());
}

void CheckWorld(const World& world, int run_max) {
  // Shrinking leaves records and turns out, it does not change them: a failure is small enough
  // that way, and found in seconds.
  const auto entropies = rc::gen::container<std::vector<std::pair<uint64_t, uint64_t>>>(
      rc::gen::noShrink(rc::gen::pair(Entropy<uint64_t>(), Entropy<uint64_t>())));
  const auto turns =
      rc::gen::container<std::vector<uint32_t>>(rc::gen::noShrink(Entropy<uint32_t>()));
  const Topics topics = MakeTopics(world, *entropies);
  const Topics repeated = WithRepeats(topics, world, *entropies);
  const History plain = Interleave(topics, run_max, false, *turns);
  const History disturbed = Interleave(repeated, run_max, true, *turns);

  MapFoldState undisturbed_state;
  MapFoldState disturbed_state;
  FoldHistory(plain, undisturbed_state);
  FoldHistory(disturbed, disturbed_state);
  const HashKey key = HashKey::Derived("cluster", "sample.");
  const std::vector<std::string> lines = Lines(undisturbed_state.Logical());
  RC_ASSERT(lines == Lines(disturbed_state.Logical()));
  RC_ASSERT(lines == Lines(NaiveState(plain)));
  RC_ASSERT(lines == Lines(NaiveState(disturbed)));
  RC_ASSERT(undisturbed_state.DigestOfRows(key) == disturbed_state.DigestOfRows(key));
  RC_ASSERT(undisturbed_state.digest_of_hour_changes() == undisturbed_state.DigestOfHours());
  RC_ASSERT(disturbed_state.digest_of_hour_changes() == disturbed_state.DigestOfHours());
}

RC_GTEST_PROP(FoldProperty, OrderRedeliveryAndRepeatsDoNotMatter, ()) { CheckWorld({}, 3); }

RC_GTEST_PROP(FoldProperty, OrderRedeliveryAndRepeatsDoNotMatterForOneEvent, ()) {
  CheckWorld({.events = 1, .participants = 20, .channels_near_each_end = 1, .channels = 2}, 3);
}

// Both topics are brought to just around the 1,000 channels that each may name, of 1,010 names that
// they name from opposite ends.
RC_GTEST_PROP(FoldProperty, OrderDoesNotMatterAroundTheChannelLimit, ()) {
  const World world{.events = 1,
                    .participants = 30,
                    .channels_near_each_end = 12,
                    .channels = 1010,
                    .preloaded_by_participants = *rc::gen::inRange(994, 1003),
                    .preloaded_by_distributions = *rc::gen::inRange(994, 1003)};
  CheckWorld(world, 400);
}

}  // namespace
}  // namespace tally::domain
