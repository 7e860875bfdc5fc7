// A machine for RocksDB stores that a test moves by hand: files in memory that can be lost, torn
// and refused, and background work that runs when it is told to. Everything that stores do on it is
// the same again for the same calls.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "rocksdb/env.h"
#include "rocksdb/file_system.h"

namespace tally::store {

// Files as a journaling file system has them: what was written is seen at once; what survives a
// loss of power is what was synced, and by chance some of the rest. Changes of names survive in
// their order, up to some one of them; those of a directory that was synced surely. Thread-safe.
class SimulatedFiles final : public rocksdb::FileSystem {
 public:
  // ---- Faults.

  // While frozen, nothing is written or deleted: whoever tries gets an error.
  void SetFrozen(bool frozen);
  // After the loss of power; nobody uses the files. `seed` decides what is left.
  void LosePower(uint64_t seed);
  // While full, appending fails for lack of space.
  void SetFull(bool full);
  // The write after so many fails with an I/O error; with `frozen`, so does all that follows.
  void FailWriteAfter(int writes, bool frozen);
  // The sync of a file after so many fails: what was written can be read, and may be lost.
  void FailSyncAfter(int syncs);
  // The read after so many fails.
  void FailReadAfter(int reads);
  // Flips a bit of a file that is chosen by `seed` of those whose names end so; its name, or "".
  std::string FlipBit(const std::string& ending, uint64_t seed);
  bool frozen() const;
  void EndFaults();  // a freeze stands
  bool write_will_fail() const;

  // A flush runs on a thread of its own between the two.
  void BeginFlush();
  void EndFlush();

  // ---- rocksdb::FileSystem

  using Options = rocksdb::IOOptions;
  using Context = rocksdb::IODebugContext;
  using Status = rocksdb::IOStatus;
  const char* Name() const override { return "SimulatedFiles"; }
  Status NewSequentialFile(const std::string& name, const rocksdb::FileOptions& options,
                           std::unique_ptr<rocksdb::FSSequentialFile>* file,
                           Context* context) override;
  Status NewRandomAccessFile(const std::string& name, const rocksdb::FileOptions& options,
                             std::unique_ptr<rocksdb::FSRandomAccessFile>* file,
                             Context* context) override;
  Status NewWritableFile(const std::string& name, const rocksdb::FileOptions& options,
                         std::unique_ptr<rocksdb::FSWritableFile>* file, Context* context) override;
  Status ReopenWritableFile(const std::string& name, const rocksdb::FileOptions& options,
                            std::unique_ptr<rocksdb::FSWritableFile>* file,
                            Context* context) override;
  Status NewDirectory(const std::string& name, const Options& options,
                      std::unique_ptr<rocksdb::FSDirectory>* directory, Context* context) override;
  Status FileExists(const std::string& name, const Options& options, Context* context) override;
  Status GetChildren(const std::string& directory, const Options& options,
                     std::vector<std::string>* names, Context* context) override;
  Status DeleteFile(const std::string& name, const Options& options, Context* context) override;
  Status CreateDir(const std::string& name, const Options& options, Context* context) override;
  Status CreateDirIfMissing(const std::string& name, const Options& options,
                            Context* context) override;
  Status DeleteDir(const std::string& name, const Options& options, Context* context) override;
  Status GetFileSize(const std::string& name, const Options& options, uint64_t* bytes,
                     Context* context) override;
  Status GetFileModificationTime(const std::string& name, const Options& options, uint64_t* time,
                                 Context* context) override;
  Status RenameFile(const std::string& from, const std::string& to, const Options& options,
                    Context* context) override;
  Status LinkFile(const std::string& from, const std::string& to, const Options& options,
                  Context* context) override;
  Status LockFile(const std::string& name, const Options& options, rocksdb::FileLock** lock,
                  Context* context) override;
  Status UnlockFile(rocksdb::FileLock* lock, const Options& options, Context* context) override;
  Status GetTestDirectory(const Options& options, std::string* path, Context* context) override;
  Status NewLogger(const std::string& name, const Options& options,
                   std::shared_ptr<rocksdb::Logger>* logger, Context* context) override;
  Status GetAbsolutePath(const std::string& path, const Options& options, std::string* absolute,
                         Context* context) override;
  Status IsDirectory(const std::string& path, const Options& options, bool* is_directory,
                     Context* context) override;

 private:
  struct Content {
    std::string bytes;
    size_t synced = 0;
  };
  using ContentPtr = std::shared_ptr<Content>;
  using Names = std::map<std::string, ContentPtr>;
  // One change of names, done whole or not at all.
  struct Change {
    std::string directory;
    std::vector<std::pair<std::string, ContentPtr>> names;  // nullptr: gone
  };
  class Sequential;
  class RandomAccess;
  class Writable;
  class Directory;

  Status BeforeWrite(std::unique_lock<std::mutex>& lock, bool needs_space);
  Status BeforeSync(std::unique_lock<std::mutex>& lock);
  Status BeforeRead();
  Status Find(const std::string& name, ContentPtr* content);
  void Record(const std::string& directory,
              std::vector<std::pair<std::string, ContentPtr>> changed);
  static void Apply(const Change& change, Names& names);

  mutable std::mutex mutex_;
  std::condition_variable flush_ended_;
  int flushes_ = 0;
  Names names_;
  Names durable_names_;
  std::vector<Change> unsynced_;
  std::set<std::string> directories_;  // making one is durable
  std::set<std::string> locked_;
  bool frozen_ = false;
  bool full_ = false;
  std::optional<int> writes_until_failure_, syncs_until_failure_, reads_until_failure_;
  bool freeze_at_failure_ = false;
};

// An Env over such files. Compactions wait until they are run, unless they are said to be awaited;
// flushes, which whoever asks for one waits for, run at once on a thread of their own.
class SimulatedMachine final : public rocksdb::EnvWrapper {
 public:
  SimulatedMachine();
  ~SimulatedMachine() override;

  SimulatedFiles& files() const { return *files_; }
  // While set, whoever asks for a compaction may wait for it: those that wait are run, too.
  void SetAwaited(bool awaited);
  // Runs the background job that has waited longest, on this thread. False: none waits.
  bool RunJob();

  void Schedule(void (*function)(void*), void* argument, Priority priority, void* tag,
                void (*unschedule)(void*)) override;
  int UnSchedule(void* tag, Priority priority) override;
  unsigned int GetThreadPoolQueueLen(Priority priority) const override;
  void SetBackgroundThreads(int, Priority) override {}
  int GetBackgroundThreads(Priority priority) override { return priority == BOTTOM ? 0 : 1; }
  void IncBackgroundThreadsIfNeeded(int, Priority) override {}
  void LowerThreadPoolIOPriority(Priority) override {}
  void LowerThreadPoolCPUPriority(Priority) override {}
  rocksdb::Status LowerThreadPoolCPUPriority(Priority, rocksdb::CpuPriority) override {
    return rocksdb::Status::OK();
  }

 private:
  struct Job {
    void (*function)(void*);
    void* argument;
    void* tag;
    void (*unschedule)(void*);
  };
  explicit SimulatedMachine(const std::shared_ptr<SimulatedFiles>& files);
  void RunOnThread(void (*function)(void*), void* argument);  // under the mutex
  void JoinThreads();

  const std::shared_ptr<SimulatedFiles> files_;
  mutable std::mutex mutex_;
  bool awaited_ = false;
  std::list<Job> jobs_;
  std::vector<std::thread> threads_;
};

}  // namespace tally::store
