// A file system for RocksDB that can lose power and run full.
#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <random>
#include <string>

#include "rocksdb/env.h"
#include "rocksdb/file_system.h"

namespace tally::store {

// Remembers how much of each written file was synced. Thread-safe.
class FaultFileSystem : public rocksdb::FileSystemWrapper {
 public:
  FaultFileSystem();
  const char* Name() const override { return "FaultFileSystem"; }

  // From now on nothing is written or deleted any more, as if the machine had stopped.
  void CutPower() { powered_ = false; }
  // What the disk holds after that: of each file, what was synced and, by chance, some of the rest.
  // Call after everything that used the file system is gone; it works again afterwards.
  void Restart(uint64_t seed);
  // While set, appending fails for lack of space.
  void SetFull(bool full) { full_ = full; }

  rocksdb::IOStatus NewWritableFile(const std::string& name, const rocksdb::FileOptions& options,
                                    std::unique_ptr<rocksdb::FSWritableFile>* file,
                                    rocksdb::IODebugContext* context) override;
  rocksdb::IOStatus ReopenWritableFile(const std::string& name, const rocksdb::FileOptions& options,
                                       std::unique_ptr<rocksdb::FSWritableFile>* file,
                                       rocksdb::IODebugContext* context) override;
  rocksdb::IOStatus DeleteFile(const std::string& name, const rocksdb::IOOptions& options,
                               rocksdb::IODebugContext* context) override;
  rocksdb::IOStatus RenameFile(const std::string& from, const std::string& to,
                               const rocksdb::IOOptions& options,
                               rocksdb::IODebugContext* context) override;
  rocksdb::IOStatus LinkFile(const std::string& from, const std::string& to,
                             const rocksdb::IOOptions& options,
                             rocksdb::IODebugContext* context) override;

  // For the files that it makes.
  rocksdb::IOStatus BeforeWrite() const;
  void Synced(const std::string& name, uint64_t bytes);

 private:
  std::atomic<bool> powered_ = true;
  std::atomic<bool> full_ = false;
  std::mutex mutex_;
  std::map<std::string, uint64_t> synced_bytes_;
};

}  // namespace tally::store
