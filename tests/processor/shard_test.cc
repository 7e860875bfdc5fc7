#include "processor/shard.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>
#include <string>

#include "absl/strings/str_cat.h"
#include "processor/domain/partitioner.h"
#include "processor/domain/record_hash.h"
#include "tests/fakes/memory_log.h"
#include "tests/fakes/shard_life.h"

namespace tally {
namespace {

using domain::Reason;
using domain::Topic;
using ::testing::HasSubstr;

constexpr int64_t kTime = 1'767'225'600'000;

std::string Json(const std::string& event_id, const std::string& participant_id) {
  return absl::StrCat("{\"eventId\":\"", event_id, "\",\"participantId\":\"", participant_id,
                      "\",\"registeredAt\":\"2026-01-01T00:00:00Z\"}");
}

class ShardTest : public ::testing::Test {
 protected:
  void Register(const std::string& event_id, const std::string& participant_id) {
    log_.Append(0, Topic::kParticipantRegistered, event_id, Json(event_id, participant_id), kTime);
  }
  void Register(int from, int to) {
    for (int i = from; i < to; ++i) Register("evt-1", absl::StrCat("p", i));
  }
  int64_t PoisonNext() {
    return log_.Append(0, Topic::kParticipantRegistered, "evt-1", "{not json", kTime);
  }
  int64_t StoredNext() { return life_->Stored().next_offsets[1]; }

