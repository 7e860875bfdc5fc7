// Makes a shard's store anew from the log, to exactly given offsets, with the code that tallyd
// runs: source, decode, fold, delta, checkpoint, shard, worker. No dead letters are written.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "processor/domain/participant_hash.h"
#include "processor/log_admin.h"
#include "processor/log_source.h"
#include "store/lineage.h"

namespace tally {

struct ReplayOptions {
  // Of the store to make: which partition, which settings, from which log base.
  store::Lineage lineage;
  Offsets until{};  // at least lineage.log_base
  domain::HashKey hash_key;
  std::string path;  // of the new store; its parent exists
  size_t memory_bytes = size_t{256} << 20;
  // Without progress for so long, the replay is given up.
  absl::Duration stall_max = absl::Seconds(60);
  // Reads the lineage's topics; `queue_bytes_max` is for one topic's partition.
  std::function<absl::StatusOr<std::unique_ptr<LogSource>>(size_t queue_bytes_max)> make_source;
  // Of each topic, the offset below which bad records are known to have their dead letters. One at
  // or beyond it ends the replay (LetterMissing): its letter is tallyd's to write.
  Offsets letters_written_below = kAllLettersWritten;
  static constexpr Offsets kAllLettersWritten = {INT64_MAX, INT64_MAX, INT64_MAX};
  // Told the offsets passed, now and then; false cancels.
  std::function<bool(int64_t offsets)> progress;
};

// Whether a store of this lineage can be replayed to `until` by a log of `ranges` (by topic index).
// kOutOfRange, naming topic and offsets: the log starts after the lineage's base or ends before
// `until`.
absl::Status CheckReplayable(const store::Lineage& lineage, const Offsets& until,
                             const std::vector<LogRange>& ranges);

// The bad record that ended a replay.
struct LetterMissing {
  domain::Topic topic = domain::Topic::kEventCreated;
  int64_t offset = 0;
};

// Blocks until the store is made, durable and closed again. Errors: kCancelled; kDeadlineExceeded
// (stalled); kInvalidArgument (unknown partitioner); kAborted (the shard failed, as by a letter
// that is missing: `*missing`, if not null, then says which); those of the store and of the source.
// What was made until then is left.
absl::Status ReplayShard(const ReplayOptions& options,
                         std::optional<LetterMissing>* missing = nullptr);

}  // namespace tally
