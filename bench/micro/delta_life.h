// A shard's delta over a real store, without a shard: folded, frozen and committed step by step.
// The one place of these benchmarks that knows how a delta is made.
#pragma once

#include <cstdint>
#include <memory>
#include <span>

#include "processor/checkpoint.h"
#include "processor/delta.h"
#include "processor/domain/events.h"
#include "store/store.h"

namespace tally::bench {

// Whatever fails ends the process: there is nothing to measure then.
class DeltaLife {
 public:
  DeltaLife();  // over an empty store

  // As a shard does it. The number of registrations that counted.
  int64_t Fold(std::span<const domain::ParticipantRegistered> registrations);

  // Freezes what was folded since the last time and makes rows of it.
  std::unique_ptr<CheckpointRows> Build();
  void Commit(std::unique_ptr<CheckpointRows> rows);

  // Forgets everything that is not in the store, as a restart does.
  void Restart();

 private:
  std::unique_ptr<store::Store> store_;
  CheckpointRow durable_;
  std::unique_ptr<Delta> delta_;
  Offsets next_{};
};

}  // namespace tally::bench
