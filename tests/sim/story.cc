#include "tests/sim/story.h"

#include <fmt/format.h>

#include <array>
#include <numeric>

#include "tests/sim/input.h"
#include "tests/sim/random.h"

namespace tally::sim {
namespace {

constexpr auto kKinds = static_cast<size_t>(StepKind::kCount);

// Of how often a kind comes, at most; each life leaves some out and weighs the others anew, so that
// lives differ from each other more than from chance alone.
constexpr std::array<int, kKinds> Weights() {
  std::array<int, kKinds> weights{};
  const auto set = [&](StepKind kind, int weight) { weights[static_cast<size_t>(kind)] = weight; };
  set(StepKind::kRecord, 300);
  set(StepKind::kGap, 8);
  set(StepKind::kBeginTransaction, 6);
  set(StepKind::kCommitTransaction, 10);
  set(StepKind::kAbortTransaction, 6);
  set(StepKind::kDeleteHistory, 1);
  set(StepKind::kElection, 5);
  set(StepKind::kRun, 300);
  set(StepKind::kJob, 60);
  set(StepKind::kTime, 60);
  set(StepKind::kCompact, 10);
  set(StepKind::kRead, 60);
  set(StepKind::kAcknowledge, 30);
  set(StepKind::kLoseLetters, 2);
  set(StepKind::kLettersFull, 4);
  set(StepKind::kLettersRoom, 8);
  set(StepKind::kRedeliver, 8);
  set(StepKind::kSourceError, 1);
  set(StepKind::kFailCommit, 5);
  set(StepKind::kFailReads, 5);
  set(StepKind::kDiskFull, 2);
  set(StepKind::kDiskRoom, 4);
  set(StepKind::kBehind, 3);
  set(StepKind::kNotBehind, 6);
  set(StepKind::kCutPower, 4);
  set(StepKind::kFlipBit, 1);
  set(StepKind::kKill, 8);
  set(StepKind::kPowerLoss, 4);
  set(StepKind::kStop, 4);
  set(StepKind::kStart, 30);
  set(StepKind::kResize, 2);
  return weights;
}

// Without these nothing would happen, or nothing would go on.
bool IsNeeded(StepKind kind) {
  switch (kind) {
    case StepKind::kRecord:
    case StepKind::kRun:
    case StepKind::kJob:
    case StepKind::kTime:
    case StepKind::kAcknowledge:
    case StepKind::kStart:
      return true;
    default:
      return false;
  }
}

// As big as the kind has use for.
uint32_t RollAmount(StepKind kind, Random& random) {
  const auto below = [&](int bound) { return static_cast<uint32_t>(random.Below(bound)); };
  switch (kind) {
    case StepKind::kRecord:
      return 1 + below(random.Percent(10) ? 30 : 4);
    case StepKind::kRun:
      return 1 + below(random.Percent(20) ? 20 : 3);
    case StepKind::kJob:
      return below(2) * below(8);
    case StepKind::kTime:
      return 1 + below(random.Percent(20) ? 1500 : 60);
    case StepKind::kCutPower:
      return below(random.Percent(50) ? 20 : 200);
    default:
      return 1 + below(6);
  }
}

Config MakeConfig(uint64_t seed, Random& random, bool rocks) {
  Config config;
  config.seed = seed;
  config.rocks = rocks;
  config.partitions = random.Pick({1, 1, 2, 3});
  config.instances = random.Percent(25) ? 1 + random.Below(config.partitions) : 1;
  config.twin = random.Percent(8);
  config.workers = random.Pick({1, 1, 2});
  config.events = 1 + random.Below(8);
  config.users = 1 + random.Below(3);
  config.participants = random.Pick({3, 20, 60});
  config.channels = 1 + random.Below(6);
  config.many_channels = random.Below(100) == 0;
  config.bad_percent = random.Pick({0, 3, 3, 20, 20, 90});
  config.batch_records_max = random.Pick({1, 4, 16, 64});
  config.delta_bytes_max = random.Pick({2'000, 5'000, 20'000, 1 << 24, 1 << 24});
  config.resident_events_max = random.Pick({2, 2, 1000});
  config.filter_bytes_max = random.Pick({0, 300, 1 << 20, 1 << 20});
  config.filter_rows_at_a_time = random.Pick({1, 5, 1000});
  config.checkpoint_interval_ms = random.Pick({1, 20, 100, 1000});
  config.letters_in_flight_max = random.Pick({1, 2, 1000});
  config.position_waiters_max = random.Pick({1, 100, 100});
  config.events_per_step = random.Pick({1, 2, 32});
  config.ends_known = random.Percent(80);
  config.ingest_rows_min = random.Pick({1, 10, 30, 10'000});
  return config;
}

const char* NameOf(StepKind kind) {
  static constexpr const char* kNames[] = {"record",
                                           "gap",
                                           "begin transaction",
                                           "commit transaction",
                                           "abort transaction",
                                           "delete history",
                                           "unclean election",
                                           "run",
                                           "job",
                                           "time",
                                           "compact",
                                           "read",
                                           "acknowledge letters",
                                           "lose letters",
                                           "letters full",
                                           "letters have room",
                                           "redeliver",
                                           "source error",
                                           "fail commit",
                                           "fail reads",
                                           "disk full",
                                           "disk has room",
                                           "compaction behind",
                                           "compaction not behind",
                                           "cut power",
                                           "flip a bit",
                                           "kill",
                                           "power loss",
                                           "stop",
                                           "start",
                                           "resize"};
  static_assert(std::size(kNames) == kKinds);
  return kNames[static_cast<size_t>(kind)];
}

}  // namespace

Story MakeStory(uint64_t seed, const StoryLimits& limits) {
  Random random(seed);
  Story story;
  const bool rocks = limits.store == StoryLimits::Store::kRocks;
  story.config = MakeConfig(seed, random, rocks);
  story.config.model_lacks_one_in = limits.model_lacks_one_in;
  std::array<int, kKinds> weights = Weights();
  for (size_t kind = 0; kind < kKinds; ++kind) {
    if (!IsNeeded(static_cast<StepKind>(kind)) && random.Percent(40)) weights[kind] = 0;
    weights[kind] = weights[kind] * (20 + random.Below(100)) / 50;
  }
  const int total = std::accumulate(weights.begin(), weights.end(), 0);
  const int least = limits.steps_max / 8;
  const int count = least + random.Below(limits.steps_max - least);
  for (int i = 0; i < count; ++i) {
    int at = random.Below(total);
    size_t kind = 0;
    while (at >= weights[kind]) at -= weights[kind++];
    Step step{.kind = static_cast<StepKind>(kind), .amount = 0, .salt = random.Next()};
    step.amount = RollAmount(step.kind, random);
    // Records come in bursts, and can be left out one by one.
    for (; step.kind == StepKind::kRecord && step.amount > 1; --step.amount) {
      story.steps.push_back({.kind = step.kind, .amount = 1, .salt = random.Next()});
    }
    story.steps.push_back(step);
  }
  return story;
}

std::string Step::ToString(const Config& config) const {
  if (kind == StepKind::kRecord) return "record " + MakeInput(config, salt).ToString();
  return fmt::format("{} ({})", NameOf(kind), amount);
}

std::string Config::ToString() const {
  return fmt::format(
      "{} partitions, {} instances{}, {} workers; {} events, {} users, {} participants, {} channels"
      "{}; {} % bad records; batches of {}, delta {} bytes, {} events resident, filter {} bytes, "
      "{} rows of it at a time, a checkpoint every {} ms, {} letters in flight, {} waiters, user "
      "reads by {} events{}{}",
      partitions, instances, twin ? " and one twice" : "", workers, events, users, participants,
      channels, many_channels ? " and many more" : "", bad_percent, batch_records_max,
      delta_bytes_max, resident_events_max, filter_bytes_max, filter_rows_at_a_time,
      checkpoint_interval_ms, letters_in_flight_max, position_waiters_max, events_per_step,
      ends_known ? "" : ", ends of the log unknown",
      rocks ? fmt::format("; RocksDB, ingesting from {} rows on", ingest_rows_min) : "");
}

}  // namespace tally::sim
