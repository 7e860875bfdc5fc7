// Parts of the RocksDB store that are not for users of it. Included by store/rocks_*.cc and the
// store's own tests only.
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "rocksdb/cache.h"
#include "rocksdb/compaction_filter.h"
#include "rocksdb/db.h"
#include "rocksdb/env.h"
#include "rocksdb/listener.h"
#include "rocksdb/options.h"
#include "rocksdb/write_buffer_manager.h"
#include "store/rocks_env.h"
#include "store/rocks_store.h"
#include "store/store.h"

namespace tally::store {

struct RocksEnvironment::Parts {
  rocksdb::Env* env = nullptr;  // not owned; a test sets its own to inject faults
  int compaction_trigger = 16;  // runs of like size; a test's few commits make fewer
  std::shared_ptr<rocksdb::Cache> block_cache;
  std::shared_ptr<rocksdb::WriteBufferManager> write_buffers;
  size_t compaction_read_bytes = size_t{512} << 10;  // of each run that is merged, at a time
  size_t scan_read_bytes = size_t{256} << 10;        // of each run that a scan reads, likewise
};

inline rocksdb::Slice ToSlice(std::string_view view) { return {view.data(), view.size()}; }
inline std::string_view ToView(const rocksdb::Slice& slice) { return {slice.data(), slice.size()}; }

// `doing` says what was tried, for the message: "commit to /data/shard-00003".
absl::Status FromRocks(const rocksdb::Status& status, std::string_view doing);

// What stands in RocksDB for a row that a merge made empty (a merge operator cannot delete): reads
// skip it, compaction drops it.
inline constexpr std::string_view kNoRowMark("\xff\x8dno row\xb1\x07\xe4\x52\x9c\x3a\xf6\x00", 16);
// How the value of a row begins that could not be merged: reads of it are kDataLoss. (Were the
// merge to fail instead, the compaction would, and with it the whole store.) What could not be
// merged follows, so that nothing is lost by it: u32 length and bytes of each operand, oldest
// first.
inline constexpr std::string_view kDamagedMark(
    "\xff\x8d"
    "damage\xb1\x07\xe4\x52\x9c\x3a\xf6\x01",
    16);

// No row may have such a value. A row with any other value is what it is.
inline bool IsReservedValue(std::string_view value) {
  return value == kNoRowMark || value.starts_with(kDamagedMark);
}
inline bool IsDamaged(std::string_view value) { return value.starts_with(kDamagedMark); }

std::shared_ptr<rocksdb::MergeOperator> NewMergeOperator(std::shared_ptr<const RowMerger> merger);

class DropNoRowMarks : public rocksdb::CompactionFilter {
 public:
  bool Filter(int level, const rocksdb::Slice& key, const rocksdb::Slice& value,
              std::string* new_value, bool* value_changed) const override;
  const char* Name() const override { return "tally.DropNoRowMarks"; }
};

// The first error of RocksDB's background work. Thread-safe.
class BackgroundErrors : public rocksdb::EventListener {
 public:
  explicit BackgroundErrors(std::string path) : path_(std::move(path)) {}
  void OnBackgroundError(rocksdb::BackgroundErrorReason reason, rocksdb::Status* error) override;
  // RocksDB does not recover by itself: the shard says when, and looks first.
  void OnErrorRecoveryBegin(rocksdb::BackgroundErrorReason reason, rocksdb::Status error,
                            bool* auto_recovery) override;
  absl::Status first() const;

 private:
  const std::string path_;
  mutable std::mutex mutex_;
  absl::Status first_;
};

// An open database and what must live as long as it.
struct OpenDb {
  OpenDb(const RocksStoreOptions& options, std::shared_ptr<RocksEnvironment> shared);
  ~OpenDb();

  // Where commits are written before they are ingested.
  std::string IngestDir() const { return path + "/ingest"; }
  std::string IngestFile() const { return IngestDir() + "/commit.sst"; }

  const std::string path;
  const std::shared_ptr<RocksEnvironment> environment;
  const DropNoRowMarks filter;
  const std::shared_ptr<BackgroundErrors> background_errors;
  rocksdb::Options options;
  // For files that a commit ingests: they are read soon and rewritten soon.
  rocksdb::Options ingest_options;
  std::unique_ptr<rocksdb::DB> db;
};

// One commit on its way: collects rows in a write batch, turns to a table file when they become
// many, and applies either. Destroyed without Apply, it leaves nothing behind; after a failed
// ingestion, the table file.
class CommitWriter {
 public:
  CommitWriter(OpenDb& db, const RocksStoreOptions& options, size_t rows_expected);
  ~CommitWriter();
  CommitWriter(const CommitWriter&) = delete;
  CommitWriter& operator=(const CommitWriter&) = delete;

  absl::Status Add(const CommitRows::Row& row);
  // `*log_has_rows`: whether the log holds commits that no table file has yet.
  absl::Status Apply(bool* log_has_rows);

 private:
  absl::Status Check(const CommitRows::Row& row) const;
  absl::Status StartFile();
  absl::Status ApplyFile(bool* log_has_rows);

  class Impl;
  std::unique_ptr<Impl> impl_;
};

// A RocksDB snapshot that any number of Snapshots share.
class PinnedSnapshot {
 public:
  // Read-only databases do not change and need no snapshot of RocksDB's: `pin` false.
  PinnedSnapshot(std::shared_ptr<OpenDb> db, bool pin);
  ~PinnedSnapshot();
  PinnedSnapshot(const PinnedSnapshot&) = delete;
  PinnedSnapshot& operator=(const PinnedSnapshot&) = delete;

  OpenDb& db() const { return *db_; }
  const rocksdb::Snapshot* snapshot() const { return snapshot_; }

 private:
  const std::shared_ptr<OpenDb> db_;
  const rocksdb::Snapshot* const snapshot_;
};

std::unique_ptr<Snapshot> NewRocksSnapshot(std::shared_ptr<const PinnedSnapshot> pinned);

}  // namespace tally::store