  MemoryLog log_;
  std::unique_ptr<ShardLife> life_ = std::make_unique<ShardLife>(log_);
};

TEST_F(ShardTest, CountsAndCheckpointsAfterTheInterval) {
  Register(0, 10);
  life_->Work();
  EXPECT_EQ(life_->Participants("evt-1"), 10);
  EXPECT_FALSE(life_->background_waits());
  life_->Advance(absl::Milliseconds(999));
  life_->Work();
  EXPECT_FALSE(life_->background_waits());
  life_->Advance(absl::Milliseconds(1));
  life_->Work();
  ASSERT_TRUE(life_->RunBackground());
  EXPECT_EQ(StoredNext(), 10);
  EXPECT_EQ(life_->Stored().participants, 10u);
}

TEST_F(ShardTest, TellsWhenItsCheckpointIsDue) {
  EXPECT_EQ(life_->shard().TimeToCheckpoint(), std::nullopt);
  Register(0, 10);
  life_->Work();
  EXPECT_EQ(life_->shard().TimeToCheckpoint(), absl::Seconds(1));
  life_->Advance(absl::Milliseconds(300));
  EXPECT_EQ(life_->shard().TimeToCheckpoint(), absl::Milliseconds(700));
  life_->Advance(absl::Seconds(5));
  EXPECT_EQ(life_->shard().TimeToCheckpoint(), absl::ZeroDuration());
  life_->Work();
  EXPECT_EQ(life_->shard().TimeToCheckpoint(), std::nullopt);
}

TEST_F(ShardTest, ACheckpointBeginsEarlierByWhatTheLastOneTook) {
  const struct {
    absl::Duration took, due;
  } rows[] = {{absl::Milliseconds(30), absl::Milliseconds(970)},
              {absl::Seconds(20), absl::Milliseconds(500)},
              {absl::ZeroDuration(), absl::Seconds(1)}};
  int64_t next = 0;
  for (const auto& row : rows) {
    Register(next, next + 10);
    next += 10;
    life_->Work();
    life_->Advance(absl::Seconds(1));
    life_->Work();
    life_->Advance(row.took);
    ASSERT_TRUE(life_->RunBackground());
    life_->Work();
    Register(next, next + 10);
    next += 10;
    life_->Work();
    EXPECT_EQ(life_->shard().TimeToCheckpoint(), row.due);
    life_->Settle();
  }
}

TEST_F(ShardTest, IdleShardCommitsNothing) {
  Register(0, 1);
  life_->Settle();
  life_->Advance(absl::Hours(1));
  life_->Work();
  EXPECT_FALSE(life_->background_waits());
}

TEST_F(ShardTest, CrashLosesOnlyWhatTheLogStillHas) {
  Register(0, 10);
  life_->Settle();
  Register(5, 20);
  life_->Work();
  EXPECT_EQ(life_->Participants("evt-1"), 20);
  life_->Restart();
  EXPECT_EQ(life_->Participants("evt-1"), 10);
  life_->Work();
  EXPECT_EQ(life_->Participants("evt-1"), 20);
}

TEST_F(ShardTest, CrashBetweenCommitAndHearingOfItCountsOnce) {
  Register(0, 10);
  life_->Work();
  life_->Advance(absl::Seconds(2));
  life_->Work();
  ASSERT_TRUE(life_->RunBackground(/*hear=*/false));
  life_->Restart();
  EXPECT_EQ(life_->shard().position()[1], 10);
  life_->Work();
  EXPECT_EQ(life_->Participants("evt-1"), 10);
}

TEST_F(ShardTest, PositionMovesOverGapsAndIsStored) {
  Register(0, 3);
  log_.Skip(0, Topic::kParticipantRegistered, 5);
  life_->Settle();
  EXPECT_EQ(life_->shard().position()[1], 8);
  EXPECT_EQ(StoredNext(), 8);
}

TEST_F(ShardTest, CaughtUpOnceTheEndsSeenAtStartAreReached) {
  Register(0, 150);
  life_->Restart();
  EXPECT_FALSE(life_->shard().caught_up());
  EXPECT_TRUE(life_->shard().Step(100));
  EXPECT_FALSE(life_->shard().caught_up());
  life_->Work();
  EXPECT_TRUE(life_->shard().caught_up());
  Register(150, 300);
  EXPECT_TRUE(life_->shard().caught_up());
  EXPECT_TRUE(life_->shard().GetHealth().caught_up);
}

TEST_F(ShardTest, FullDeltaWaitsForTheCommitUnderWay) {
  life_->options().delta.bytes_max = 4'096;
  life_->Restart();
  Register(0, 1'000);
  life_->Work();
  const int64_t first_stop = life_->shard().position()[1];
  EXPECT_GT(first_stop, 0);
  EXPECT_LT(first_stop, 1'000);
  EXPECT_EQ(life_->Participants("evt-1"), first_stop);
  life_->Work();
  EXPECT_EQ(life_->shard().position()[1], first_stop);
  life_->Settle();
  while (life_->shard().position()[1] < 1'000) life_->Settle();
  life_->Settle();
  EXPECT_EQ(life_->Participants("evt-1"), 1'000);
  EXPECT_EQ(life_->Stored().participants, 1'000u);
}

TEST_F(ShardTest, WaitsForCompactionThatIsFarBehindAndGoesOn) {
  Register(0, 10);
  life_->Settle();
  life_->store().SetStats({.level0_files = life_->options().level0_files_max + 1});
  life_->Advance(absl::Minutes(1));
  life_->shard().PublishStatus();
  Register(10, 20);
  life_->Settle();
  EXPECT_EQ(life_->Participants("evt-1"), 10);
  EXPECT_EQ(StoredNext(), 10);
  life_->store().SetStats({.level0_files = life_->options().level0_files_max});
  life_->shard().PublishStatus();
  life_->Settle();
  EXPECT_EQ(life_->Participants("evt-1"), 20);
  EXPECT_EQ(StoredNext(), 20);
}

TEST_F(ShardTest, BadRecordBecomesADeadLetterOnce) {
  Register(0, 1);
  const int64_t bad = PoisonNext();
  Register(1, 2);
  life_->Settle();
  ASSERT_EQ(life_->dead_letters().letters().size(), 1u);
  const auto& letter = life_->dead_letters().letters()[0];
  EXPECT_EQ(letter.offset, bad);
  EXPECT_EQ(letter.partition, 0);
  EXPECT_EQ(letter.reason, Reason::kUndecodable);
  EXPECT_EQ(life_->Participants("evt-1"), 2);
  EXPECT_EQ(StoredNext(), 3);
}

TEST_F(ShardTest, OffsetDoesNotPassAnUnacknowledgedLetter) {
  life_->dead_letters().SetAcknowledgeAtOnce(false);
  Register(0, 1);
  PoisonNext();
  Register(1, 2);
  life_->Settle();
  EXPECT_EQ(life_->Participants("evt-1"), 2);
  EXPECT_EQ(StoredNext(), 0);
  EXPECT_FALSE(life_->background_waits());
  life_->dead_letters().Acknowledge();
  life_->Settle();
  EXPECT_EQ(StoredNext(), 3);
}

TEST_F(ShardTest, LostLetterStopsTheShardBeforeTheRecord) {
  life_->dead_letters().SetAcknowledgeAtOnce(false);
  PoisonNext();
  Register(0, 1);
  life_->Settle();
  life_->dead_letters().Acknowledge(absl::UnavailableError("no such topic"));
  life_->Settle();
  EXPECT_TRUE(life_->shard().failed());
  EXPECT_THAT(life_->shard().GetHealth().failure, HasSubstr("no such topic"));
  EXPECT_EQ(StoredNext(), 0);
}

TEST_F(ShardTest, FullLetterQueueHoldsTheShardAtTheRecord) {
  life_->dead_letters().SetFull(true);
  Register(0, 1);
  PoisonNext();
  Register(1, 2);
  life_->Settle();
  EXPECT_EQ(life_->shard().position()[1], 1);
  EXPECT_EQ(life_->Participants("evt-1"), 1);
  life_->dead_letters().SetFull(false);
  life_->Settle();
  EXPECT_EQ(life_->dead_letters().letters().size(), 1u);
  EXPECT_EQ(life_->Participants("evt-1"), 2);
}

TEST_F(ShardTest, LettersInFlightAreBounded) {
  life_->options().dead_letters_in_flight_max = 2;
  life_->Restart();
  life_->dead_letters().SetAcknowledgeAtOnce(false);
  for (int i = 0; i < 5; ++i) PoisonNext();
  life_->Work();
  EXPECT_EQ(life_->dead_letters().letters().size(), 2u);
  life_->dead_letters().Acknowledge();
  life_->Work();
  EXPECT_EQ(life_->dead_letters().letters().size(), 4u);
}

TEST_F(ShardTest, LettersOfAnEarlierRunAreNotRepeated) {
  PoisonNext();
  PoisonNext();
  life_->options().dead_letters_written_below = {0, 1, 0};
  life_->Restart();
  life_->Settle();
  ASSERT_EQ(life_->dead_letters().letters().size(), 1u);
  EXPECT_EQ(life_->dead_letters().letters()[0].offset, 1);
}

// What the last Settle has not, the next tries of the commit have.
struct FullDiskCase {
  absl::Status error;
  store::MemoryStore::FaultTime time;
};

TEST_F(ShardTest, FailedCommitIsTriedAgainAndCountsOnce) {
  using Time = store::MemoryStore::FaultTime;
  int registered = 0;
  for (const auto& [error, time] :
       {FullDiskCase{absl::ResourceExhaustedError("disk full"), Time::kBeforeEffect},
        FullDiskCase{absl::ResourceExhaustedError("disk full"), Time::kAfterEffect},
        FullDiskCase{absl::UnavailableError("I/O"), Time::kBeforeEffect},
        FullDiskCase{absl::UnavailableError("I/O"), Time::kAfterEffect}}) {
    SCOPED_TRACE(error.ToString());
    Register(registered, registered + 3);
    registered += 3;
    life_->store().FailNextCommit(error, time);
    life_->Work();
    life_->Advance(absl::Seconds(2));
    life_->Work();
    ASSERT_TRUE(life_->RunBackground());
    EXPECT_FALSE(life_->shard().failed());
    EXPECT_THAT(life_->shard().GetHealth().waiting, HasSubstr(std::string(error.message())));
    EXPECT_EQ(life_->Participants("evt-1"), registered);
    life_->Settle();
    EXPECT_EQ(life_->shard().GetHealth().waiting, "");
    EXPECT_EQ(life_->Participants("evt-1"), registered);
    EXPECT_EQ(life_->Stored().participants, static_cast<uint64_t>(registered));
    EXPECT_EQ(life_->Scan()->digest, life_->Stored().digest);
  }
}

TEST_F(ShardTest, WhileTheDiskIsFullNothingMoreIsReadAndTriesAreFewer) {
  using Time = store::MemoryStore::FaultTime;
  Register(0, 3);
  life_->Work();
  life_->Advance(absl::Seconds(2));
  life_->Work();
  life_->store().FailNextCommit(absl::ResourceExhaustedError("disk full"), Time::kBeforeEffect);
  int tries = 0;
  Register(3, 9);
  for (int second = 0; second < 120; ++second) {
    while (life_->RunBackground()) ++tries;
    life_->store().FailNextCommit(absl::ResourceExhaustedError("disk full"), Time::kBeforeEffect);
    life_->Work();
    EXPECT_EQ(life_->shard().position()[1], 3);
    EXPECT_EQ(life_->Participants("evt-1"), 3);
    life_->Advance(absl::Seconds(1));
  }
  EXPECT_GE(tries, 6);
  EXPECT_LE(tries, 9);
  life_->store().FailNextCommit(absl::OkStatus(), Time::kBeforeEffect);
  life_->Settle();
  EXPECT_EQ(life_->Participants("evt-1"), 9);
  EXPECT_EQ(life_->Stored().participants, 9u);
}

TEST_F(ShardTest, ARestartWhileTheDiskIsFullLosesNothing) {
  Register(0, 3);
  life_->store().FailNextCommit(absl::ResourceExhaustedError("disk full"),
                                store::MemoryStore::FaultTime::kBeforeEffect);
  life_->Work();
  life_->Advance(absl::Seconds(2));
  life_->Work();
  life_->RunBackground();
  std::optional<absl::Status> finished;
  life_->shard().Finish([&](absl::Status status) { finished = std::move(status); });
  ASSERT_TRUE(finished);
  EXPECT_TRUE(absl::IsResourceExhausted(*finished)) << *finished;
  life_->Restart();
  life_->Settle();
  EXPECT_EQ(life_->Stored().participants, 3u);
}

TEST_F(ShardTest, ACommitThatMeetsCorruptionQuarantinesTheShard) {
  Register(0, 3);
  life_->store().FailNextCommit(absl::DataLossError("bad checksum"),
                                store::MemoryStore::FaultTime::kBeforeEffect);
  life_->Settle();
  EXPECT_TRUE(life_->shard().failed());
  EXPECT_TRUE(life_->shard().GetHealth().quarantined);
  EXPECT_THAT(life_->shard().GetHealth().failure, HasSubstr("tally rebuild"));
  EXPECT_THAT(life_->quarantines(), testing::ElementsAre(HasSubstr("bad checksum")));
}

TEST_F(ShardTest, SourceErrorStopsTheShard) {
  Register(0, 3);
  life_->Settle();
  log_.FailNextPoll(absl::OutOfRangeError("offset 3 is gone"));
  life_->Work();
  EXPECT_TRUE(life_->shard().failed());
  EXPECT_THAT(life_->shard().GetHealth().failure, HasSubstr("offset 3 is gone"));
  EXPECT_EQ(StoredNext(), 3);
}

TEST_F(ShardTest, DamagedRowStopsTheShard) {
  Register(0, 3);
  life_->Settle();
  life_->Restart();
  life_->store().FailReads(absl::DataLossError("bad checksum"));
  Register(3, 4);
  life_->Settle();
  EXPECT_TRUE(life_->shard().GetHealth().quarantined);
  EXPECT_EQ(life_->quarantines().size(), 1u);
}

TEST_F(ShardTest, FinishMakesEverythingDurable) {
  Register(0, 7);
  life_->Work();
  std::optional<absl::Status> finished;
  life_->shard().Finish([&](absl::Status status) { finished = std::move(status); });
  EXPECT_FALSE(finished);
  while (life_->RunBackground()) {
  }
  ASSERT_TRUE(finished);
  EXPECT_TRUE(finished->ok()) << *finished;
  EXPECT_EQ(StoredNext(), 7);
}

TEST_F(ShardTest, FinishWaitsForLettersAndForTheCommitUnderWay) {
  life_->dead_letters().SetAcknowledgeAtOnce(false);
  Register(0, 1);
  PoisonNext();
  life_->Work();
  std::optional<absl::Status> finished;
  life_->shard().Finish([&](absl::Status status) { finished = std::move(status); });
  life_->Work();
  EXPECT_FALSE(finished);
  life_->dead_letters().Acknowledge();
  life_->Work();
  while (life_->RunBackground()) {
  }
  ASSERT_TRUE(finished);
  EXPECT_TRUE(finished->ok());
  EXPECT_EQ(StoredNext(), 2);
}

TEST_F(ShardTest, FinishOfAFailedShardTellsWhyOnceItsCommitHasEnded) {
  Register(0, 1);
  life_->Work();
  life_->Advance(absl::Seconds(2));
  life_->Work();
  ASSERT_TRUE(life_->background_waits());
  log_.FailNextPoll(absl::NotFoundError("topic is gone"));
  life_->Work();
  ASSERT_TRUE(life_->shard().failed());
  std::optional<absl::Status> finished;
  life_->shard().Finish([&](absl::Status status) { finished = std::move(status); });
  EXPECT_FALSE(finished);
  life_->RunBackground();
  ASSERT_TRUE(finished);
  EXPECT_TRUE(absl::IsNotFound(*finished));
}

TEST_F(ShardTest, WaitersHearOfTheirPositionAndOfFailure) {
  int heard = 0;
  const auto waiter = life_->shard().AddWaiter({-1, 2, -1}, [&] { ++heard; });
  ASSERT_TRUE(waiter);
  Register(0, 1);
  life_->Work();
  EXPECT_EQ(heard, 0);
  Register(1, 2);
  life_->Work();
  EXPECT_EQ(heard, 1);
  life_->shard().RemoveWaiter(*waiter);
  const auto other = life_->shard().AddWaiter({-1, 99, -1}, [&] { heard += 10; });
  ASSERT_TRUE(other);
  life_->shard().Fail(absl::DataLossError("x"));
  EXPECT_EQ(heard, 11);
  life_->shard().RemoveWaiter(*other);
}

TEST_F(ShardTest, WaitersAreBounded) {
  life_->options().position_waiters_max = 1;
  life_->Restart();
  const auto one = life_->shard().AddWaiter({-1, 9, -1}, [] {});
  EXPECT_TRUE(one);
  EXPECT_FALSE(life_->shard().AddWaiter({-1, 9, -1}, [] {}));
  life_->shard().RemoveWaiter(*one);
}

std::string KeyOf(domain::Partitioner partitioner, int32_t partition, int32_t count, int skip = 0) {
  for (int i = 0;; ++i) {
    std::string key = absl::StrCat("evt-", i);
    if (domain::PartitionOf(partitioner, key, count) != partition) continue;
    if (skip-- == 0) return key;
  }
}

TEST_F(ShardTest, RecordInAWrongPartitionIsADeadLetter) {
  life_->options().partition_count = 4;
  life_->Restart();
  for (int i = 0; i < 3; ++i) {
    Register(KeyOf(domain::Partitioner::kMurmur2, 0, 4, i), "p");
  }
  Register(KeyOf(domain::Partitioner::kMurmur2, 1, 4), "p");
  life_->Settle();
  ASSERT_EQ(life_->dead_letters().letters().size(), 1u);
  EXPECT_EQ(life_->dead_letters().letters()[0].reason, Reason::kWrongPartition);
  EXPECT_FALSE(life_->stopped_process());
}

TEST_F(ShardTest, LogOfAnotherPartitionerStopsTheProcessBeforeAnyLetter) {
  life_->options().partition_count = 16;
  life_->Restart();
  for (int i = 0; i < 30; ++i) Register(KeyOf(domain::Partitioner::kCrc32, 0, 16, i), "p");
  life_->Work();
  EXPECT_TRUE(life_->dead_letters().letters().empty());
  ASSERT_TRUE(life_->stopped_process());
  EXPECT_THAT(std::string(life_->stopped_process()->message()),
              HasSubstr("--partitioner consistent_random"));
  EXPECT_EQ(StoredNext(), 0);
}

// Whatever crashes, failing commits and late acknowledgements come, the end is the same.
TEST_F(ShardTest, RandomLivesEndWithTheSameState) {
  for (uint64_t seed = 1; seed <= 150; ++seed) {
    SCOPED_TRACE(absl::StrCat("seed ", seed));
    std::mt19937_64 random(seed);
    MemoryLog log;
    ShardLife disturbed(log);
    disturbed.options().delta.bytes_max = 8'192;
    disturbed.Restart();
    for (int step = 0; step < 120; ++step) {
      switch (random() % 8) {
        case 0:
        case 1:
        case 2:
          for (uint64_t n = random() % 30; n > 0; --n) {
            const std::string event = absl::StrCat("evt-", random() % 3);
            log.Append(0, Topic::kParticipantRegistered, event,
                       Json(event, absl::StrCat("p", random() % 200)), kTime);
          }
          break;
        case 3:
          disturbed.shard().Step(1 + random() % 20);
          break;
        case 4:
          disturbed.Advance(absl::Milliseconds(static_cast<int64_t>(random() % 3'000)));
          break;
        case 5:
          disturbed.RunBackground(random() % 2 == 0);
          break;
        case 6:
          disturbed.RunPosted();
          break;
        default:
          if (random() % 4 == 0) {
            disturbed.store().FailNextCommit(absl::UnavailableError("I/O"),
                                             random() % 2 == 0
                                                 ? store::MemoryStore::FaultTime::kBeforeEffect
                                                 : store::MemoryStore::FaultTime::kAfterEffect);
          } else if (random() % 3 == 0 || disturbed.shard().failed()) {
            disturbed.Restart();
          }
      }
    }
    disturbed.Restart();
    while (disturbed.Stored().next_offsets != log.End(0)) disturbed.Settle();
    ShardLife undisturbed(log);
    while (undisturbed.Stored().next_offsets != log.End(0)) undisturbed.Settle();
    ASSERT_EQ(domain::ToHex(disturbed.Stored().digest), domain::ToHex(undisturbed.Stored().digest));
    const auto scan = disturbed.Scan();
    ASSERT_TRUE(scan.ok()) << scan.status();
    ASSERT_EQ(domain::ToHex(scan->digest), domain::ToHex(disturbed.Stored().digest));
    ASSERT_EQ(disturbed.Stored().participants, undisturbed.Stored().participants);
  }
}

class LogOfShardTest : public ShardTest {
 protected:
  LogOfShardTest() {
    life_->SetAskAboutLog(true);
    life_->Restart();
  }
  // Lets the shard work, and its questions be answered from the log.
  void WorkAndAnswer() {
    life_->Work();
    while (!life_->asked().empty()) {
      life_->AnswerFromLog();
      life_->Work();
    }
  }
  void Store() {
    for (int i = 0; i < 2; ++i) {
      WorkAndAnswer();
      life_->Advance(absl::Seconds(1));  // it may read anew again
    }
    WorkAndAnswer();
    life_->Settle();
  }
  void Remake(int from, int to) {
    log_.Remake(0, Topic::kParticipantRegistered);
    Register(from, to);
  }
};

TEST_F(LogOfShardTest, NothingIsFoldedBeforeTheLogHasBeenCompared) {
  Register(0, 10);
  life_->Work();
  EXPECT_EQ(life_->shard().position()[1], 0);
  ASSERT_EQ(life_->asked().size(), 1u);
  life_->Work();
  EXPECT_EQ(life_->asked().size(), 1u) << "asked once";
  life_->AnswerFromLog();
  life_->Work();
  EXPECT_EQ(life_->Participants("evt-1"), 10);
}

TEST_F(LogOfShardTest, TheLastRecordIsStoredWithTheOffset) {
  Register(0, 10);
  Store();
  EXPECT_EQ(life_->Stored().remembered.last[1].offset, 9);
  EXPECT_FALSE(life_->Stored().remembered.last[0].known());
  PoisonNext();
  log_.Skip(0, Topic::kParticipantRegistered, 2);
  life_->Settle();
  EXPECT_EQ(StoredNext(), 13);
  EXPECT_EQ(life_->Stored().remembered.last[1].offset, 10) << "one with a dead letter is read, too";
  EXPECT_EQ(life_->Stored().remembered.last[1].hash,
            domain::RecordHash("evt-1", "{not json", kTime));
}

TEST_F(LogOfShardTest, TheLastRecordOfWhatAFullDeltaFreezesIsItsOwn) {
  life_->options().delta.bytes_max = 4'096;
  life_->Restart();
  Register(0, 1'000);
  WorkAndAnswer();
  ASSERT_TRUE(life_->RunBackground());
  EXPECT_GT(StoredNext(), 0);
  EXPECT_EQ(life_->Stored().remembered.last[1].offset, StoredNext() - 1);
}

TEST_F(LogOfShardTest, ATopicMadeAgainIsNeverMixedWithTheStateOfTheOldOne) {
  Register(0, 10);
  Store();
  size_t quarantines = 0;
  for (const int count : {30, 10}) {
    Remake(100, 100 + count);
    life_->Restart();
    WorkAndAnswer();
    EXPECT_TRUE(life_->shard().failed()) << count;
    EXPECT_TRUE(life_->shard().GetHealth().quarantined);
    EXPECT_THAT(life_->shard().GetHealth().failure, HasSubstr("tally rebuild"));
    EXPECT_THAT(life_->shard().GetHealth().failure,
                HasSubstr("sample.participant.registered/0 has another record at offset 9"));
    while (life_->RunBackground()) {
    }
    EXPECT_EQ(life_->quarantines().size(), ++quarantines);
    EXPECT_EQ(life_->Stored().participants, 10u);
  }
}

TEST_F(LogOfShardTest, ShorterOneStopsTheShard) {
  Register(0, 10);
  Store();
  Remake(100, 103);
  life_->Restart();
  WorkAndAnswer();
  EXPECT_TRUE(life_->shard().failed());
  EXPECT_FALSE(life_->shard().GetHealth().quarantined);
  EXPECT_THAT(life_->shard().GetHealth().failure, HasSubstr("the log ends at 3"));
}

TEST_F(LogOfShardTest, WhatIsFetchedAfterNewsOfTheLogWaitsForTheComparison) {
  Register(0, 10);
  Store();
  Remake(100, 130);
  log_.NewGeneration();
  life_->Work();
  EXPECT_EQ(life_->shard().position()[1], 10);
  EXPECT_EQ(life_->Participants("evt-1"), 10);
  WorkAndAnswer();
  EXPECT_TRUE(life_->shard().GetHealth().quarantined);
}

TEST_F(LogOfShardTest, NewsDuringAComparisonMeansAnotherOne) {
  Register(0, 10);
  Store();
  log_.NewGeneration();
  life_->Work();
  ASSERT_EQ(life_->asked().size(), 1u);
  log_.NewGeneration();
  Register(10, 20);
  life_->AnswerFromLog();
  life_->Work();
  life_->Advance(absl::Seconds(1));
  life_->Work();
  EXPECT_EQ(life_->Participants("evt-1"), 10);
  ASSERT_EQ(life_->asked().size(), 1u);
  life_->AnswerFromLog();
  life_->Work();
  EXPECT_EQ(life_->Participants("evt-1"), 20);
}

// However often there is news, a batch is not compared without end.
TEST_F(LogOfShardTest, NewsDuringEveryComparisonDoNotHoldABatchForEver) {
  Register(0, 10);
  Store();
  for (int round = 1; round <= 5; ++round) {
    Register(10 * round, 10 * round + 10);
    log_.NewGeneration();
    for (int comparison = 0; comparison < 20; ++comparison) {
      life_->Advance(absl::Seconds(1));
      life_->Work();
      life_->Work();
      if (life_->asked().empty()) continue;
      log_.NewGeneration();
      life_->AnswerFromLog();
    }
    EXPECT_EQ(life_->Participants("evt-1"), static_cast<uint64_t>(10 * round + 10));
    WorkAndAnswer();
  }
}

// Without any news, records of the new topic may have been folded by the time somebody looks.
TEST_F(LogOfShardTest, AReplacementThatNobodyNoticedIsFoundByTheOlderRecord) {
  Register(0, 10);
  Store();
  life_->shard().CheckLog();
  life_->AnswerFromLog();
  Remake(100, 130);
  life_->Settle();
  EXPECT_EQ(life_->shard().position()[1], 30);
  EXPECT_EQ(life_->Stored().remembered.last[1].offset, 29);
  EXPECT_EQ(life_->Stored().remembered.proved[1].offset, 9);
  life_->Restart();
  WorkAndAnswer();
  EXPECT_TRUE(life_->shard().GetHealth().quarantined);
}

TEST_F(LogOfShardTest, AStoreOfAnOlderBuildRemembersWhatTheLogHas) {
  life_->SetAskAboutLog(false);
  life_->Restart();
  Register(0, 10);
  life_->Settle();
  life_->SetAskAboutLog(true);
  life_->Restart();
  WorkAndAnswer();
  EXPECT_FALSE(life_->shard().failed());
  Register(10, 11);
  Store();
  EXPECT_EQ(life_->Stored().remembered.last[1].offset, 10);
}

TEST_F(LogOfShardTest, NoAnswerHoldsTheShardAndItAsksAgain) {
  Register(0, 10);
  life_->Work();
  life_->asked().front().answer({.status = absl::UnavailableError("no broker")});
  life_->asked().pop_front();
  life_->RunPosted();
  life_->Work();
  EXPECT_FALSE(life_->shard().failed());
  EXPECT_EQ(life_->shard().position()[1], 0);
  EXPECT_EQ(life_->asked().size(), 1u);
}

// Everything up to ten was fetched, and four records are folded, when another leader comes.
class DeposedLeaderTest : public LogOfShardTest {
 protected:
  DeposedLeaderTest() {
    log_.FetchAhead();
    Register(0, 10);
    StepAndAnswer(4);
    life_->shard().Step(4);
    EXPECT_EQ(life_->shard().position()[1], 4);
  }
  void StepAndAnswer(size_t records) {
    life_->shard().Step(records);
    while (!life_->asked().empty()) life_->AnswerFromLog();
  }
  // The log of the new one has the old one's records up to `cut`, and others then.
  void ElectAnother(int64_t cut, int others) {
    log_.Truncate(0, Topic::kParticipantRegistered, cut);
    Register(100, 100 + others);
    log_.NewGeneration();
  }
  void ExpectTheStateOfTheLog() {
    ASSERT_FALSE(life_->shard().failed()) << life_->shard().failure();
    ASSERT_EQ(life_->Stored().next_offsets, log_.End(0));
    ShardLife undisturbed(log_);
    undisturbed.Settle();
    EXPECT_EQ(domain::ToHex(life_->Stored().digest), domain::ToHex(undisturbed.Stored().digest));
    EXPECT_EQ(life_->Participants("evt-1"), undisturbed.Participants("evt-1"));
  }
};

struct Election {
  int64_t cut;
  int others;
};
class ElectionTest : public DeposedLeaderTest, public ::testing::WithParamInterface<Election> {};

TEST_P(ElectionTest, WhatWasFetchedAndIsNotInTheLogIsNotFolded) {
  ElectAnother(GetParam().cut, GetParam().others);
  Store();
  ExpectTheStateOfTheLog();
}

INSTANTIATE_TEST_SUITE_P(
    All, ElectionTest,
    ::testing::ValuesIn<Election>({{4, 0}, {4, 3}, {4, 30}, {6, 1}, {9, 10}, {10, 2}}));

TEST_F(DeposedLeaderTest, NorIsABatchThatWaitsForTheComparison) {
  log_.NewGeneration();
  life_->shard().Step(4);
  ASSERT_EQ(life_->asked().size(), 1u);
  ElectAnother(5, 10);
  Store();
  ExpectTheStateOfTheLog();
}

TEST_F(DeposedLeaderTest, NorIsWhatIsLeftOfABatchThatWaitsForLetters) {
  PoisonNext();
  Register(20, 22);
  life_->dead_letters().SetFull(true);
  WorkAndAnswer();
  ASSERT_EQ(life_->shard().position()[1], 10);
  ElectAnother(10, 5);
  life_->dead_letters().SetFull(false);
  Store();
  ExpectTheStateOfTheLog();
  EXPECT_TRUE(life_->dead_letters().letters().empty()) << "the bad record is not in the log";
}

TEST_F(DeposedLeaderTest, WhatWasFoldedAndIsNotInTheLogQuarantinesTheShard) {
  ElectAnother(3, 10);
  WorkAndAnswer();
  EXPECT_TRUE(life_->shard().GetHealth().quarantined);
  EXPECT_EQ(life_->shard().position()[1], 4);
}

TEST_F(DeposedLeaderTest, ALogThatIsTooShortForWhatWasFoldedStopsTheShard) {
  ElectAnother(2, 1);
  WorkAndAnswer();
  EXPECT_TRUE(life_->shard().failed());
  EXPECT_FALSE(life_->shard().GetHealth().quarantined);
}

// The log's end is where the old one's was, or before it, for what was fetched only.
TEST_F(DeposedLeaderTest, AnOffsetThatIsGoneByThenIsReadFromWhereTheShardIs) {
  ElectAnother(4, 2);
  log_.FailNextPoll(absl::OutOfRangeError("offset 10 was to be read, but the log ends at 6"));
  Store();
  ExpectTheStateOfTheLog();
  log_.FailNextPoll(absl::OutOfRangeError("without any news"));
  life_->Work();
  EXPECT_TRUE(life_->shard().failed());
}

// A connection that is lost again and again: what was taken in between is used, and what was
// fetched is thrown away now and then.
TEST_F(DeposedLeaderTest, NewsWithoutEndDoNotKeepItFromReading) {
  Register(10, 200);
  const int before = log_.read_anew();
  std::mt19937 random(1);
  for (int step = 0; step < 4'000; ++step) {
    if (random() % 4 == 0) log_.NewGeneration();
    life_->shard().Step(4);
    if (random() % 4 == 0) log_.NewGeneration();
    while (!life_->asked().empty()) life_->AnswerFromLog();
    if (step == 20) ElectAnother(life_->shard().position()[1] + 5, 100);
    life_->Advance(absl::Milliseconds(5));
  }
  EXPECT_GT(life_->shard().position()[1], 40);
  EXPECT_LE(log_.read_anew() - before, 20'000 / 50) << "in twenty seconds";
  Store();
  ExpectTheStateOfTheLog();
}

TEST_F(DeposedLeaderTest, NewsWhileNothingComesAreNoReasonToReadAnewAllTheTime) {
  Store();
  const int before = log_.read_anew();
  for (int time = 0; time < 600; ++time) {
    log_.NewGeneration();
    WorkAndAnswer();
    life_->Advance(absl::Milliseconds(100));
  }
  EXPECT_LE(log_.read_anew() - before, 70) << "in a minute";
}

TEST_F(LogOfShardTest, NorWhereNothingHasComeYet) {
  log_.FetchAhead();
  WorkAndAnswer();
  const int before = log_.read_anew();
  for (int time = 0; time < 6'000; ++time) {
    log_.NewGeneration();
    WorkAndAnswer();
    life_->Advance(absl::Milliseconds(10));
  }
  EXPECT_LE(log_.read_anew() - before, 70) << "in a minute";
}

TEST_F(LogOfShardTest, AnAnswerForAShardThatIsGoneIsNoMatter) {
  Register(0, 10);
  life_->Work();
  auto asked = life_->asked().front();
  life_->Crash();
  asked.answer({});
  life_->RunPosted();
  life_->Restart();
}

TEST_F(ShardTest, HaltedItReadsNothingMoreButStoresAndAnswers) {
  Register(0, 10);
  life_->Work();
  life_->shard().Halt(absl::FailedPreconditionError("partitions were added"));
  Register(10, 20);
  life_->Settle();
  EXPECT_EQ(life_->Participants("evt-1"), 10);
  EXPECT_EQ(life_->Stored().participants, 10u);
  EXPECT_FALSE(life_->shard().failed());
  EXPECT_EQ(life_->shard().GetHealth().halted, "partitions were added");
  EXPECT_EQ(life_->shard().GetHealth().failure, "");
  absl::Status finished = absl::UnknownError("");
  life_->shard().Finish([&](absl::Status status) { finished = std::move(status); });
  life_->RunPosted();
  EXPECT_TRUE(finished.ok()) << finished;
}

}  // namespace
}  // namespace tally
