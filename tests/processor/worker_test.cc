// Workers with their threads, and reads through the real reader, over a log and stores in memory.
#include "processor/worker.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <prometheus/registry.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_future.hpp>
#include <future>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "processor/shard_reader.h"
#include "store/memory_store.h"
#include "tests/fakes/memory_log.h"

namespace tally {
namespace {

namespace asio = boost::asio;
using domain::Topic;
using ::testing::HasSubstr;

constexpr int32_t kPartitions = 4;
constexpr int64_t kTime = 1'767'225'600'000;

// What main.cc and the engine do, over memory.
class Process {
 public:
  Process(MemoryLog& log, std::vector<std::shared_ptr<store::MemoryDisk>>& disks, int threads,
          absl::Duration status_interval, int32_t instances = 1,
          absl::Duration poll_interval = absl::Milliseconds(1))
      : reader_({.topic_prefix = "sample.",
                 .instances = instances,
                 .position_wait = absl::Milliseconds(50)}),
        metrics_(registry_, "sample."),
        check_(domain::Partitioner::kMurmur2, kPartitions) {
    disks.resize(kPartitions);
    for (int i = 0; i < threads; ++i) {
      workers_.push_back(std::make_shared<Worker>(
          WorkerOptions{
              .index = i, .status_interval = status_interval, .poll_interval = poll_interval},
          log.NewWorkerSource()));
    }
    for (int32_t partition = 0; partition < kPartitions; ++partition) {
      if (OwnerOf(partition, instances) != 0) continue;
      auto& disk = disks[static_cast<size_t>(partition)];
      if (disk == nullptr) disk = std::make_shared<store::MemoryDisk>();
      AddShard(*workers_[static_cast<size_t>(partition) % workers_.size()], partition,
               log.End(partition), disk);
    }
    for (auto& worker : workers_) EXPECT_TRUE(worker->Open().ok());
    for (auto& worker : workers_) worker->Start();
    reader_.Serve("cluster", kPartitions, workers_);
  }

  ~Process() { EXPECT_TRUE(Stop().ok()); }

  absl::Status Stop() {
    absl::Status all;
    reader_.SetUnavailable("shutting down");
    std::vector<std::promise<absl::Status>> ends(workers_.size());
    for (size_t i = 0; i < workers_.size(); ++i) {
      workers_[i]->Stop([&end = ends[i]](absl::Status status) { end.set_value(status); });
    }
    for (auto& end : ends) all.Update(end.get_future().get());
    for (auto& worker : workers_) worker->Join();
    background_.join();
    workers_.clear();
    return all;
  }

  absl::StatusOr<query::EventAnswer> ReadEvent(const std::string& id,
                                               std::vector<query::MinOffset> min = {},
                                               query::TimelineNeed need = {}) {
    return Wait(reader_.ReadEvent(id, std::move(need), std::move(min)));
  }
  absl::StatusOr<query::UserAnswer> ReadUser(const std::string& id,
                                             std::vector<query::MinOffset> min = {},
                                             query::TimelineNeed need = {}) {
    return Wait(reader_.ReadUser(id, std::move(need), std::move(min)));
  }

 private:
  template <typename Answer>
  Answer Wait(asio::awaitable<Answer> read) {
    asio::io_context io;
    auto future = asio::co_spawn(io, std::move(read), asio::use_future);
    io.run();
    return future.get();
  }

  void AddShard(Worker& worker, int32_t partition, const Offsets& end,
                const std::shared_ptr<store::MemoryDisk>& disk) {
    auto store = std::make_unique<store::MemoryStore>(disk, std::make_shared<HourMerger>());
    CheckpointRow row;
    std::string value;
    if (*store->NewSnapshot()->Get(kCheckpointKey, &value)) row = *DecodeCheckpoint(value);
    ShardOptions options;
    options.partition = partition;
    options.partition_count = kPartitions;
    options.topic_prefix = "sample.";
    options.end_at_start = end;
    options.checkpoint_interval = absl::Milliseconds(1);
    ShardEnvironment environment;
    environment.run_in_background = [this](std::function<void()> job) {
      asio::post(background_, std::move(job));
    };
    environment.post_to_owner = worker.PostToOwner();
    environment.wake_owner = worker.WakeOwner();
    environment.stop_process = [](absl::Status) {};
    environment.now = [] { return absl::Now(); };
    environment.dead_letters = &dead_letters_;
    environment.partitioner_check = &check_;
    environment.metrics = &metrics_;
    worker.Add(std::make_unique<Shard>(options, std::move(environment), std::move(store), row,
                                       domain::HashKey::Derived("cluster", "sample.")));
  }

