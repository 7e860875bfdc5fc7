#include "tests/store/fault_file_system.h"

#include <filesystem>
#include <utility>

namespace tally::store {
namespace {

using rocksdb::IODebugContext;
using rocksdb::IOOptions;
using rocksdb::IOStatus;

class TrackedFile : public rocksdb::FSWritableFileOwnerWrapper {
 public:
  TrackedFile(std::unique_ptr<rocksdb::FSWritableFile> file, std::string name,
              FaultFileSystem* system)
      : FSWritableFileOwnerWrapper(std::move(file)), name_(std::move(name)), system_(system) {}

  IOStatus Append(const rocksdb::Slice& data, const IOOptions& options,
                  IODebugContext* context) override {
    const IOStatus status = system_->BeforeWrite();
    return status.ok() ? target()->Append(data, options, context) : status;
  }
  IOStatus Append(const rocksdb::Slice& data, const IOOptions& options,
                  const rocksdb::DataVerificationInfo& /*info*/, IODebugContext* context) override {
    return Append(data, options, context);
  }
  IOStatus Sync(const IOOptions& options, IODebugContext* context) override {
    if (const IOStatus status = system_->BeforeWrite(); !status.ok()) return status;
    const IOStatus status = target()->Flush(options, context);
    // Power fails in this file system only, so it need not cost an fsync. (The target's own count
    // begins at 0 where a file was opened again.)
    if (status.ok()) system_->Synced(name_, std::filesystem::file_size(name_));
    return status;
  }
  IOStatus Fsync(const IOOptions& options, IODebugContext* context) override {
    return Sync(options, context);
  }

 private:
  const std::string name_;
  FaultFileSystem* const system_;
};

}  // namespace

FaultFileSystem::FaultFileSystem() : FileSystemWrapper(rocksdb::FileSystem::Default()) {}

IOStatus FaultFileSystem::BeforeWrite() const {
  if (!powered_) return IOStatus::IOError("no power");
  if (full_) return IOStatus::NoSpace("No space left on device");
  return IOStatus::OK();
}

void FaultFileSystem::Synced(const std::string& name, uint64_t bytes) {
  std::lock_guard lock(mutex_);
  synced_bytes_[name] = bytes;
}

IOStatus FaultFileSystem::NewWritableFile(const std::string& name,
                                          const rocksdb::FileOptions& options,
                                          std::unique_ptr<rocksdb::FSWritableFile>* file,
                                          IODebugContext* context) {
  if (const IOStatus status = BeforeWrite(); !status.ok()) return status;
  std::unique_ptr<rocksdb::FSWritableFile> made;
  const IOStatus status = target()->NewWritableFile(name, options, &made, context);
  if (!status.ok()) return status;
  Synced(name, 0);
  *file = std::make_unique<TrackedFile>(std::move(made), name, this);
  return status;
}

IOStatus FaultFileSystem::ReopenWritableFile(const std::string& name,
                                             const rocksdb::FileOptions& options,
                                             std::unique_ptr<rocksdb::FSWritableFile>* file,
                                             IODebugContext* context) {
  if (const IOStatus status = BeforeWrite(); !status.ok()) return status;
  std::unique_ptr<rocksdb::FSWritableFile> made;
  const IOStatus status = target()->ReopenWritableFile(name, options, &made, context);
  if (status.ok()) *file = std::make_unique<TrackedFile>(std::move(made), name, this);
  return status;
}

IOStatus FaultFileSystem::DeleteFile(const std::string& name, const IOOptions& options,
                                     IODebugContext* context) {
  if (!powered_) return IOStatus::IOError("no power");
  std::lock_guard lock(mutex_);
  synced_bytes_.erase(name);
  return target()->DeleteFile(name, options, context);
}

IOStatus FaultFileSystem::RenameFile(const std::string& from, const std::string& to,
                                     const IOOptions& options, IODebugContext* context) {
  if (!powered_) return IOStatus::IOError("no power");
  std::lock_guard lock(mutex_);
  if (auto moved = synced_bytes_.extract(from)) {
    synced_bytes_.erase(to);
    moved.key() = to;
    synced_bytes_.insert(std::move(moved));
  }
  return target()->RenameFile(from, to, options, context);
}

IOStatus FaultFileSystem::LinkFile(const std::string& from, const std::string& to,
                                   const IOOptions& options, IODebugContext* context) {
  if (!powered_) return IOStatus::IOError("no power");
  std::lock_guard lock(mutex_);
  const auto linked = synced_bytes_.find(from);
  if (linked != synced_bytes_.end()) synced_bytes_[to] = linked->second;
  return target()->LinkFile(from, to, options, context);
}

void FaultFileSystem::Restart(uint64_t seed) {
  std::lock_guard lock(mutex_);
  std::mt19937_64 random(seed);
  for (const auto& [name, synced] : synced_bytes_) {
    std::error_code missing;
    const uint64_t size = std::filesystem::file_size(name, missing);
    if (missing || size <= synced) continue;
    std::filesystem::resize_file(name, synced + random() % (size - synced + 1));
  }
  synced_bytes_.clear();
  powered_ = true;
  full_ = false;
}

}  // namespace tally::store
