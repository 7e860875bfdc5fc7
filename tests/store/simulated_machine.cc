#include "tests/store/simulated_machine.h"

#include <algorithm>
#include <chrono>
#include <cstring>
#include <random>
#include <utility>

#include "rocksdb/system_clock.h"

namespace tally::store {
namespace {

using Status = rocksdb::IOStatus;
using rocksdb::IODebugContext;
using rocksdb::IOOptions;
using rocksdb::Slice;

constexpr int kHoleChancePercent = 25;
// If it should hold what a flush needs to end.
constexpr std::chrono::milliseconds kFlushEndWait(100);
constexpr size_t kPage = 512;

// "/a//b/" is "/a/b".
std::string Plain(const std::string& path) {
  std::string plain;
  for (const char c : path) {
    if (c != '/' || plain.empty() || plain.back() != '/') plain.push_back(c);
  }
  if (plain.size() > 1 && plain.back() == '/') plain.pop_back();
  return plain;
}

std::string DirectoryOf(const std::string& path) { return path.substr(0, path.rfind('/')); }

Status NotFound(const std::string& name) { return Status::PathNotFound(name, "no such file"); }

class NoLogger final : public rocksdb::Logger {
 public:
  using Logger::Logv;
  void Logv(const char*, va_list) override {}
  size_t GetLogFileSize() const override { return 0; }
};

// Nobody waits out a pause on a machine that is moved by hand.
class ImpatientClock final : public rocksdb::SystemClockWrapper {
 public:
  ImpatientClock() : SystemClockWrapper(rocksdb::SystemClock::Default()) {}
  const char* Name() const override { return "ImpatientClock"; }
  void SleepForMicroseconds(int) override {}  // nobody sleeps
};

thread_local bool is_flushing = false;

class Lock final : public rocksdb::FileLock {
 public:
  explicit Lock(std::string name) : name_(std::move(name)) {}
  const std::string& name() const { return name_; }

 private:
  const std::string name_;
};

// Some of the bytes that were not synced have made it: a file ends somewhere among them. Of a log,
// which promises nothing of them, pages before that may be missing, too.
void LoseUnsynced(bool is_log, std::string& bytes, size_t synced, std::mt19937_64& random) {
  if (bytes.size() <= synced) return;
  bytes.resize(synced + random() % (bytes.size() - synced + 1));
  if (!is_log || bytes.size() == synced || random() % 100 >= kHoleChancePercent) return;
  const size_t begin = synced + random() % (bytes.size() - synced);
  const size_t end = std::min(bytes.size(), begin + 1 + random() % kPage);
  std::fill(bytes.begin() + static_cast<std::ptrdiff_t>(begin),
            bytes.begin() + static_cast<std::ptrdiff_t>(end), '\0');
}

}  // namespace

class SimulatedFiles::Sequential final : public rocksdb::FSSequentialFile {
 public:
  Sequential(SimulatedFiles& files, ContentPtr content)
      : files_(files), content_(std::move(content)) {}

  Status Read(size_t n, const IOOptions&, Slice* result, char* scratch, IODebugContext*) override {
    std::lock_guard lock(files_.mutex_);
    if (Status status = files_.BeforeRead(); !status.ok()) return status;
    const std::string& bytes = content_->bytes;
    n = std::min(n, bytes.size() - std::min(at_, bytes.size()));
    std::memcpy(scratch, bytes.data() + at_, n);
    at_ += n;
    *result = Slice(scratch, n);
    return Status::OK();
  }
  Status Skip(uint64_t n) override {
    std::lock_guard lock(files_.mutex_);
    at_ = std::min<uint64_t>(content_->bytes.size(), at_ + n);
    return Status::OK();
  }

 private:
  SimulatedFiles& files_;
  const ContentPtr content_;
  size_t at_ = 0;
};

class SimulatedFiles::RandomAccess final : public rocksdb::FSRandomAccessFile {
 public:
  RandomAccess(SimulatedFiles& files, ContentPtr content)
      : files_(files), content_(std::move(content)) {}

  Status Read(uint64_t offset, size_t n, const IOOptions&, Slice* result, char* scratch,
              IODebugContext*) const override {
    std::lock_guard lock(files_.mutex_);
    if (Status status = files_.BeforeRead(); !status.ok()) return status;
    const std::string& bytes = content_->bytes;
    const size_t at = std::min<size_t>(offset, bytes.size());
    n = std::min(n, bytes.size() - at);
    std::memcpy(scratch, bytes.data() + at, n);
    *result = Slice(scratch, n);
    return Status::OK();
  }