  ShardReader reader_;
  prometheus::Registry registry_;
  Metrics metrics_;
  PartitionerCheck check_;
  FakeDeadLetters dead_letters_;
  asio::thread_pool background_{2};
  std::vector<std::shared_ptr<Worker>> workers_;
};

int32_t PartitionOf(const std::string& event_id) {
  return domain::PartitionOf(domain::Partitioner::kMurmur2, event_id, kPartitions);
}

class WorkerTest : public ::testing::Test {
 protected:
  void Create(const std::string& event_id, const std::string& user_id) {
    log_.Append(PartitionOf(event_id), Topic::kEventCreated, event_id,
                absl::StrCat("{\"eventId\":\"", event_id, "\",\"userId\":\"", user_id, "\"}"),
                kTime);
  }
  void Register(const std::string& event_id, int from, int to) {
    for (int i = from; i < to; ++i) {
      log_.Append(PartitionOf(event_id), Topic::kParticipantRegistered, event_id,
                  absl::StrCat("{\"eventId\":\"", event_id, "\",\"participantId\":\"p", i, "\"}"),
                  kTime);
    }
  }
  std::vector<query::MinOffset> All(const std::string& event_id) {
    const Offsets end = log_.End(PartitionOf(event_id));
    std::vector<query::MinOffset> min;
    for (int topic = 0; topic < domain::kTopicCount; ++topic) {
      min.push_back(
          {PartitionOf(event_id), static_cast<Topic>(topic), end[static_cast<size_t>(topic)]});
    }
    return min;
  }
  // Reads until the wait for the position was long enough.
  template <typename Read>
  auto Eventually(Read read) {
    auto answer = read();
    for (int i = 0; i < 200 && absl::IsDeadlineExceeded(answer.status()); ++i) answer = read();
    return answer;
  }

