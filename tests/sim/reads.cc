#include "tests/sim/reads.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <exception>
#include <set>
#include <utility>

#include "tests/sim/failure.h"

namespace tally::sim {
namespace {

using domain::HourCounts;
using domain::Index;
using domain::LogicalEvent;
using domain::Topic;

constexpr domain::Hour kFirstHour = 490'896;  // 2026-01-01T00Z

bool InRange(domain::Hour hour, const query::HourRange& range) {
  return hour >= range.begin && hour < range.end;
}

using CellsByChannel = std::map<std::string, HourCounts>;

CellsByChannel SumsOf(const LogicalEvent& event, const query::HourRange& range) {
  CellsByChannel sums;
  for (const auto& [cell, counts] : event.timeline) {
    if (InRange(cell.first, range)) sums[cell.second] += counts;
  }
  std::erase_if(sums, [](const auto& sum) { return sum.second.IsZero(); });
  return sums;
}

void AddHours(const LogicalEvent& event, const query::HoursNeed& need,
              std::map<domain::Hour, HourCounts>& hours) {
  for (const auto& [cell, counts] : event.timeline) {
    if (!InRange(cell.first, need.range)) continue;
    if (need.channels.empty() ||
        std::binary_search(need.channels.begin(), need.channels.end(), cell.second)) {
      hours[cell.first] += counts;
    }
  }
}

bool SameHours(std::map<domain::Hour, HourCounts> expected,
               const std::vector<query::HourTotal>& seen) {
  std::erase_if(expected, [](const auto& hour) { return hour.second.IsZero(); });
  return std::equal(expected.begin(), expected.end(), seen.begin(), seen.end(),
                    [](const auto& a, const query::HourTotal& b) {
                      return a.first == b.hour && a.second == b.counts;
                    });
}

}  // namespace

struct Reads::Read {
  Instance* instance = nullptr;
  int client = 0;
  std::string id;
  query::TimelineNeed need;
  std::vector<query::MinOffset> min;
  std::map<int32_t, Offsets> at_start;  // where the shards were
  bool must_succeed = false;

