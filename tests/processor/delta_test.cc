// The delta over a store: whatever is frozen, committed and read when, it is the fold's state.
#include "processor/delta.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <map>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "processor/checkpoint.h"
#include "processor/filter_load.h"
#include "processor/store_check.h"
#include "store/memory_store.h"
#include "tests/fakes/input_record.h"
#include "tests/fakes/logical_state.h"
#include "tests/fakes/map_fold_state.h"
#include "tests/fakes/naive_model.h"

namespace tally {
namespace {

using domain::Digest;
using domain::HashKey;
using domain::History;
using domain::InputRecord;
using domain::LogicalEvent;
using domain::LogicalState;

constexpr domain::Millis kStart = 1'767'225'600'000;  // 2026-01-01T00:00Z

class Random {
 public:
  explicit Random(uint64_t seed) : engine_(seed) {}
  int Below(int bound) { return static_cast<int>(engine_() % static_cast<uint64_t>(bound)); }
  std::string_view Pick(std::initializer_list<std::string_view> choices) {
    return choices.begin()[Below(static_cast<int>(choices.size()))];
  }

 private:
  std::mt19937_64 engine_;
};

std::string_view Pooled(std::string text) {
  static auto& pool = *new std::set<std::string>();
  return *pool.insert(std::move(text)).first;
}

InputRecord RollRecord(Random& random, Offsets& next) {
  InputRecord record;
  const std::string_view event_id = Pooled("evt-" + std::to_string(random.Below(5)));
  const auto time = kStart + random.Below(6) * 1'800'000;
  switch (random.Below(5)) {
    case 0: {
      domain::EventCreated event;
      event.event_id = event_id;
      event.user_id = random.Pick({"user-1", "user-2", "user-3"});
      event.status = random.Pick({"ACTIVE", "ENDED"});
      event.created_at = kStart;
      record.event = event;
      break;
    }
    case 1: {
      domain::DistributionCompleted event;
      event.event_id = event_id;
      event.completed_at = time;
      for (int i = random.Below(3); i >= 0; --i) {
        auto& one = event.channels.emplace_back();
        one.channel = random.Pick({"TV", "SNS", "기타"});
        one.channel_type = random.Pick({"A", "B"});
        one.status = random.Pick({"SUCCESS", "SUCCESS", "FAILED"});
        one.distribution_id = random.Pick({"", "d1", "d2"});
        one.expected_views = random.Below(4) * 100;
        one.distribution_cost = random.Below(3) * 50;
      }
      record.event = event;
      break;
    }
    default: {
      domain::ParticipantRegistered event;
      event.event_id = event_id;
      event.participant_id = Pooled("p" + std::to_string(random.Below(60)));
      event.channel = random.Pick({"TV", "SNS", "기타", "링고비즈"});
      event.registered_at = time;
      event.purchase_amount = random.Below(3) * 100;
      record.event = event;
    }
  }
  int64_t& offset = next[domain::Index(record.topic())];
  record.mark = {.offset = offset++, .timestamp = kStart + random.Below(100'000)};
  return record;
}

// A shard's state machine without its shard: delta and store, frozen and committed at will.
class DeltaLife {
 public:
  explicit DeltaLife(DeltaOptions options) : options_(options) { Restart(); }

  void Fold(const InputRecord& record) {
    int64_t& next = position_[domain::Index(record.topic())];
    if (record.mark.offset < next) return;
    ASSERT_TRUE(domain::FoldAny(record, *delta_).ok());
    next = record.mark.offset + 1;
  }
  void Freeze() {
    if (idle()) frozen_ = delta_->Freeze(position_);
  }
  void Commit() {
    if (frozen_ == nullptr) return;
    auto rows = CheckpointRows::Build(std::move(frozen_), row_, *store_->NewSnapshot());
    ASSERT_TRUE(rows.ok()) << rows.status();
    ASSERT_TRUE(store_->Commit(**rows).ok());
    row_ = (*rows)->after();
    rows->reset();
    frozen_ = nullptr;
    committed_unseen_ = true;
  }
  // The owner hears of the commit: until then it reads the frozen delta.
  void Hear() {
    if (!std::exchange(committed_unseen_, false)) return;
    delta_->Committed(store_->NewSnapshot());
  }
  // Process crash: what no commit holds is gone.
  void Restart() {
    delta_.reset();
    frozen_ = nullptr;
    committed_unseen_ = false;
    store_ = std::make_unique<store::MemoryStore>(disk_, std::make_shared<HourMerger>());
    std::string value;
    row_ = {};
    if (*store_->NewSnapshot()->Get(kCheckpointKey, &value)) row_ = *DecodeCheckpoint(value);
    position_ = row_.next_offsets;
    delta_ = std::make_unique<Delta>(key_, store_->NewSnapshot(), row_, options_);
    filter_load_.reset();
    if (row_.participants > 0) {
      filter_load_ = std::make_unique<FilterLoad>(store_->NewSnapshot(), options_.filter_bytes_max);
    }
  }
  // The stored participants' filter comes closer by some rows.
  void LoadFilter(size_t rows_max) {
    if (filter_load_ == nullptr) return;
    const auto more = filter_load_->Step(rows_max);
    ASSERT_TRUE(more.ok()) << more.status();
    if (*more) return;
    delta_->SetStoredParticipants(filter_load_->Take());
    filter_load_.reset();
  }

  Delta& delta() { return *delta_; }
  const Offsets& position() const { return position_; }
  const CheckpointRow& row() const { return row_; }
  const HashKey& key() const { return key_; }
  bool idle() const { return frozen_ == nullptr && !committed_unseen_; }
  std::unique_ptr<store::Snapshot> Snapshot() const { return store_->NewSnapshot(); }

 private:
  const DeltaOptions options_;
  const HashKey key_ = HashKey::Derived("cluster", "sample.");
  std::shared_ptr<store::MemoryDisk> disk_ = std::make_shared<store::MemoryDisk>();
  std::unique_ptr<store::MemoryStore> store_;
  std::unique_ptr<Delta> delta_;
  std::unique_ptr<FilterLoad> filter_load_;
  std::shared_ptr<const FrozenDelta> frozen_;
  bool committed_unseen_ = false;
  CheckpointRow row_;
  Offsets position_{};
};

using Cells = std::map<std::pair<domain::Hour, domain::ChannelIndex>, domain::HourCounts>;

Cells CellsOf(const PinnedEvent& event, domain::Hour begin, domain::Hour end = 1'000'000) {
  Cells cells;
  const auto status = ForEachHourCell(
      event, begin, end,
      [&](domain::Hour hour, domain::ChannelIndex channel, const domain::HourCounts& counts) {
        cells[{hour, channel}] = counts;
      });
  EXPECT_TRUE(status.ok()) << status;
  return cells;
}

// From whatever hour on it is read, and whatever is known of where it ends.
void CheckTimeline(const PinnedEvent& event) {
  const domain::Hour known = std::exchange(event.node->hours_end, kHoursEndUnknown);
  const Cells all = CellsOf(event, 0);
  event.node->hours_end = known;
  for (const auto& [cell, counts] : all) {
    EXPECT_EQ(CellsOf(event, cell.first, cell.first + 1).count(cell), 1u);
    for (const domain::Hour begin : {cell.first + 1, cell.first}) {
      const Cells expected(all.lower_bound({begin, 0}), all.end());
      EXPECT_EQ(CellsOf(event, begin), expected) << begin << ", known to end at " << known;
    }
  }
}

// What a reader sees of an event, in the naive model's terms; participants cannot be read back.
LogicalEvent Read(const PinnedEvent& event) {
  CheckTimeline(event);
  LogicalEvent seen;
  const auto& aggregate = event.node->aggregate;
  seen.description = aggregate.description;
  seen.marks = aggregate.marks;
  for (const auto& channel : aggregate.channels) seen.channels[channel.name] = channel;
  const auto status = ForEachHourCell(
      event, 0, 1'000'000,
      [&](domain::Hour hour, domain::ChannelIndex channel, const domain::HourCounts& counts) {
        seen.timeline[{hour, aggregate.channels[channel].name}] = counts;
      });
  EXPECT_TRUE(status.ok()) << status;
  return seen;
}

std::vector<std::string> ReadableLines(const LogicalState& state) {
  LogicalState readable = state;
  for (auto& [id, event] : readable.events) {
    event.participants.clear();
    event.distributions.clear();
  }
  return domain::Lines(readable);
}

// What one has and the other has not, which says more than both in full.
std::vector<std::string> Difference(const LogicalState& seen, const LogicalState& expected) {
  const auto has = ReadableLines(seen);
  const auto should_have = ReadableLines(expected);
  std::vector<std::string> difference;
  for (const auto& line : has) {
    if (std::count(should_have.begin(), should_have.end(), line) == 0) {
      difference.push_back("+ " + line);
    }
  }
  for (const auto& line : should_have) {
    if (std::count(has.begin(), has.end(), line) == 0) difference.push_back("- " + line);
  }
  return difference;
}

LogicalState ReadAll(Delta& delta) {
  LogicalState seen;
  for (int i = 0; i < 5; ++i) {
    const std::string id = "evt-" + std::to_string(i);
    const auto view = delta.View(id);
    EXPECT_TRUE(view.ok()) << view.status();
    if (*view && !domain::AggregateRow((*view)->node->aggregate).IsZero()) {
      seen.events[id] = Read(**view);
    }
  }
  for (const char* user : {"user-1", "user-2", "user-3"}) {
    const auto ids = delta.EventsOf(user);
    EXPECT_TRUE(ids.ok()) << ids.status();
    if (!ids->empty()) seen.events_of_user[user] = {ids->begin(), ids->end()};
  }
  return seen;
}

struct PinnedRead {
  PinnedEvent event;
  std::vector<std::string> lines;  // as read when it was pinned
};

std::vector<std::string> LinesOf(const PinnedEvent& event) {
  LogicalState one;
  one.events[event.node->aggregate.event_id] = Read(event);
  return domain::Lines(one);
}

// One that was not in memory when it was asked for, and is read later.
struct LateRead {
  std::string id;
  std::shared_ptr<const store::Snapshot> then;
  std::vector<std::string> lines;  // as it was then
};

void LiveOnce(uint64_t seed) {
  SCOPED_TRACE("seed " + std::to_string(seed));
  Random random(seed);
  DeltaLife life({.resident_events_max = random.Below(2) == 0 ? 2u : 1'000u,
                  .filter_bytes_max = random.Below(2) == 0 ? 300u : 1'000'000u});
  History log;
  Offsets next{};
  std::vector<PinnedRead> pinned;
  std::vector<LateRead> late;
  std::vector<decltype(InputRecord::event)> planned;  // folded soon, most of them as prepared
  Offsets prepared_offsets{};
  const int steps = 60 + random.Below(140);
  for (int step = 0; step < steps; ++step) {
    switch (random.Below(15)) {
      case 0:
        life.Freeze();
        break;
      case 1:
        life.Commit();
        break;
      case 2:
        life.Hear();
        break;
      case 3:
        if (random.Below(6) == 0) {
          pinned.clear();
          late.clear();
          life.Restart();
          for (const auto& record : log) life.Fold(record);
        }
        break;
      case 4: {
        const std::string id = "evt-" + std::to_string(random.Below(5));
        auto event = life.delta().PinResident(id);
        if (!event) {
          auto stored = life.delta().PinStored(id, life.delta().snapshot(),
                                               /*keep=*/random.Below(2) == 0);
          ASSERT_TRUE(stored.ok());
          event = *stored;
          if (event) late.push_back({id, life.delta().snapshot(), LinesOf(*event)});
        }
        if (event) pinned.push_back({*event, LinesOf(*event)});
        break;
      }
      case 5:
        life.LoadFilter(1 + static_cast<size_t>(random.Below(40)));
        break;
      case 6: {
        // What is prepared need not be what is folded.
        std::vector<domain::ParticipantRegistered> registrations;
        for (int i = random.Below(12); i >= 0; --i) {
          const InputRecord record = RollRecord(random, prepared_offsets);
          if (const auto* event = std::get_if<domain::ParticipantRegistered>(&record.event)) {
            registrations.push_back(*event);
            planned.push_back(record.event);
          }
        }
        life.delta().Prepare(registrations);
        break;
      }
      case 7: {
        if (late.empty()) break;
        const LateRead read = late[random.Below(static_cast<int>(late.size()))];
        const auto event = life.delta().PinStored(read.id, read.then, /*keep=*/true);
        ASSERT_TRUE(event.ok() && *event);
        ASSERT_EQ(LinesOf(**event), read.lines);
        break;
      }
      default:
        log.push_back(RollRecord(random, next));
        if (log.back().topic() == domain::Topic::kParticipantRegistered && !planned.empty() &&
            random.Below(4) > 0) {
          log.back().event = planned.front();
          planned.erase(planned.begin());
        }
        life.Fold(log.back());
    }
    if (random.Below(8) == 0) {
      ASSERT_THAT(Difference(ReadAll(life.delta()), domain::NaiveState(log)), ::testing::IsEmpty())
          << "step " << step;
      for (const auto& read : pinned) ASSERT_EQ(LinesOf(read.event), read.lines) << "step " << step;
    }
  }
  pinned.clear();
  late.clear();
  for (int i = 0; i < 2; ++i) {
    life.Commit();
    life.Hear();
    life.Freeze();
  }
  life.Commit();
  life.Hear();
  ASSERT_THAT(Difference(ReadAll(life.delta()), domain::NaiveState(log)), ::testing::IsEmpty());

  domain::MapFoldState model;
  for (const auto& record : log) ASSERT_TRUE(domain::FoldAny(record, model).ok());
  const auto scan = ScanStore(*life.Snapshot());
  ASSERT_TRUE(scan.ok()) << scan.status();
  EXPECT_EQ(life.row().next_offsets, next);
  EXPECT_EQ(domain::ToHex(life.row().digest), domain::ToHex(model.DigestOfRows(life.key())));
  EXPECT_EQ(domain::ToHex(scan->digest), domain::ToHex(life.row().digest));
  EXPECT_EQ(scan->events, life.row().events);
  EXPECT_EQ(scan->participants, life.row().participants);
  EXPECT_EQ(scan->distributions, life.row().distributions);
}

TEST(DeltaTest, AnyCheckpointsCrashesAndReadsGiveTheFoldsState) {
  const char* only = std::getenv("TALLY_SEED");
  if (only != nullptr) return LiveOnce(std::strtoull(only, nullptr, 10));
  for (uint64_t seed = 1; seed <= 1'500 && !::testing::Test::HasFailure(); ++seed) LiveOnce(seed);
}

InputRecord Participant(int64_t offset, std::string_view id) {
  domain::ParticipantRegistered event;
  event.event_id = "evt-1";
  event.participant_id = Pooled(std::string(id));
  event.channel = "SNS";
  event.registered_at = kStart;
  return {.mark = {.offset = offset, .timestamp = kStart}, .event = event};
}

TEST(DeltaTest, ParticipantIsKnownLiveFrozenAndStored) {
  DeltaLife life({});
  const auto count = [&] { return (*life.delta().View("evt-1"))->node->aggregate.participants; };
  life.Fold(Participant(0, "p1"));
  life.Fold(Participant(1, "p1"));
  EXPECT_EQ(count(), 1u);
  life.Freeze();
  life.Fold(Participant(2, "p1"));
  EXPECT_EQ(count(), 1u);
  life.Commit();
  life.Fold(Participant(3, "p1"));
  EXPECT_EQ(count(), 1u);
  life.Hear();
  life.Fold(Participant(4, "p1"));
  life.Fold(Participant(5, "p2"));
  EXPECT_EQ(count(), 2u);
  life.Restart();
  life.Fold(Participant(6, "p1"));
  EXPECT_EQ(count(), 1u);
}

TEST(DeltaTest, DuplicatesChangeNothing) {
  DeltaLife life({});
  life.Fold(Participant(0, "p1"));
  life.Freeze();
  life.Commit();
  life.Hear();
  EXPECT_TRUE(life.delta().empty());
  life.Fold(Participant(1, "p1"));
  EXPECT_TRUE(life.delta().empty());
}

}  // namespace
}  // namespace tally
