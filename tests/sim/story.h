// A life's story: what happens, step by step, made from a seed before anything happens.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "tests/sim/config.h"

namespace tally::sim {

enum class StepKind : uint8_t {
  // The log.
  kRecord,            // comes
  kGap,               // offsets without records
  kBeginTransaction,  // its records are held back until it ends
  kCommitTransaction,
  kAbortTransaction,
  kDeleteHistory,
  kElection,  // of a leader that lacks what nobody has folded, and gets other records
  // The scheduler: what runs next.
  kRun,      // some functions of one event loop
  kJob,      // a background job, with the following steps in the middle of it
  kTime,     // time passes
  kCompact,  // background work of the real store
  // Clients.
  kRead,
  // Dead letters.
  kAcknowledge,
  kLoseLetters,
  kLettersFull,
  kLettersRoom,
  // Faults.
  kRedeliver,
  kSourceError,
  kFailCommit,
  kFailReads,
  kDiskFull,
  kDiskRoom,
  kBehind,
  kNotBehind,
  kCutPower,  // after some more operations on files
  kFlipBit,   // of a file
  // Ends and beginnings of processes.
  kKill,
  kPowerLoss,
  kStop,
  kStart,
  kResize,
  kCount,  // of kinds
};

// All that a step needs to know is in it, so that any others can be left out.
struct Step {
  StepKind kind = StepKind::kRun;
  uint32_t amount = 0;
  uint64_t salt = 0;

  std::string ToString(const Config& config) const;
};

struct Story {
  Config config;
  std::vector<Step> steps;
};

// What a life is to be like; the rest is the seed's choice.
struct StoryLimits {
  enum class Store : uint8_t { kMemory, kRocks } store = Store::kMemory;
  int steps_max = 400;
  int model_lacks_one_in = 0;  // Config's
};
Story MakeStory(uint64_t seed, const StoryLimits& limits);

}  // namespace tally::sim