 private:
  SimulatedFiles& files_;
  const ContentPtr content_;
};

class SimulatedFiles::Writable final : public rocksdb::FSWritableFile {
 public:
  Writable(SimulatedFiles& files, ContentPtr content)
      : files_(files), content_(std::move(content)) {}

  using FSWritableFile::Append;
  // A write that fails may have written a part.
  Status Append(const Slice& data, const IOOptions&, IODebugContext*) override {
    std::unique_lock lock(files_.mutex_);
    if (Status status = files_.BeforeWrite(lock, /*needs_space=*/true); !status.ok()) {
      if (!files_.frozen_) content_->bytes.append(data.data(), data.size() / 2);
      return status;
    }
    content_->bytes.append(data.data(), data.size());
    return Status::OK();
  }
  Status Append(const Slice& data, const IOOptions& options, const rocksdb::DataVerificationInfo&,
                IODebugContext* context) override {
    return Append(data, options, context);
  }
  Status Truncate(uint64_t size, const IOOptions&, IODebugContext*) override {
    std::unique_lock lock(files_.mutex_);
    if (Status status = files_.BeforeWrite(lock, false); !status.ok()) return status;
    content_->bytes.resize(size);
    content_->synced = std::min<size_t>(content_->synced, size);
    return Status::OK();
  }
  Status Close(const IOOptions&, IODebugContext*) override { return Status::OK(); }
  Status Flush(const IOOptions&, IODebugContext*) override { return Status::OK(); }
  Status Sync(const IOOptions&, IODebugContext*) override {
    std::unique_lock lock(files_.mutex_);
    if (Status status = files_.BeforeSync(lock); !status.ok()) return status;
    content_->synced = content_->bytes.size();
    return Status::OK();
  }
  bool IsSyncThreadSafe() const override { return true; }
  uint64_t GetFileSize(const IOOptions&, IODebugContext*) override {
    std::lock_guard lock(files_.mutex_);
    return content_->bytes.size();
  }

 private:
  SimulatedFiles& files_;
  const ContentPtr content_;
};

class SimulatedFiles::Directory final : public rocksdb::FSDirectory {
 public:
  Directory(SimulatedFiles& files, std::string name) : files_(files), name_(std::move(name)) {}

  Status Fsync(const IOOptions&, IODebugContext*) override {
    std::unique_lock lock(files_.mutex_);
    if (Status status = files_.BeforeWrite(lock, false); !status.ok()) return status;
    std::vector<Change> others;
    for (Change& change : files_.unsynced_) {
      if (change.directory == name_) {
        Apply(change, files_.durable_names_);
      } else {
        others.push_back(std::move(change));
      }
    }
    files_.unsynced_ = std::move(others);
    return Status::OK();
  }
  Status Close(const IOOptions&, IODebugContext*) override { return Status::OK(); }

