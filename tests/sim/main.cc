// Simulated lives of tallyd; see README.md beside this file.
#include <fmt/format.h>
#include <spdlog/spdlog.h>
#include <sys/personality.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/str_join.h"
#include "tests/sim/life.h"
#include "tests/sim/shrink.h"

namespace tally::sim {
namespace {

struct Options {
  std::optional<uint64_t> seed;
  uint64_t first = 1;
  uint64_t lives = 0;  // 0: until the time is over
  double seconds = 0;  // 0: until the lives are over
  int rocks_percent = 25;
  std::string store = "both";
  int shrink_lives = 600;
  bool verbose = false;
  bool twice = false;
  std::vector<size_t> keep;  // steps of the seed's story; none: all
  int model_lacks_one_in = 0;
  int steps_max = 400;
};

using Store = StoryLimits::Store;

// A seed says which store its life has, unless the caller does.
LifeOptions OptionsOf(const Options& options, uint64_t seed) {
  LifeOptions life;
  life.limits.steps_max = options.steps_max;
  life.limits.model_lacks_one_in = options.model_lacks_one_in;
  const bool rocks = options.store == "both" ? static_cast<int>(seed % 100) < options.rocks_percent
                                             : options.store == "rocks";
  life.limits.store = rocks ? Store::kRocks : Store::kMemory;
  return life;
}

std::string ReplayCommand(const Options& options, uint64_t seed) {
  const LifeOptions life = OptionsOf(options, seed);
  std::string command = fmt::format("sim --seed {} --store {}", seed,
                                    life.limits.store == Store::kRocks ? "rocks" : "memory");
  if (options.steps_max != Options().steps_max) {
    command += fmt::format(" --steps {}", options.steps_max);
  }
  if (options.model_lacks_one_in > 0) {
    command += fmt::format(" --wrong-model {}", options.model_lacks_one_in);
  }
  return command;
}

// Whatever it was that failed, with a hash of all that was observed before.
void TellFailure(uint64_t seed, const LifeResult& failure) {
  fmt::print("\nFAILED: seed {}, after {} steps: {}\n{}\ntrace {:016x}\n", seed, failure.steps_done,
             failure.kind, failure.text, failure.report.trace);
}

void Tell(const Options& options, uint64_t seed, const LifeResult& failure) {
  const LifeOptions life = OptionsOf(options, seed);
  TellFailure(seed, failure);
  fmt::print("replay: {} --verbose\n", ReplayCommand(options, seed));
  std::fflush(stdout);
  if (options.shrink_lives == 0) return;
  const Shrunk shrunk = Shrink(seed, life, failure, options.shrink_lives);
  const Story story = MakeStory(seed, life.limits);
  fmt::print("\nThe same in fewer steps (found in {} lives):\n  {}\n", shrunk.lives,
             story.config.ToString());
  std::vector<size_t> kept;
  for (size_t i = 0; i < story.steps.size(); ++i) {
    if (shrunk.without[i]) continue;
    fmt::print("{:5}  {}\n", i, story.steps[i].ToString(story.config));
    kept.push_back(i);
  }
  fmt::print("  then, when everything has come to rest or before:\n");
  TellFailure(seed, shrunk.result);
  fmt::print("replay: {} --keep {} --verbose\n", ReplayCommand(options, seed),
             kept.empty() ? std::to_string(story.steps.size()) : absl::StrJoin(kept, ","));
  std::fflush(stdout);
}

int LiveOne(const Options& options) {
  LifeOptions life = OptionsOf(options, *options.seed);
  life.verbose = options.verbose;
  life.seconds_max = 600;
  if (options.verbose) {
    fmt::print("{}\n", MakeStory(*options.seed, life.limits).config.ToString());
  }
  std::vector<bool> without;
  if (!options.keep.empty()) {
    without.assign(MakeStory(*options.seed, life.limits).steps.size(), true);
    for (const size_t step : options.keep) {
      if (step < without.size()) without[step] = false;
    }
  }
  const LifeResult result = LiveOnce(*options.seed, life, without);
  if (!result.ok && !without.empty()) {
    TellFailure(*options.seed, result);
    return 1;
  }
  if (!result.ok) {
    Tell(options, *options.seed, result);
    return 1;
  }
  fmt::print("seed {} is fine: {} steps, {} records, {} reads, {} crashes\n", *options.seed,
             result.steps_done, result.report.records, result.report.reads, result.report.crashes);
  return 0;
}

// The same seed, the same life.
bool IsDeterministic(uint64_t seed, const LifeOptions& life, const LifeResult& first) {
  const LifeResult second = LiveOnce(seed, life);
  if (second.ok && second.report.trace == first.report.trace) return true;
  fmt::print("\nFAILED: seed {} gives different lives\n", seed);
  return false;
}

int LiveMany(const Options& options) {
  const auto start = std::chrono::steady_clock::now();
  const auto seconds = [&] {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  };
  uint64_t lives = 0;
  Report total{};
  for (uint64_t seed = options.first;; ++seed, ++lives) {
    if (options.lives > 0 && lives >= options.lives) break;
    if (options.seconds > 0 && seconds() >= options.seconds) break;
    const LifeOptions life = OptionsOf(options, seed);
    const LifeResult result = LiveOnce(seed, life);
    if (!result.ok) {
      fmt::print("found by seed {} after {} lives, {:.1f} s\n", seed, lives + 1, seconds());
      Tell(options, seed, result);
      return 1;
    }
    if (options.twice && !IsDeterministic(seed, life, result)) return 1;
    total.records += result.report.records;
    total.reads += result.report.reads;
    total.crashes += result.report.crashes;
    total.jobs += result.report.jobs;
  }
  fmt::print(
      "{} lives from seed {} on, {:.1f} s: {} records, {} reads, {} background jobs, {} "
      "crashes, nothing wrong\n",
      lives, options.first, seconds(), total.records, total.reads, total.jobs, total.crashes);
  return 0;
}

// Hash tables iterate by where they lie in memory: lives are the same again only if that is.
void RunWithoutAddressRandomisation(char** arguments) {
  const int before = personality(0xffffffff);
  if (before >= 0 && (before & ADDR_NO_RANDOMIZE) != 0) return;
  if (before >= 0 && personality(static_cast<unsigned long>(before | ADDR_NO_RANDOMIZE)) >= 0) {
    execv("/proc/self/exe", arguments);
  }
  fmt::print(stderr,
             "sim: addresses stay random ({}): in another process, a seed may give another life. "
             "Allow personality(2), which containers may forbid.\n",
             std::strerror(errno));
}

int Main(int argc, char** argv) {
  RunWithoutAddressRandomisation(argv);
  Options options;
  bool fresh = false;
  CLI::App app(
      "Simulated lives of tallyd: crashes, power losses and every interleaving, from one "
      "seed each");
  auto* seed = app.add_option("--seed", options.seed, "Live this one life only");
  app.add_flag("--verbose", options.verbose, "With --seed: tell each step as it is taken");
  app.add_option("--first", options.first, "The first seed of many (default 1)");
  app.add_flag("--fresh", fresh, "The first seed is from the clock");
  app.add_option("--lives", options.lives, "How many lives");
  app.add_option("--seconds", options.seconds, "Stop after so many seconds");
  app.add_option("--store", options.store, "memory, rocks or both (default)")
      ->check(CLI::IsMember({"memory", "rocks", "both"}));
  app.add_option("--rocks-percent", options.rocks_percent,
                 "With both: lives on RocksDB, of a hundred (default 25)");
  app.add_option("--steps", options.steps_max, "Longest story, in steps (default 400)");
  app.add_option("--shrink", options.shrink_lives, "Lives spent to shorten a failure");
  app.add_option("--keep", options.keep, "With --seed: of its story these steps only, as 3,14,15")
      ->delimiter(',')
      ->needs(seed);
  app.add_option("--wrong-model", options.model_lacks_one_in,
                 "Have the model miss one record in so many: lives fail, to see how that is told");
  app.add_flag("--twice", options.twice, "Live each life twice and compare");
  CLI11_PARSE(app, argc, argv);
  if (fresh) {
    options.first = static_cast<uint64_t>(std::chrono::system_clock::now().time_since_epoch() /
                                          std::chrono::microseconds(1));
  }
  if (options.lives == 0 && options.seconds == 0) options.lives = 1000;
  spdlog::set_level(options.verbose ? spdlog::level::info : spdlog::level::off);
  return options.seed ? LiveOne(options) : LiveMany(options);
}

}  // namespace
}  // namespace tally::sim

int main(int argc, char** argv) { return tally::sim::Main(argc, argv); }