  std::string ToString() const {
    return fmt::format("a read of {} by client {} from instance {}", id, client,
                       instance->ordinal());
  }
};

std::shared_ptr<Reads::Read> Reads::NewRead(Instance& instance, std::string id) {
  auto read = std::make_shared<Read>();
  read->instance = &instance;
  read->id = std::move(id);
  for (const Shard* shard : instance.shards()) {
    read->at_start[shard->partition()] = shard->position();
  }
  most_under_way_ = std::max(most_under_way_, ++under_way_);
  ++under_way_on_[&instance];
  return read;
}

void Reads::Forget(const Instance& instance) {
  under_way_ -= std::exchange(under_way_on_[&instance], 0);
  std::erase_if(kept_, [&](const Kept& kept) { return kept.read->instance == &instance; });
}

template <typename Answer>
void Reads::Keep(const std::shared_ptr<Read>& read, const absl::StatusOr<Answer>& answer) {
  if (!answer.ok() || answer->freshness == nullptr) return;
  if (kept_.size() == kKeptMax) kept_.pop_front();
  kept_.push_back({read, *answer});
}

void Reads::AskAgain(Random& random) {
  if (kept_.empty()) return;
  const Kept& kept = kept_[static_cast<size_t>(random.Below(static_cast<int>(kept_.size())))];
  Read read;
  read.instance = kept.read->instance;
  read.id = kept.read->id;
  Roll(random, read);
  read.need = kept.read->need;
  for (const Shard* shard : read.instance->shards()) {
    read.at_start[shard->partition()] = shard->position();
  }
  std::visit(
      [&](const auto& answer) {
        const auto standing = answer.freshness->Now(read.min);
        Observe(standing.has_value() ? 1 : 0);
        if (!standing) return;
        absl::StatusOr<std::decay_t<decltype(answer)>> again = answer;
        again->position = standing->position;
        if constexpr (std::is_same_v<std::decay_t<decltype(answer)>, query::EventAnswer>) {
          EventAnswered(read, again);
        } else {
          UserAnswered(read, again);
        }
      },
      kept.answer);
}

// What it asks for beside the aggregate, and the position it insists on.
void Reads::Roll(Random& random, Read& read) {
  const auto range = [&] {
    const domain::Hour begin = kFirstHour + random.Below(6) - 1;
    return query::HourRange{begin, begin + random.Below(30)};
  };
  for (int i = random.Below(3); i > 0; --i) read.need.sums.push_back(range());
  if (random.Percent(60)) {
    read.need.hours = query::HoursNeed{.range = {0, kFirstHour + 1000}, .channels = {}};
    if (random.Percent(30)) read.need.hours = {.range = range(), .channels = {"TV"}};
  }
  read.client = random.Below(kClients);
  const int kind = random.Below(10);
  if (kind < 6) {
    for (const auto& [partition, offsets] : seen_[static_cast<size_t>(read.client)]) {
      for (const Topic topic : domain::kTopics) {
        read.min.push_back({partition, topic, offsets[static_cast<size_t>(Index(topic))]});
      }
    }
  } else if (kind < 8) {  // what a producer has just been told
    for (int32_t partition = 0; partition < around_.config.partitions; ++partition) {
      const Topic topic = domain::kTopics[random.Below(domain::kTopicCount)];
      read.min.push_back({partition, topic, around_.log.At(partition, topic).stable_end()});
    }
  }
}

void Reads::Begin(Instance& instance, Random& random) {
  if (random.Percent(50)) AskAgain(random);
  if (!instance.running()) return;
  const bool of_user = random.Percent(30);
  const int index = random.Below(of_user ? around_.config.users : around_.config.events);
  auto read = NewRead(instance, std::string(of_user ? UserId(index) : EventId(index)));
  Roll(random, *read);
  of_user ? User(instance, std::move(read)) : Event(instance, std::move(read));
}

void Reads::BeginAll(const std::vector<std::unique_ptr<Instance>>& instances) {
  const auto begin = [&](Instance& instance, std::string_view id) {
    auto read = NewRead(instance, std::string(id));
    read->must_succeed = true;
    read->need.sums.push_back({0, kFirstHour + 1000});
    read->need.hours = query::HoursNeed{.range = {0, kFirstHour + 1000}, .channels = {}};
    for (int32_t partition = 0; partition < around_.config.partitions; ++partition) {
      for (const Topic topic : domain::kTopics) {
        read->min.push_back({partition, topic, around_.log.At(partition, topic).stable_end()});
      }
    }
    return read;
  };
  for (int i = 0; i < around_.config.events; ++i) {
    const int32_t partition = PartitionOfEvent(around_.config, EventId(i));
    for (const auto& instance : instances) {
      const Shard* shard = instance->shard(partition);
      if (shard != nullptr && !shard->failed()) Event(*instance, begin(*instance, EventId(i)));
    }
  }
  for (const auto& instance : instances) {
    const std::vector<Shard*> shards = instance->shards();
    if (instance->instances() > 1 ||
        std::any_of(shards.begin(), shards.end(), [](Shard* shard) { return shard->failed(); })) {
      continue;
    }
    for (int i = 0; i < around_.config.users; ++i) {
      User(*instance, begin(*instance, UserId(i)));
    }
  }
}

void Reads::Event(Instance& instance, std::shared_ptr<Read> read) {
  boost::asio::co_spawn(instance.http().executor(),
                        instance.reader().ReadEvent(read->id, read->need, read->min),
                        [this, read](const std::exception_ptr& thrown,
                                     const absl::StatusOr<query::EventAnswer>& answer) {
                          if (thrown) Fail("read", read->ToString() + " threw");
                          --under_way_;
                          --under_way_on_[read->instance];
                          EventAnswered(*read, answer);
                          Keep(read, answer);
                        });
}

void Reads::User(Instance& instance, std::shared_ptr<Read> read) {
  boost::asio::co_spawn(instance.http().executor(),
                        instance.reader().ReadUser(read->id, read->need, read->min),
                        [this, read](const std::exception_ptr& thrown,
                                     const absl::StatusOr<query::UserAnswer>& answer) {
                          if (thrown) Fail("read", read->ToString() + " threw");
                          --under_way_;
                          --under_way_on_[read->instance];
                          UserAnswered(*read, answer);
                          Keep(read, answer);
                        });
}

bool Reads::MayBe(const Read& read, const absl::Status& status, bool event) {
  const auto complain = [&] {
    Fail("read", read.ToString() + " failed without a reason: " + status.ToString());
  };
  Observe(static_cast<uint64_t>(status.code()));
  if (status.ok()) return true;
  const Instance& instance = *read.instance;
  bool may_be = false;
  if (absl::IsUnimplemented(status)) {
    may_be = !event && instance.instances() > 1;
  } else if (absl::IsFailedPrecondition(status)) {
    may_be = event && instance.shard(PartitionOfEvent(around_.config, read.id)) == nullptr;
  } else if (absl::IsDeadlineExceeded(status)) {
    const auto reached = query::GetPositionReached(status);
    if (!reached || reached->empty()) complain();
    may_be = std::any_of(read.min.begin(), read.min.end(), [&](const query::MinOffset& min) {
      const auto& at = reached->front();
      return at.partition == min.partition &&
             at.next_offset[static_cast<size_t>(Index(min.topic))] < min.next_offset;
    });
  } else if (absl::IsResourceExhausted(status)) {
    may_be = most_under_way_ > around_.config.position_waiters_max;
  } else if (absl::IsUnavailable(status)) {
    const std::vector<Shard*> shards = instance.shards();
    may_be = instance.stopping() ||
             std::string_view(status.message().data(), status.message().size()).find("too many") !=
                 std::string_view::npos ||
             std::any_of(shards.begin(), shards.end(),
                         [](const Shard* shard) { return shard->failed(); });
  }
  if (!may_be || read.must_succeed) complain();
  return false;
}

void Reads::CheckPosition(const Read& read, const query::ShardPosition& position) {
  const auto partition = position.partition;
  const Offsets& at = position.next_offset;
  const Shard* shard = read.instance->shard(partition);
  const auto start = read.at_start.find(partition);
  if (shard == nullptr || start == read.at_start.end()) {
    Fail("read", read.ToString() + " names a shard that the instance does not have");
  }
  if (!Shard::Reaches(at, start->second) || !Shard::Reaches(shard->position(), at)) {
    Fail("read", fmt::format("{} claims position {} of partition {}, which went from {} to {}",
                             read.ToString(), fmt::join(at, ","), partition,
                             fmt::join(start->second, ","), fmt::join(shard->position(), ",")));
  }
  for (const query::MinOffset& min : read.min) {
    if (min.partition != partition) continue;
    if (at[static_cast<size_t>(Index(min.topic))] < min.next_offset) {
      Fail("read",
           fmt::format("{} answered at {} of partition {}, before {} of topic {}", read.ToString(),
                       fmt::join(at, ","), partition, min.next_offset, Index(min.topic)));
    }
  }
  auto [seen, is_new] = seen_[static_cast<size_t>(read.client)].try_emplace(partition, at);
  for (size_t i = 0; i < at.size(); ++i) {
    seen->second[i] = std::max(seen->second[i], at[i]);
    Observe(static_cast<uint64_t>(at[i]));
  }
}

void Reads::CheckEvent(const Read& read, const query::EventSnapshot& seen,
                       const LogicalEvent& expected, const Offsets& at) {
  const auto fail = [&](const std::string& difference) {
    Fail("read", fmt::format("{} is not the fold of the records below {}:\n{}", read.ToString(),
                             fmt::join(at, ","), difference));
  };
  const std::string& id = seen.aggregate.event_id;
  domain::LogicalState is, should_be;
  is.events[id] = LogicalOf(seen.aggregate);
  should_be.events[id] = expected;
  should_be.events[id].participants.clear();
  should_be.events[id].distributions.clear();
  should_be.events[id].timeline.clear();
  if (const std::string difference = Difference(is, should_be); !difference.empty()) {
    fail(difference);
  }
  if (seen.aggregate.participants != expected.participants.size()) {
    fail(fmt::format("  {} participants instead of {}", seen.aggregate.participants,
                     expected.participants.size()));
  }
  for (size_t i = 0; i < read.need.sums.size(); ++i) {
    CellsByChannel sums;
    for (const auto& [channel, counts] : seen.sums[i].channels) {
      sums[seen.aggregate.channels[channel].name] = counts;
    }
    if (sums == SumsOf(expected, read.need.sums[i])) continue;
    for (const auto& [channel, counts] : sums) {
      is.events[id].timeline[{read.need.sums[i].begin, channel}] = counts;
    }
    for (const auto& [channel, counts] : SumsOf(expected, read.need.sums[i])) {
      should_be.events[id].timeline[{read.need.sums[i].begin, channel}] = counts;
    }
    fail(fmt::format("timeline of hours [{}, {})\n{}", read.need.sums[i].begin,
                     read.need.sums[i].end, Difference(is, should_be)));
  }
}

void Reads::EventAnswered(const Read& read, const absl::StatusOr<query::EventAnswer>& answer) {
  if (!MayBe(read, answer.status(), true)) return;
  ++answered_;
  CheckPosition(read, answer->position.front());
  const Offsets& at = answer->position.front().next_offset;
  const LogicalEvent& expected = around_.expected.EventAt(read.id, at);
  if (answer->event.has_value() != expected.description.has_value()) {
    Fail("read", fmt::format("{} at {} says that there is {} event", read.ToString(),
                             fmt::join(at, ","), answer->event ? "an" : "no"));
  }
  if (!answer->event) return;
  CheckEvent(read, *answer->event, expected, at);
  if (!read.need.hours) return;
  std::map<domain::Hour, HourCounts> hours;
  AddHours(expected, *read.need.hours, hours);
  if (!SameHours(hours, answer->hours)) {
    Fail("read", fmt::format("{} at {} has other hours than it should", read.ToString(),
                             fmt::join(at, ",")));
  }
}

void Reads::UserAnswered(const Read& read, const absl::StatusOr<query::UserAnswer>& answer) {
  if (!MayBe(read, answer.status(), false)) return;
  ++answered_;
  std::set<std::string> seen_ids;
  for (const auto& event : answer->events) seen_ids.insert(event.aggregate.event_id);
  std::map<domain::Hour, HourCounts> hours;
  for (const query::ShardPosition& position : answer->position) {
    CheckPosition(read, position);
    for (const std::string& id : around_.expected.event_ids(position.partition)) {
      const LogicalEvent& expected = around_.expected.EventAt(id, position.next_offset);
      const bool is_theirs = expected.description && expected.description->user_id == read.id;
      if (is_theirs != (seen_ids.erase(id) > 0)) {
        Fail("read", fmt::format("{} at {}: event {} is {}", read.ToString(),
                                 fmt::join(position.next_offset, ","), id,
                                 is_theirs ? "missing" : "not theirs"));
      }
      if (!is_theirs) continue;
      const auto event = std::find_if(answer->events.begin(), answer->events.end(),
                                      [&](const auto& e) { return e.aggregate.event_id == id; });
      CheckEvent(read, *event, expected, position.next_offset);
      if (read.need.hours) AddHours(expected, *read.need.hours, hours);
    }
  }
  if (!seen_ids.empty()) Fail("read", read.ToString() + " has an event that nobody sent");
  if (answer->position.size() != static_cast<size_t>(around_.config.partitions)) {
    Fail("read", read.ToString() + " lacks shards");
  }
  if (read.need.hours && !SameHours(hours, answer->hours)) {
    Fail("read", read.ToString() + " has other hours than it should");
  }
}

}  // namespace tally::sim
