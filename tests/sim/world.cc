#include "tests/sim/world.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cstdio>
#include <utility>

#include "tests/sim/failure.h"

namespace tally::sim {
namespace {

using domain::Index;
using domain::Topic;

constexpr int kTwin = 1'000;  // no ordinal
// Rounds of moving everything until nothing is left to do; each passes up to kRoundTime.
constexpr int kRoundsMax = 3'000;
constexpr absl::Duration kRoundTime = absl::Milliseconds(200);

bool MayInterrupt(StepKind kind) {
  switch (kind) {
    case StepKind::kRecord:
    case StepKind::kGap:
    case StepKind::kRun:
    case StepKind::kTime:
    case StepKind::kRead:
    case StepKind::kAcknowledge:
    case StepKind::kRedeliver:
      return true;
    default:
      return false;
  }
}

}  // namespace

World::World(const Story& story, bool verbose)
    : story_(story), verbose_(verbose), around_(story.config), reads_(around_) {
  around_.store_use.between = [this] { Between(); };
  AddInstances(story.config.instances);
  Random random(story.config.seed);
  for (auto& instance : instances_) Start(*instance, random);
}

World::~World() = default;

void World::AddInstances(int count) {
  count_ = count;
  for (int i = 0; i < count + (story_.config.twin ? 1 : 0); ++i) {
    const bool is_twin = i == count;
    std::unique_ptr<Disk>& disk = disks_[is_twin ? kTwin : i];
    if (disk == nullptr) {
      disk = story_.config.rocks ? NewRocksDisk(story_.config) : NewMemoryDisk();
    }
    instances_.push_back(std::make_unique<Instance>(around_, *disk, is_twin ? 0 : i));
  }
}

void World::Live() {
  while (next_step_ < story_.steps.size()) {
    Next();
    Check();
  }
  ComeToRest();
  CheckEnd();
  CurrentReport().reads = static_cast<uint64_t>(reads_.answered());
}

void World::Next() {
  const Step& step = story_.steps[next_step_++];
  CurrentReport().steps_done = static_cast<int32_t>(next_step_);
  if (verbose_) {
    std::printf("%5zu%s  %s\n", next_step_ - 1, turns_in_job_ > 0 ? " |" : "  ",
                step.ToString(story_.config).c_str());
    std::fflush(stdout);
  }
  Do(step);
}

// Another thread's turn, as it were. Only what runs beside a background job may come here.
void World::Between() {
  if (!in_job_ || turns_in_job_ == 0 || next_step_ >= story_.steps.size()) return;
  if (in_job_random_.Percent(50)) return;
  if (!MayInterrupt(story_.steps[next_step_].kind)) {
    turns_in_job_ = 0;
    return;
  }
  in_job_ = false;
  Next();
  in_job_ = true;
  --turns_in_job_;
}

void World::Do(const Step& step) {
  Random random(step.salt);
  switch (step.kind) {
    case StepKind::kRecord:
      return AddRecord(step.salt);
    case StepKind::kGap:
    case StepKind::kBeginTransaction:
    case StepKind::kCommitTransaction:
    case StepKind::kAbortTransaction:
    case StepKind::kDeleteHistory:
    case StepKind::kElection:
    case StepKind::kRedeliver:
    case StepKind::kSourceError:
      return DoToLog(step);
    case StepKind::kRun: {
      Instance& instance = Pick(step);
      for (uint32_t i = 0; i < step.amount; ++i) instance.RunLoop(random.Next());
      return;
    }
    case StepKind::kJob:
      return RunJob(step);
    case StepKind::kTime:
      return around_.clock.Advance(absl::Milliseconds(step.amount));
    case StepKind::kRead:
      return reads_.Begin(Pick(step), random);
    default:
      return Pick(step).running() || step.kind == StepKind::kStart || step.kind == StepKind::kResize
                 ? step.kind >= StepKind::kKill ? DoToProcess(step) : DoToDisk(step)
                 : void();
  }
}

void World::AddRecord(uint64_t salt) {
  const Input input = MakeInput(story_.config, salt);
  const int64_t offset = around_.log.Append(input, /*transactional=*/salt % 3 != 0);
  const auto lacking = static_cast<uint64_t>(story_.config.model_lacks_one_in);
  if (lacking == 0 || salt / 5 % lacking != 0) around_.expected.Add(input, offset);
  ++CurrentReport().records;
}

int32_t World::PickPartition(const Step& step) const {
  return static_cast<int32_t>(step.salt / 7 % static_cast<uint64_t>(story_.config.partitions));
}

Topic World::PickTopic(const Step& step) const {
  return domain::kTopics[step.salt / 1009 % domain::kTopicCount];
}

void World::DoToLog(const Step& step) {
  const int32_t partition = PickPartition(step);
  const Topic topic = PickTopic(step);
  Log& log = around_.log;
  const auto excuse = [&] {
    for (auto& instance : instances_) instance->Excuse(partition);
  };
  switch (step.kind) {
    case StepKind::kGap:
      return log.Skip(partition, topic, step.amount);
    case StepKind::kBeginTransaction:
      return log.BeginTransaction(partition, topic);
    case StepKind::kCommitTransaction:
      return log.EndTransaction(partition, topic, true);
    case StepKind::kAbortTransaction:
      return log.EndTransaction(partition, topic, false);
    case StepKind::kDeleteHistory:
      excuse();
      return log.DeleteBelow(partition, topic,
                             log.At(partition, topic).begin + static_cast<int64_t>(step.amount));
    case StepKind::kElection:
      return ElectUncleanly(step);
    case StepKind::kRedeliver:
      return log.Rewind(partition, static_cast<int>(step.amount));
    default:
      excuse();
      return log.FailNextPoll(partition, absl::DataLossError("a batch's checksum is wrong"));
  }
}

// What somebody has folded stays: that it could be lost, too, is CheckAnotherLog's.
void World::ElectUncleanly(const Step& step) {
  Random random(step.salt);
  const int32_t partition = PickPartition(step);
  const Topic topic = PickTopic(step);
  const Log::TopicPartition& at = around_.log.At(partition, topic);
  const int64_t folded =
      std::max(at.begin, around_.folded[partition][static_cast<size_t>(Index(topic))]);
  const int64_t unread = at.end() - folded;
  const int64_t cut = folded + random.Below(static_cast<int>(unread) + 1);
  around_.log.CutOff(partition, topic, cut);
  around_.expected.CutOff(partition, topic, cut);
  for (int i = random.Below(3 * static_cast<int>(unread) + 3); i > 0; --i) {
    AddRecord(random.Next());
  }
}

void World::RunJob(const Step& step) {
  Instance& instance = Pick(step);
  if (instance.jobs() == 0) HurryToJob(instance);
  if (instance.jobs() == 0) return;
  ++CurrentReport().jobs;
  in_job_ = true;
  turns_in_job_ = step.amount;
  in_job_random_ = Random(step.salt);
  instance.RunJob(step.salt / 11);
  in_job_ = false;
  turns_in_job_ = 0;
}

// Until a checkpoint is due, if there is anything to store.
void World::HurryToJob(Instance& instance) {
  for (int turns = 0; turns < 20 && instance.running() && instance.jobs() == 0; ++turns) {
    if (instance.RunLoop(0)) continue;
    around_.clock.Advance(around_.clock.ToNext(kRoundTime));
  }
}

void World::DoToDisk(const Step& step) {
  Random random(step.salt);
  Instance& instance = Pick(step);
  Disk& disk = instance.disk();
  const int32_t partition = PickPartition(step);
  switch (step.kind) {
    case StepKind::kAcknowledge:
      return instance.letters().Acknowledge(static_cast<int>(step.amount));
    case StepKind::kLoseLetters:
      instance.Excuse(partition);
      return instance.letters().Lose(partition, random);
    case StepKind::kLettersFull:
      return instance.letters().SetFull(true);
    case StepKind::kLettersRoom:
      return instance.letters().SetFull(false);
    case StepKind::kFailCommit:
      instance.Excuse(partition);
      disk.FailNextCommit(partition, random);
      return RunJob(step);  // or it is met by something smaller
    case StepKind::kFailReads:
      if (random.Percent(story_.config.rocks ? 70 : 30)) {
        instance.Excuse(partition);
        return disk.FailReads(partition, random);
      }
      for (auto& any : instances_) any->ExcuseAll();
      around_.store_use.reads_until_failure = random.Below(20);
      return;
    case StepKind::kDiskFull:
      instance.ExcuseStop();
      return disk.SetFull(true);
    case StepKind::kDiskRoom:
      return disk.SetFull(false);
    case StepKind::kFlipBit:
      instance.ExcuseAll();
      return disk.FlipBit(partition, random);
    case StepKind::kBehind:
      return disk.SetBehind(partition, true);
    case StepKind::kNotBehind:
      return disk.SetBehind(partition, false);
    case StepKind::kCutPower:
      instance.ExcuseAll();
      return disk.CutPowerAfter(static_cast<int>(step.amount));
    default:
      disk.RunCompaction();
  }
}

void World::DoToProcess(const Step& step) {
  Random random(step.salt);
  Instance& instance = Pick(step);
  switch (step.kind) {
    case StepKind::kKill:
      return Kill(instance, random);
    case StepKind::kPowerLoss:
      return LosePower(instance, random);
    case StepKind::kStop:
      if (!instance.stopping()) instance.Stop();
      return;
    case StepKind::kStart:
      if (instance.running() && instance.has_failed()) Kill(instance, random);
      if (!instance.running()) Start(instance, random);
      return;
    default:
      return Resize(1 + static_cast<int>(step.amount) % story_.config.partitions, random);
  }
}

void World::Start(Instance& instance, Random& random) {
  const absl::Status status = instance.Start(count_, random.Next());
  Observe(static_cast<uint64_t>(status.code()));
  if (verbose_ && !status.ok()) std::printf("         %s\n", status.ToString().c_str());
  if (!status.ok() && !instance.disk().has_fault()) {
    Fail("start", fmt::format("instance {} cannot start without a fault: {}", instance.ordinal(),
                              status.ToString()));
  }
}

void World::Kill(Instance& instance, Random& random) {
  if (instance.running()) ++CurrentReport().crashes;
  instance.Kill(random);
  reads_.Forget(instance);
  if (instance.disk().power_is_cut()) instance.disk().LosePower(random);
}

void World::LosePower(Instance& instance, Random& random) {
  Kill(instance, random);
  instance.disk().LosePower(random);
}

void World::Resize(int instances, Random& random) {
  for (auto& instance : instances_) Kill(*instance, random);
  instances_.clear();
  AddInstances(instances);
  for (auto& instance : instances_) Start(*instance, random);
}

void World::Check() {
  for (auto& instance : instances_) {
    if (instance->running() && instance->disk().power_is_cut()) {
      Random random(next_step_);
      LosePower(*instance, random);
    }
    if (!instance->running()) continue;
    instance->CheckShards();
    bool excused = false;
    for (const Shard* shard : instance->shards()) {
      excused = excused || instance->IsExcused(shard->partition());
    }
    const auto ended = instance->Ended();
    if (!ended) continue;
    reads_.Forget(*instance);
    if (!ended->ok() && !excused && !instance->stop_excused()) {
      Fail("stop", "stopping failed: " + ended->ToString());
    }
  }
}

bool World::IsStuck(const Instance& instance, int32_t partition) const {
  const Offsets stored = instance.StoredOffsets(partition).value_or(Offsets{});
  for (const Topic topic : domain::kTopics) {
    const int64_t begin = around_.log.At(partition, topic).begin;
    if (stored[static_cast<size_t>(Index(topic))] < begin) return true;
  }
  return false;
}

// One after the other, until nothing is left that could run without time passing.
void World::MoveEverything() {
  bool moved = true;
  for (int i = 0; i < 100'000 && moved; ++i) {
    moved = false;
    for (auto& instance : instances_) {
      if (!instance->running()) continue;
      while (instance->RunLoop(0)) moved = true;
      if (instance->jobs() > 0) {
        instance->RunJob(0);
        moved = true;
      }
      if (instance->running() && instance->letters().in_flight() > 0) {
        instance->letters().Acknowledge(1'000'000);
        moved = true;
      }
      moved = instance->disk().RunCompaction() || moved;
    }
    Check();
  }
  if (moved) Fail("stuck", "there is no end of things to do");
}

// The faults are over; what has stopped because of them is started again.
void World::HealAll() {
  Random random(story_.config.seed + 1);
  around_.log.EndAllTransactions();
  around_.log.ClearFaults();
  around_.store_use.reads_until_failure = -1;
  for (auto& instance : instances_) {
    if (instance->disk().power_is_cut()) LosePower(*instance, random);
    for (int32_t partition = 0; partition < story_.config.partitions; ++partition) {
      if (instance->disk().is_damaged(partition)) Kill(*instance, random);
    }
    instance->disk().Heal();
    if (instance->running()) instance->letters().SetFull(false);
    // Half of those that could go on are left to.
    if (instance->running() && random.Percent(50)) Kill(*instance, random);
  }
}

bool World::IsAtRest() const {
  for (const auto& instance : instances_) {
    if (!instance->running()) return false;
    for (const Shard* shard : instance->shards()) {
      const int32_t partition = shard->partition();
      if (shard->failed() && IsStuck(*instance, partition)) continue;
      if (instance->StoredOffsets(partition) != around_.log.StableEnd(partition)) return false;
    }
  }
  return reads_.under_way() == 0;
}

void World::ComeToRest() {
  HealAll();
  Random random(story_.config.seed + 2);
  for (int round = 0; round < kRoundsMax; ++round) {
    MoveEverything();
    if (IsAtRest()) return;
    for (auto& instance : instances_) {
      bool restart = !instance->running();
      for (const Shard* shard : instance->shards()) {
        restart = restart || (shard->failed() && !IsStuck(*instance, shard->partition()));
      }
      if (!restart) continue;
      Kill(*instance, random);
      Start(*instance, random);
    }
    around_.clock.Advance(std::max(around_.clock.ToNext(kRoundTime), absl::Milliseconds(1)));
  }
  std::string where;
  for (const auto& instance : instances_) {
    for (const Shard* shard : instance->shards()) {
      where += fmt::format(
          "\n  instance {} shard {}: position {}, stored {}, end of the log {}{}",
          instance->ordinal(), shard->partition(), fmt::join(shard->position(), ","),
          fmt::join(instance->StoredOffsets(shard->partition()).value_or(Offsets{}), ","),
          fmt::join(around_.log.StableEnd(shard->partition()), ","),
          shard->failed() ? ", stopped: " + shard->failure().ToString() : "");
    }
  }
  Fail("stuck", fmt::format("without faults, not everything was read and stored; {} reads are "
                            "under way{}",
                            reads_.under_way(), where));
}

void World::CheckEnd() {
  reads_.BeginAll(instances_);
  for (int round = 0; round < kRoundsMax && reads_.under_way() > 0; ++round) {
    MoveEverything();
    around_.clock.Advance(absl::Milliseconds(10));
  }
  if (reads_.under_way() > 0) Fail("stuck", "a read has no end");
  for (auto& instance : instances_) {
    for (const Shard* shard : instance->shards()) {
      if (shard->failed()) continue;
      const int32_t partition = shard->partition();
      const std::string wrong = around_.expected.LettersTooMany(partition, around_.letter_topics);
      if (!wrong.empty()) Fail("letter", wrong);
    }
    instance->Stop();
  }
  Random random(story_.config.seed + 3);
  for (int round = 0; round < kRoundsMax; ++round) {
    MoveEverything();
    around_.clock.Advance(absl::Milliseconds(100));
    if (std::none_of(instances_.begin(), instances_.end(),
                     [](const auto& instance) { return instance->running(); })) {
      break;
    }
  }
  for (auto& instance : instances_) {
    if (instance->running()) Fail("stuck", "an instance does not stop");
    Start(*instance, random);  // which looks at the stores
    for (const Shard* shard : instance->shards()) {
      if (!shard->failed() && shard->position() != around_.log.StableEnd(shard->partition())) {
        Fail("stop", "an instance has stopped in order, but not stored everything");
      }
    }
  }
  CheckAnotherLog();
}

// A topic is deleted and made again, before a start or under a shard that reads: nothing of it is
// mixed with what was read.
void World::CheckAnotherLog() {
  Random random(story_.config.seed + 4);
  Instance& instance = *instances_[random.Next() % instances_.size()];
  const int32_t partition =
      static_cast<int32_t>(random.Next() % static_cast<uint64_t>(story_.config.partitions));
  const Topic topic = domain::kTopics[random.Next() % domain::kTopicCount];
  const auto stored = instance.Stored(partition);
  if (!stored || instance.shard(partition)->failed()) return;
  const LastRecord last = stored->remembered.last[static_cast<size_t>(Index(topic))];
  if (!last.known()) return;
  const bool longer = random.Percent(60);
  const bool running = random.Percent(50);
  if (!running) instance.Kill(random);
  around_.log.Remake(
      partition, topic,
      longer ? stored->next_offsets[static_cast<size_t>(Index(topic))] + random.Below(20)
             : random.Below(static_cast<int>(last.offset) + 1));
  if (!running) Start(instance, random);
  for (auto& each : instances_) each->Excuse(partition);
  const Shard& shard = *instance.shard(partition);
  for (int round = 0; round < kRoundsMax && !shard.failed(); ++round) {
    MoveEverything();
    around_.clock.Advance(absl::Milliseconds(200));
  }
  const auto fail = [&](const std::string& what) {
    Fail("another log", fmt::format("topic {} of partition {} was made again, {}: {}", Index(topic),
                                    partition, longer ? "longer" : "shorter", what));
  };
  if (!shard.failed()) fail("nobody has noticed");
  if (longer && !shard.GetHealth().quarantined) {
    fail("the shard is not quarantined: " + shard.failure().ToString());
  }
  if (instance.Stored(partition) != stored) fail("the store has changed");
  if (shard.position() != stored->next_offsets) fail("the shard has read of it");
}

}  // namespace tally::sim
