// What all shards' RocksDB stores of a process share: one block cache, one write-buffer budget, one
// set of background threads.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

namespace tally::store {

struct RocksEnvironmentOptions {
  // For everything RocksDB keeps in memory, over all shards: data blocks, indexes, filters and
  // memtables (at most a quarter). A little more may be used for a short time.
  size_t memory_bytes = size_t{256} << 20;
  // Compactions at the same time, over all shards. At least 1.
  int compaction_threads = 2;
};

// Thread-safe. Every store opened with it keeps it alive.
class RocksEnvironment {
 public:
  explicit RocksEnvironment(const RocksEnvironmentOptions& options);
  ~RocksEnvironment();
  RocksEnvironment(const RocksEnvironment&) = delete;
  RocksEnvironment& operator=(const RocksEnvironment&) = delete;

  // Bytes of the budget in use now.
  uint64_t MemoryUsedBytes() const;

  struct Parts;  // rocks_internal.h
  const Parts& parts() const { return *parts_; }
  Parts& mutable_parts() { return *parts_; }  // before the first store is opened

 private:
  std::unique_ptr<Parts> parts_;
};

}  // namespace tally::store
