#include "store/rocks_env.h"

#include <algorithm>

#include "store/rocks_internal.h"

namespace tally::store {
namespace {

constexpr size_t kMemoryBytesMin = size_t{8} << 20;
// Few cache shards, so that the budget of one is not smaller than what a table file's index needs.
constexpr int kCacheShardBits = 4;
// A compaction has a buffer for each of the runs that it merges, dozens when they are small.
constexpr size_t kCompactionReadsInMemory = 256;
constexpr size_t kCompactionReadBytesMin = size_t{32} << 10;
constexpr size_t kCompactionReadBytesMax = size_t{512} << 10;

}  // namespace

RocksEnvironment::RocksEnvironment(const RocksEnvironmentOptions& options)
    : parts_(std::make_unique<Parts>()) {
  const size_t memory_bytes = std::max(options.memory_bytes, kMemoryBytesMin);
  parts_->env = rocksdb::Env::Default();
  parts_->env->SetBackgroundThreads(std::max(options.compaction_threads, 1), rocksdb::Env::LOW);
  parts_->env->SetBackgroundThreads(1, rocksdb::Env::HIGH);
  // What is read and written meanwhile is more urgent.
  parts_->env->LowerThreadPoolCPUPriority(rocksdb::Env::LOW);
  parts_->block_cache =
      rocksdb::NewLRUCache(memory_bytes, kCacheShardBits, /*strict_capacity_limit=*/false,
                           /*high_pri_pool_ratio=*/0.5);
  parts_->write_buffers =
      std::make_shared<rocksdb::WriteBufferManager>(memory_bytes / 4, parts_->block_cache);
  parts_->compaction_read_bytes = std::clamp(memory_bytes / kCompactionReadsInMemory,
                                             kCompactionReadBytesMin, kCompactionReadBytesMax);
  parts_->scan_read_bytes = parts_->compaction_read_bytes / 2;
}

RocksEnvironment::~RocksEnvironment() = default;

uint64_t RocksEnvironment::MemoryUsedBytes() const { return parts_->block_cache->GetUsage(); }

}  // namespace tally::store
