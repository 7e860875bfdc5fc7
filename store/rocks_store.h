// The real store: one RocksDB per shard.
//
// Commit has two ways, both atomic:
//   small   one WriteBatch, written ahead to the log. Not synced: it survives a process crash; a
//           machine crash loses whole commits from the end.
//   big     one sorted table file, ingested: durable when Commit returns. Everything that was
//           committed before it has been made durable by then too.
// So what is found after any crash is the state after some commit, and never an older one than the
// last big commit, Sync() or clean close after Sync(). What is lost, the caller still has in its
// log (offsets are rows of the same commit).
//
// Idle, a store writes nothing to disk.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "store/rocks_env.h"
#include "store/store.h"

namespace tally::store {

enum class OpenMode : uint8_t {
  kCreateIfMissing,
  kMustExist,  // kNotFound when there is none
};

struct RocksStoreOptions {
  std::string path;  // the shard's directory, made if missing; its parent must exist
  OpenMode mode = OpenMode::kCreateIfMissing;
  // nullptr: a commit with a kMerge row is refused with kInvalidArgument.
  std::shared_ptr<const RowMerger> merger;
  // nullptr: one of its own, with default sizes.
  std::shared_ptr<RocksEnvironment> environment;

  // Asked with a read-only view of an existing store before anything is written to it (recovery and
  // compaction rewrite rows, so a binary that cannot read them must not get that far). Its error is
  // Open's. May be empty. Not asked when there is no store yet.
  std::function<absl::Status(const Snapshot&)> admit;

  // From this many rows or bytes on, a commit goes the big way.
  size_t ingest_rows_min = 2'000;
  size_t ingest_bytes_min = size_t{1} << 20;
  // Table files kept open at a time.
  int open_files_max = 256;
};

// Opens for reading and writing; one at a time, in all processes. Left-overs of an interrupted
// commit are removed. Errors:
//   kNotFound            kMustExist and there is no store
//   kFailedPrecondition  in use by another process or handle; or made by a RocksDB or with settings
//                        that this binary does not have
//   kDataLoss            damaged: a file is missing, has the wrong size or a bad checksum
//   kResourceExhausted   disk full
//   kPermissionDenied, kUnavailable (I/O)
// and what `admit` returns. After an error of Commit or a bad StoreStats::health: destroy all
// snapshots and the store, then open again.
absl::StatusOr<std::unique_ptr<Store>> OpenRocksStore(const RocksStoreOptions& options);

// The same, and it opens itself again where Resume cannot help otherwise: see
// store/reopening_store.h.
absl::StatusOr<std::unique_ptr<Store>> OpenReopeningRocksStore(const RocksStoreOptions& options);

// Opens the state as of some commit, the newest at some time during the call, for reading; the
// directory is not written to and not locked, so this works beside a writer in another process or
// this one. Commit and Sync give kFailedPrecondition. Of the options, path, merger and environment
// matter. Errors as above; kUnavailable also when the writer changes files faster than they can be
// opened (tried several times over about two seconds).
absl::StatusOr<std::unique_ptr<Store>> OpenRocksStoreReadOnly(const RocksStoreOptions& options);

}  // namespace tally::store