  MemoryLog log_;
  std::vector<std::shared_ptr<store::MemoryDisk>> disks_;
};

TEST_F(WorkerTest, ReadsReflectAtLeastThePositionAskedFor) {
  Process process(log_, disks_, 2, absl::Seconds(1));
  for (int round = 1; round <= 20; ++round) {
    if (round == 1) Create("evt-1", "user-1");
    Register("evt-1", 10 * (round - 1), 10 * round);
    const auto min = All("evt-1");
    const auto answer = Eventually([&] { return process.ReadEvent("evt-1", min); });
    ASSERT_TRUE(answer.ok()) << answer.status();
    ASSERT_TRUE(answer->event);
    EXPECT_EQ(answer->event->aggregate.participants, static_cast<uint64_t>(10 * round));
    ASSERT_EQ(answer->position.size(), 1u);
    EXPECT_EQ(answer->position[0].next_offset[1], 10 * round);
  }
}

TEST_F(WorkerTest, PositionNotReachedInTimeIsToldWithTheOneReached) {
  Create("evt-1", "user-1");
  Process process(log_, disks_, 1, absl::Seconds(1));
  ASSERT_TRUE(Eventually([&] { return process.ReadEvent("evt-1", All("evt-1")); }).ok());
  const auto answer =
      process.ReadEvent("evt-1", {{PartitionOf("evt-1"), Topic::kEventCreated, 99}});
  ASSERT_TRUE(absl::IsDeadlineExceeded(answer.status())) << answer.status();
  const auto reached = query::GetPositionReached(answer.status());
  ASSERT_TRUE(reached);
  EXPECT_EQ((*reached)[0].next_offset[0], 1);
}

TEST_F(WorkerTest, MinimumOfAnotherShardDoesNotMatterToAnEvent) {
  Create("evt-1", "user-1");
  Process process(log_, disks_, 1, absl::Seconds(1));
  const int32_t other = (PartitionOf("evt-1") + 1) % kPartitions;
  EXPECT_TRUE(process.ReadEvent("evt-1", {{other, Topic::kEventCreated, 99}}).ok());
  EXPECT_TRUE(absl::IsDeadlineExceeded(
      process.ReadUser("user-1", {{other, Topic::kEventCreated, 99}}).status()));
}

TEST_F(WorkerTest, UserReadsSeeAllShards) {
  std::vector<query::MinOffset> all;
  for (int i = 0; i < 100; ++i) {
    const std::string id = absl::StrCat("evt-", i);
    Create(id, i % 4 == 0 ? "user-2" : "user-1");
    Register(id, 0, i);
  }
  for (int i = 0; i < 100; ++i) {
    for (const auto& one : All(absl::StrCat("evt-", i))) all.push_back(one);
  }
  Process process(log_, disks_, 2, absl::Seconds(1));
  const auto answer = Eventually([&] { return process.ReadUser("user-1", all); });
  ASSERT_TRUE(answer.ok()) << answer.status();
  EXPECT_EQ(answer->events.size(), 75u);
  EXPECT_EQ(answer->position.size(), static_cast<size_t>(kPartitions));
  uint64_t participants = 0;
  for (const auto& event : answer->events) participants += event.aggregate.participants;
  EXPECT_EQ(participants, 100u * 99 / 2 - 4u * (24 * 25 / 2));
}

TEST_F(WorkerTest, WhatWasReadIsKnownToStandUntilItChanges) {
  std::string neighbour;  // in the same shard
  for (int i = 2; neighbour.empty(); ++i) {
    const std::string id = absl::StrCat("evt-", i);
    if (PartitionOf(id) == PartitionOf("evt-1")) neighbour = id;
  }
  Create("evt-1", "user-1");
  Process process(log_, disks_, 2, absl::Seconds(1));
  const auto read = [&](const std::string& id) {
    const auto answer = Eventually([&] { return process.ReadEvent(id, All(id)); });
    EXPECT_TRUE(answer.ok() && answer->freshness != nullptr) << answer.status();
    return answer->freshness;
  };
  auto event = read("evt-1");
  auto user = process.ReadUser("user-1")->freshness;
  ASSERT_NE(user, nullptr);
  for (int round = 0; round < 50; ++round) {
    Create(neighbour, "user-2");
    read(neighbour);
    const auto standing = event->Now(All("evt-1"));
    ASSERT_TRUE(standing);
    EXPECT_EQ(standing->position[0].next_offset[0], log_.End(PartitionOf("evt-1"))[0]);
    Register("evt-1", round, round + 1);
    // Beside the fold: never as far as the record and without it.
    for (int i = 0; i < 1000; ++i) ASSERT_FALSE(event->Now(All("evt-1")));
    auto next = read("evt-1");
    EXPECT_FALSE(event->Now({}));
    EXPECT_FALSE(user->Now({}));
    event = std::move(next);
    user = process.ReadUser("user-1")->freshness;
    ASSERT_TRUE(user->Now(All("evt-1")));
  }
  Create("evt-1", "user-2");
  read("evt-1");
  EXPECT_FALSE(user->Now({}));
  user = process.ReadUser("user-1")->freshness;  // of no events
  ASSERT_TRUE(user->Now({}));
  Create("evt-1", "user-1");
  event = read("evt-1");
  EXPECT_FALSE(user->Now({}));
  user = process.ReadUser("user-1")->freshness;
  ASSERT_TRUE(process.Stop().ok());
  EXPECT_FALSE(event->Now({}));
  EXPECT_FALSE(user->Now({}));
}

// Before, while and after its parts go through frozen delta and store.
TEST_F(WorkerTest, TimelinesAddUpWhereverTheirPartsAre) {
  constexpr domain::Hour kHour = domain::HourOf(kTime);
  query::TimelineNeed need;
  // Touching, overlapping, empty.
  need.sums = {{kHour - 5, kHour}, {kHour, kHour + 1}, {kHour - 2, kHour + 9}, {kHour, kHour}};
  need.hours = query::HoursNeed{.range = {-100, kHour + 100}, .channels = {}};
  Create("evt-1", "user-1");
  Create("evt-2", "user-1");
  Process process(log_, disks_, 1, absl::Seconds(1));
  for (int round = 1; round <= 30; ++round) {
    Register("evt-1", 10 * (round - 1), 10 * round);
    Register("evt-2", round - 1, round);
    auto min = All("evt-1");
    for (const auto& one : All("evt-2")) min.push_back(one);
    const auto event = Eventually([&] { return process.ReadEvent("evt-1", min, need); });
    ASSERT_TRUE(event.ok()) << event.status();
    ASSERT_EQ(event->hours.size(), 1u);
    EXPECT_EQ(event->hours[0].hour, kHour);
    EXPECT_EQ(event->hours[0].counts.participants, 10 * round);
    ASSERT_EQ(event->event->sums.size(), 4u);
    for (const size_t empty : {0, 3}) EXPECT_TRUE(event->event->sums[empty].channels.empty());
    for (const size_t full : {1, 2}) {
      ASSERT_EQ(event->event->sums[full].channels.size(), 1u);
      EXPECT_EQ(event->event->sums[full].channels[0].second.participants, 10 * round);
    }

    const auto user = Eventually([&] { return process.ReadUser("user-1", min, need); });
    ASSERT_TRUE(user.ok()) << user.status();
    ASSERT_EQ(user->hours.size(), 1u);
    EXPECT_EQ(user->hours[0].counts.participants, 11 * round);
  }
}

TEST_F(WorkerTest, AnEventThatTheViewerDoesNotSeeIsAnsweredAsIfThereWereNone) {
  constexpr domain::Hour kHour = domain::HourOf(kTime);
  Create("evt-1", "user-1");
  Register("evt-1", 0, 10);
  Process process(log_, disks_, 1, absl::Seconds(1));
  query::TimelineNeed need;
  need.sums = {{kHour, kHour + 1}};
  need.hours = query::HoursNeed{.range = {kHour, kHour + 1}, .channels = {}};
  for (const std::string user : {"user-1", "user-2", ""}) {
    need.viewer = query::Viewer::User(user);
    const auto read = Eventually([&] { return process.ReadEvent("evt-1", All("evt-1"), need); });
    ASSERT_TRUE(read.ok()) << read.status();
    EXPECT_EQ(read->event.has_value(), user == "user-1");
    EXPECT_EQ(read->hours.empty(), user != "user-1");
    EXPECT_EQ(read->position.size(), 1u);
  }
}

TEST_F(WorkerTest, OtherInstancesEventsAreNamed) {
  Process process(log_, disks_, 1, absl::Seconds(1), /*instances=*/2);
  std::string foreign = "evt-0";
  for (int i = 0; OwnerOf(PartitionOf(foreign), 2) == 0; ++i) foreign = absl::StrCat("evt-", i);
  const auto answer = process.ReadEvent(foreign);
  EXPECT_TRUE(absl::IsFailedPrecondition(answer.status()));
  EXPECT_THAT(std::string(answer.status().message()), HasSubstr("instance 1 of 2"));
  EXPECT_TRUE(absl::IsUnimplemented(process.ReadUser("user-1").status()));
}

TEST_F(WorkerTest, ReadsAreUnavailableWhenShardsAreClosed) {
  Process process(log_, disks_, 1, absl::Seconds(1));
  EXPECT_TRUE(process.Stop().ok());
  EXPECT_TRUE(absl::IsUnavailable(process.ReadEvent("evt-1").status()));
  EXPECT_TRUE(absl::IsUnavailable(process.ReadUser("user-1").status()));
}

TEST_F(WorkerTest, WhatWasReadBecomesDurableThoughNothingMoreComes) {
  Create("evt-1", "user-1");
  Process process(log_, disks_, 1, absl::Hours(1), 1, /*poll_interval=*/absl::Hours(1));
  ASSERT_TRUE(Eventually([&] { return process.ReadEvent("evt-1", All("evt-1")); }).ok());
  const auto& disk = *disks_[static_cast<size_t>(PartitionOf("evt-1"))];
  // Each read waits for a position that does not come, for its bounded time.
  for (int i = 0; i < 100 && disk.commits() == 0; ++i) {
    (void)process.ReadEvent("evt-1", {{PartitionOf("evt-1"), Topic::kEventCreated, 99}});
  }
  EXPECT_GT(disk.commits(), 0u);
}

// Status timers, polls and commits are made to fall together with the end.
TEST_F(WorkerTest, EndsWheneverItIsStoppedAndKeepsEverything) {
  Create("evt-1", "user-1");
  int registered = 0;
  for (int life = 0; life < 300; ++life) {
    Register("evt-1", registered, registered + 5);
    registered += 5;
    Process process(log_, disks_, 2, absl::Microseconds(life % 10));
    if (life % 3 == 0) {
      const auto answer = Eventually([&] { return process.ReadEvent("evt-1", All("evt-1")); });
      ASSERT_TRUE(answer.ok()) << answer.status();
      ASSERT_EQ(answer->event->aggregate.participants, static_cast<uint64_t>(registered));
    }
    ASSERT_TRUE(process.Stop().ok()) << "life " << life;
  }
}

}  // namespace
}  // namespace tally