 private:
  SimulatedFiles& files_;
  const std::string name_;
};

void SimulatedFiles::SetFrozen(bool frozen) {
  std::lock_guard lock(mutex_);
  frozen_ = frozen;
}

void SimulatedFiles::SetFull(bool full) {
  std::lock_guard lock(mutex_);
  full_ = full;
}

void SimulatedFiles::FailWriteAfter(int writes, bool frozen) {
  std::lock_guard lock(mutex_);
  writes_until_failure_ = writes;
  freeze_at_failure_ = frozen;
}

void SimulatedFiles::FailSyncAfter(int syncs) {
  std::lock_guard lock(mutex_);
  syncs_until_failure_ = syncs;
}

void SimulatedFiles::FailReadAfter(int reads) {
  std::lock_guard lock(mutex_);
  reads_until_failure_ = reads;
}

void SimulatedFiles::EndFaults() {
  std::lock_guard lock(mutex_);
  full_ = false;
  writes_until_failure_.reset();
  syncs_until_failure_.reset();
  reads_until_failure_.reset();
}

bool SimulatedFiles::frozen() const {
  std::lock_guard lock(mutex_);
  return frozen_;
}

bool SimulatedFiles::write_will_fail() const {
  std::lock_guard lock(mutex_);
  return writes_until_failure_.has_value();
}

void SimulatedFiles::LosePower(uint64_t seed) {
  std::lock_guard lock(mutex_);
  std::mt19937_64 random(seed);
  const size_t kept = random() % (unsynced_.size() + 1);
  for (size_t i = 0; i < kept; ++i) Apply(unsynced_[i], durable_names_);
  unsynced_.clear();
  names_ = durable_names_;
  for (auto& [name, content] : names_) {
    LoseUnsynced(name.ends_with(".log"), content->bytes, content->synced, random);
    content->synced = content->bytes.size();
  }
  locked_.clear();
}

std::string SimulatedFiles::FlipBit(const std::string& ending, uint64_t seed) {
  std::lock_guard lock(mutex_);
  std::mt19937_64 random(seed);
  std::vector<std::pair<std::string, ContentPtr>> files;
  for (const auto& [name, content] : names_) {
    if (name.ends_with(ending) && !content->bytes.empty()) files.emplace_back(name, content);
  }
  if (files.empty()) return "";
  const auto& [name, content] = files[random() % files.size()];
  content->bytes[random() % content->bytes.size()] ^= static_cast<char>(1 << random() % 8);
  return name;
}

void SimulatedFiles::BeginFlush() {
  std::lock_guard lock(mutex_);
  ++flushes_;
}

void SimulatedFiles::EndFlush() {
  std::lock_guard lock(mutex_);
  --flushes_;
  flush_ended_.notify_all();
}

Status SimulatedFiles::BeforeWrite(std::unique_lock<std::mutex>& lock, bool needs_space) {
  // Whoever asked for a flush goes on before the flush has quite ended; that one of both writes
  // next that does in every run.
  if (!is_flushing) {
    flush_ended_.wait_for(lock, kFlushEndWait, [this] { return flushes_ == 0; });
  }
  if (frozen_) return Status::IOError("the machine has stopped");
  if (writes_until_failure_ && (*writes_until_failure_)-- == 0) {
    writes_until_failure_.reset();
    frozen_ = freeze_at_failure_;
    return Status::IOError("a write failed");
  }
  if (needs_space && full_) return Status::NoSpace("No space left on device");
  return Status::OK();
}

Status SimulatedFiles::BeforeSync(std::unique_lock<std::mutex>& lock) {
  if (syncs_until_failure_ && (*syncs_until_failure_)-- == 0) {
    syncs_until_failure_.reset();
    return Status::IOError("a sync failed");
  }
  return BeforeWrite(lock, /*needs_space=*/false);
}

Status SimulatedFiles::BeforeRead() {
  if (!reads_until_failure_ || (*reads_until_failure_)-- > 0) return Status::OK();
  reads_until_failure_.reset();
  return Status::IOError("a read failed");
}

void SimulatedFiles::Apply(const Change& change, Names& names) {
  for (const auto& [name, content] : change.names) {
    if (content == nullptr) {
      names.erase(name);
    } else {
      names[name] = content;
    }
  }
}

void SimulatedFiles::Record(const std::string& directory,
                            std::vector<std::pair<std::string, ContentPtr>> changed) {
  unsynced_.push_back({directory, std::move(changed)});
  Apply(unsynced_.back(), names_);
}

Status SimulatedFiles::Find(const std::string& name, ContentPtr* content) {
  const auto found = names_.find(Plain(name));
  if (found == names_.end()) return NotFound(name);
  *content = found->second;
  return Status::OK();
}

Status SimulatedFiles::NewSequentialFile(const std::string& name, const rocksdb::FileOptions&,
                                         std::unique_ptr<rocksdb::FSSequentialFile>* file,
                                         Context*) {
  std::lock_guard lock(mutex_);
  ContentPtr content;
  Status status = Find(name, &content);
  if (status.ok()) *file = std::make_unique<Sequential>(*this, std::move(content));
  return status;
}

Status SimulatedFiles::NewRandomAccessFile(const std::string& name, const rocksdb::FileOptions&,
                                           std::unique_ptr<rocksdb::FSRandomAccessFile>* file,
                                           Context*) {
  std::lock_guard lock(mutex_);
  ContentPtr content;
  Status status = Find(name, &content);
  if (status.ok()) *file = std::make_unique<RandomAccess>(*this, std::move(content));
  return status;
}

Status SimulatedFiles::NewWritableFile(const std::string& name, const rocksdb::FileOptions&,
                                       std::unique_ptr<rocksdb::FSWritableFile>* file, Context*) {
  std::unique_lock lock(mutex_);
  if (Status status = BeforeWrite(lock, false); !status.ok()) return status;
  auto content = std::make_shared<Content>();
  const std::string path = Plain(name);
  Record(DirectoryOf(path), {{path, content}});
  *file = std::make_unique<Writable>(*this, std::move(content));
  return Status::OK();
}

Status SimulatedFiles::ReopenWritableFile(const std::string& name, const rocksdb::FileOptions&,
                                          std::unique_ptr<rocksdb::FSWritableFile>* file,
                                          Context*) {
  std::unique_lock lock(mutex_);
  if (Status status = BeforeWrite(lock, false); !status.ok()) return status;
  ContentPtr content;
  Status status = Find(name, &content);
  if (status.ok()) *file = std::make_unique<Writable>(*this, std::move(content));
  return status;
}

Status SimulatedFiles::NewDirectory(const std::string& name, const Options&,
                                    std::unique_ptr<rocksdb::FSDirectory>* directory, Context*) {
  *directory = std::make_unique<Directory>(*this, Plain(name));
  return Status::OK();
}

Status SimulatedFiles::FileExists(const std::string& name, const Options&, Context*) {
  std::lock_guard lock(mutex_);
  const std::string path = Plain(name);
  return names_.contains(path) || directories_.contains(path) ? Status::OK()
                                                              : Status::NotFound(name);
}

Status SimulatedFiles::GetChildren(const std::string& directory, const Options&,
                                   std::vector<std::string>* names, Context*) {
  std::lock_guard lock(mutex_);
  names->clear();
  const std::string path = Plain(directory);
  if (!directories_.contains(path)) return Status::PathNotFound(directory, "no such directory");
  const auto add = [&](const std::string& child) {
    if (DirectoryOf(child) == path) names->push_back(child.substr(path.size() + 1));
  };
  for (const auto& [name, content] : names_) add(name);
  for (const auto& name : directories_) add(name);
  return Status::OK();
}

Status SimulatedFiles::DeleteFile(const std::string& name, const Options&, Context*) {
  std::unique_lock lock(mutex_);
  if (Status status = BeforeWrite(lock, false); !status.ok()) return status;
  const std::string path = Plain(name);
  if (!names_.contains(path)) return NotFound(name);
  Record(DirectoryOf(path), {{path, nullptr}});
  return Status::OK();
}

Status SimulatedFiles::CreateDir(const std::string& name, const Options&, Context*) {
  std::unique_lock lock(mutex_);
  if (Status status = BeforeWrite(lock, false); !status.ok()) return status;
  return directories_.insert(Plain(name)).second ? Status::OK() : Status::IOError("it exists");
}

Status SimulatedFiles::CreateDirIfMissing(const std::string& name, const Options&, Context*) {
  std::unique_lock lock(mutex_);
  if (directories_.contains(Plain(name))) return Status::OK();
  if (Status status = BeforeWrite(lock, false); !status.ok()) return status;
  directories_.insert(Plain(name));
  return Status::OK();
}

Status SimulatedFiles::DeleteDir(const std::string& name, const Options&, Context*) {
  std::lock_guard lock(mutex_);
  directories_.erase(Plain(name));
  return Status::OK();
}

Status SimulatedFiles::GetFileSize(const std::string& name, const Options&, uint64_t* bytes,
                                   Context*) {
  std::lock_guard lock(mutex_);
  ContentPtr content;
  Status status = Find(name, &content);
  if (status.ok()) *bytes = content->bytes.size();
  return status;
}

Status SimulatedFiles::GetFileModificationTime(const std::string&, const Options&, uint64_t* time,
                                               Context*) {
  *time = 0;
  return Status::OK();
}

Status SimulatedFiles::RenameFile(const std::string& from, const std::string& to, const Options&,
                                  Context*) {
  std::unique_lock lock(mutex_);
  if (Status status = BeforeWrite(lock, false); !status.ok()) return status;
  ContentPtr content;
  if (Status status = Find(from, &content); !status.ok()) return status;
  const std::string path = Plain(to);
  Record(DirectoryOf(path), {{Plain(from), nullptr}, {path, std::move(content)}});
  return Status::OK();
}

Status SimulatedFiles::LinkFile(const std::string& from, const std::string& to, const Options&,
                                Context*) {
  std::unique_lock lock(mutex_);
  if (Status status = BeforeWrite(lock, false); !status.ok()) return status;
  ContentPtr content;
  if (Status status = Find(from, &content); !status.ok()) return status;
  const std::string path = Plain(to);
  Record(DirectoryOf(path), {{path, std::move(content)}});
  return Status::OK();
}

Status SimulatedFiles::LockFile(const std::string& name, const Options&, rocksdb::FileLock** lock,
                                Context*) {
  std::lock_guard mutex_lock(mutex_);
  if (!locked_.insert(Plain(name)).second) return Status::IOError("lock " + name, "held");
  *lock = new Lock(Plain(name));
  return Status::OK();
}

Status SimulatedFiles::UnlockFile(rocksdb::FileLock* lock, const Options&, Context*) {
  std::lock_guard mutex_lock(mutex_);
  const std::unique_ptr<Lock> held(static_cast<Lock*>(lock));
  locked_.erase(held->name());
  return Status::OK();
}

Status SimulatedFiles::GetTestDirectory(const Options&, std::string* path, Context*) {
  *path = "/test";
  return Status::OK();
}

Status SimulatedFiles::NewLogger(const std::string&, const Options&,
                                 std::shared_ptr<rocksdb::Logger>* logger, Context*) {
  *logger = std::make_shared<NoLogger>();
  return Status::OK();
}

Status SimulatedFiles::GetAbsolutePath(const std::string& path, const Options&,
                                       std::string* absolute, Context*) {
  *absolute = Plain(path);
  return Status::OK();
}

Status SimulatedFiles::IsDirectory(const std::string& path, const Options&, bool* is_directory,
                                   Context*) {
  std::lock_guard lock(mutex_);
  *is_directory = directories_.contains(Plain(path));
  return Status::OK();
}

SimulatedMachine::SimulatedMachine() : SimulatedMachine(std::make_shared<SimulatedFiles>()) {}

SimulatedMachine::SimulatedMachine(const std::shared_ptr<SimulatedFiles>& files)
    : EnvWrapper(rocksdb::NewCompositeEnv(files)), files_(files) {
  file_system_ = files_;
  system_clock_ = std::make_shared<ImpatientClock>();
}

SimulatedMachine::~SimulatedMachine() { JoinThreads(); }

void SimulatedMachine::JoinThreads() {
  std::vector<std::thread> threads;
  {
    std::lock_guard lock(mutex_);
    threads.swap(threads_);
  }
  for (std::thread& thread : threads) thread.join();
}

void SimulatedMachine::SetAwaited(bool awaited) {
  std::lock_guard lock(mutex_);
  awaited_ = awaited;
  if (!awaited) return;
  for (const Job& job : jobs_) RunOnThread(job.function, job.argument);
  jobs_.clear();
}

void SimulatedMachine::RunOnThread(void (*function)(void*), void* argument) {
  files_->BeginFlush();
  threads_.emplace_back([this, function, argument] {
    is_flushing = true;
    function(argument);
    files_->EndFlush();
  });
}

bool SimulatedMachine::RunJob() {
  JoinThreads();
  Job job;
  {
    std::lock_guard lock(mutex_);
    if (jobs_.empty()) return false;
    job = jobs_.front();
    jobs_.pop_front();
  }
  job.function(job.argument);
  return true;
}

void SimulatedMachine::Schedule(void (*function)(void*), void* argument, Priority priority,
                                void* tag, void (*unschedule)(void*)) {
  std::lock_guard lock(mutex_);
  if (priority == HIGH || awaited_) {
    RunOnThread(function, argument);
  } else {
    jobs_.push_back({function, argument, tag, unschedule});
  }
}

int SimulatedMachine::UnSchedule(void* tag, Priority priority) {
  if (priority == HIGH) return 0;
  std::list<Job> removed;
  {
    std::lock_guard lock(mutex_);
    for (auto job = jobs_.begin(); job != jobs_.end();) {
      const auto next = std::next(job);
      if (job->tag == tag) removed.splice(removed.end(), jobs_, job);
      job = next;
    }
  }
  for (const Job& job : removed) {
    if (job.unschedule != nullptr) job.unschedule(job.argument);
  }
  return static_cast<int>(removed.size());
}

unsigned int SimulatedMachine::GetThreadPoolQueueLen(Priority priority) const {
  std::lock_guard lock(mutex_);
  return priority == HIGH ? 0 : static_cast<unsigned int>(jobs_.size());
}

}  // namespace tally::store
