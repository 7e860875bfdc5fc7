#include "store/rocks_env.h"

#include <algorithm>

#include "store/rocks_internal.h"

namespace tally::store {
namespace {

constexpr size_t kMemoryBytesMin = size_t{8} << 20;
// Few cache shards, so that the budget of one is not smaller than what a table file's index needs.
constexpr int kCacheShardBits = 4;

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
}

RocksEnvironment::~RocksEnvironment() = default;

uint64_t RocksEnvironment::MemoryUsedBytes() const { return parts_->block_cache->GetUsage(); }

}  // namespace tally::store
