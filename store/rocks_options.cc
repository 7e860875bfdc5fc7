// Settings of a shard's database, and why they are not RocksDB's defaults.
#include <algorithm>
#include <utility>
#include <vector>

#include "rocksdb/convenience.h"
#include "rocksdb/filter_policy.h"
#include "rocksdb/table.h"
#include "store/rocks_internal.h"

namespace tally::store {
namespace {

constexpr size_t kKiB = 1024;
constexpr size_t kMiB = 1024 * kKiB;
constexpr int kNever = 1 << 30;

rocksdb::CompressionType FirstSupported(const std::vector<rocksdb::CompressionType>& wanted) {
  const std::vector<rocksdb::CompressionType> supported = rocksdb::GetSupportedCompressions();
  for (const rocksdb::CompressionType type : wanted) {
    if (std::find(supported.begin(), supported.end(), type) != supported.end()) return type;
  }
  return rocksdb::kNoCompression;
}

rocksdb::BlockBasedTableOptions TableOptions(const RocksEnvironment::Parts& shared) {
  rocksdb::BlockBasedTableOptions table;
  table.format_version = 5;
  table.block_size = 16 * kKiB;
  table.block_cache = shared.block_cache;
  // Most reads ask for a participant that is not there: the filter answers them.
  table.filter_policy.reset(rocksdb::NewBloomFilterPolicy(10));
  table.optimize_filters_for_memory = true;
  table.whole_key_filtering = true;
  // Indexes and filters count into the memory budget.
  table.cache_index_and_filter_blocks = true;
  table.cache_index_and_filter_blocks_with_high_priority = true;
  table.pin_l0_filter_and_index_blocks_in_cache = true;
  return table;
}

// Where the filters of a big store do not fit the budget, a miss must load 4 KiB, not the filter of
// three million rows.
rocksdb::BlockBasedTableOptions PartitionedTableOptions(const RocksEnvironment::Parts& shared) {
  rocksdb::BlockBasedTableOptions table = TableOptions(shared);
  table.index_type = rocksdb::BlockBasedTableOptions::kTwoLevelIndexSearch;
  table.partition_filters = true;
  table.metadata_block_size = 4 * kKiB;
  return table;
}

void SetDurability(rocksdb::Options& options) {
  // After a machine crash the log may end in the middle of a commit: keep the whole ones before it.
  options.wal_recovery_mode = rocksdb::WALRecoveryMode::kPointInTimeRecovery;
  options.paranoid_checks = true;
  // A store with a background error takes no more commits, and is opened again when its shard says
  // so: see ReopeningStore.
  options.max_bgerror_resume_count = 0;
}

void SetMemory(rocksdb::Options& options, const RocksEnvironment::Parts& shared) {
  options.write_buffer_manager = shared.write_buffers;
  options.write_buffer_size = 8 * kMiB;
  options.arena_block_size = 256 * kKiB;
  options.max_write_buffer_number = 2;
}

void SetCompaction(rocksdb::Options& options, const RocksEnvironment::Parts& shared) {
  // Runs of about the same size are merged, many at a time: most rows are participants, which are
  // written once and in no order, so leveled compaction rewrites them again and again.
  // What universal compaction costs instead is little here: few reads have to look at more than
  // one run, since filters answer most of them.
  options.compaction_style = rocksdb::kCompactionStyleUniversal;
  options.compaction_options_universal.size_ratio = 20;
  options.compaction_options_universal.min_merge_width = 4;
  options.compaction_options_universal.max_size_amplification_percent = 200;
  options.level0_file_num_compaction_trigger = shared.compaction_trigger;
  options.target_file_size_base = 64 * kMiB;
  // One flush and one compaction a shard; RocksEnvironment bounds their sum.
  options.max_background_jobs = 2;
  options.max_subcompactions = 1;
  options.compaction_readahead_size = shared.compaction_read_bytes;
  options.bytes_per_sync = kMiB;
  // Ingestion does not heed these and a stalled small commit helps nobody: the shard watches
  // StoreStats and pauses itself.
  options.level0_slowdown_writes_trigger = kNever;
  options.level0_stop_writes_trigger = kNever;
  options.soft_pending_compaction_bytes_limit = 0;
  options.hard_pending_compaction_bytes_limit = 0;
  // Nothing is rewritten only because time has passed.
  options.ttl = 0;
  options.periodic_compaction_seconds = 0;
}

void SetFiles(rocksdb::Options& options, int open_files_max) {
  options.max_open_files = open_files_max;
  options.max_file_opening_threads = 2;
  options.skip_stats_update_on_db_open = true;
  options.max_manifest_file_size = 4 * kMiB;
  options.max_total_wal_size = 32 * kMiB;
  options.info_log_level = rocksdb::InfoLogLevel::WARN_LEVEL;
  options.max_log_file_size = kMiB;
  options.keep_log_file_num = 2;
  options.stats_dump_period_sec = 0;
  options.stats_persist_period_sec = 0;
}

void SetTables(rocksdb::Options& options, const RocksEnvironment::Parts& shared) {
  options.compression = FirstSupported({rocksdb::kLZ4Compression, rocksdb::kSnappyCompression});
  options.bottommost_compression = FirstSupported({rocksdb::kZSTD, rocksdb::kLZ4Compression});
  options.table_factory.reset(rocksdb::NewBlockBasedTableFactory(PartitionedTableOptions(shared)));
}

}  // namespace

OpenDb::OpenDb(const RocksStoreOptions& store, std::shared_ptr<RocksEnvironment> shared)
    : path(store.path),
      environment(std::move(shared)),
      background_errors(std::make_shared<BackgroundErrors>(store.path)) {
  const RocksEnvironment::Parts& parts = environment->parts();
  options.env = parts.env;
  options.create_if_missing = store.mode == OpenMode::kCreateIfMissing;
  if (store.merger != nullptr) options.merge_operator = NewMergeOperator(store.merger);
  options.compaction_filter = &filter;
  options.listeners.push_back(background_errors);
  SetDurability(options);
  SetMemory(options, parts);
  SetCompaction(options, parts);
  SetFiles(options, store.open_files_max);
  SetTables(options, parts);

  ingest_options = options;
  ingest_options.bottommost_compression = rocksdb::kDisableCompressionOption;
  ingest_options.table_factory.reset(rocksdb::NewBlockBasedTableFactory(TableOptions(parts)));
}

OpenDb::~OpenDb() {
  if (db != nullptr) db->Close().PermitUncheckedError();
}

}  // namespace tally::store
