// A shard's store: ordered rows of bytes, one atomic commit per checkpoint, consistent snapshots.
// The store does not know what its rows mean.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace tally::store {

// How a row is changed by a commit.
enum class RowOp : uint8_t {
  kPut,
  kDelete,
  kMerge,  // combine with what stands by the store's RowMerger; an empty operand changes nothing
};

// Combines counters-like rows. Must be associative. Used from any thread, compactions included.
class RowMerger {
 public:
  virtual ~RowMerger() = default;
  // Merges `operand` into `*value` (empty if there was none). False: either is malformed; the store
  // then reports kDataLoss for reads of the key. An empty result stands for no row.
  virtual bool Merge(std::string_view key, std::string_view operand, std::string* value) const = 0;
};

// Rows of one commit, handed over in strictly ascending key order.
class CommitRows {
 public:
  virtual ~CommitRows() = default;
  struct Row {
    RowOp op;
    std::string_view key;
    std::string_view value;  // empty for kDelete
  };
  // The next row; nullopt at the end. The views live until the next call.
  virtual std::optional<Row> Next() = 0;
  // Number of rows, or an upper bound; the store picks its write path by it.
  virtual size_t SizeHint() const = 0;
};

class Iterator {
 public:
  virtual ~Iterator() = default;
  virtual bool Valid() const = 0;
  virtual void Seek(std::string_view key) = 0;
  virtual void Next() = 0;
  virtual std::string_view key() const = 0;    // valid until Next/Seek
  virtual std::string_view value() const = 0;  // valid until Next/Seek
  // Why Valid() is false: OK at the end of the range. kDataLoss: corruption.
  virtual absl::Status status() const = 0;
};

// A consistent view of all rows as of one commit. May outlive later commits, not the store. One
// thread at a time.
class Snapshot {
 public:
  virtual ~Snapshot() = default;
  // True and `*value` filled, or false when there is no such row. Errors: kDataLoss (checksum),
  // kUnavailable (I/O).
  virtual absl::StatusOr<bool> Get(std::string_view key, std::string* value) const = 0;
  // Rows with lower <= key < upper (upper empty: to the end); not positioned until Seek.
  virtual std::unique_ptr<Iterator> NewIterator(std::string_view lower,
                                                std::string_view upper) const = 0;
  // The same for one who reads much and once: what is cached stays cached.
  virtual std::unique_ptr<Iterator> NewScan(std::string_view lower, std::string_view upper) const {
    return NewIterator(lower, upper);
  }
};

struct StoreStats {
  uint64_t disk_bytes = 0;    // live table files and log
  uint64_t level0_files = 0;  // sorted runs that compaction has not merged yet
  bool compacting = false;    // a compaction or flush is under way or due
  uint64_t memory_bytes = 0;  // memtables and table readers, without the block cache
  // Not OK: the store takes no commits any more (a commit or a background write failed, with this
  // error) until Resume or until it is opened again. What was committed can still be read.
  absl::Status health;
};

class Store {
 public:
  virtual ~Store() = default;

  // Applies all rows or none; after OK they survive a process crash, and a machine crash loses at
  // most whole recent commits, never a part of one nor an earlier one of those kept. Blocking: call
  // from a background thread; one commit at a time. Errors:
  //   kInvalidArgument     keys not strictly ascending; nothing was applied, the store goes on
  //   kResourceExhausted   disk full
  //   kUnavailable         I/O
  //   kDataLoss            corruption was found
  //   kFailedPrecondition  an earlier commit failed
  // After an error other than kInvalidArgument it is unknown whether the commit happened: call
  // Resume, or open the store again, and look, before committing.
  virtual absl::Status Commit(CommitRows& rows) = 0;

  // After a failed commit or a bad StoreStats::health: makes the store take commits again, without
  // closing it. OK: it does, and a new snapshot shows whether the failed commit happened. An error:
  // not yet (kResourceExhausted, kUnavailable, kAborted), or never unless opened anew (the others).
  // Snapshots stay what they were. Blocking; not beside a commit.
  virtual absl::Status Resume() = 0;

  // The state after the last commit. Any thread.
  virtual std::unique_ptr<Snapshot> NewSnapshot() const = 0;

  // Forces everything committed to stable storage (used on clean shutdown).
  virtual absl::Status Sync() = 0;

  virtual StoreStats Stats() const = 0;
};

}  // namespace tally::store
