#include "store/rocks_store.h"

#include <atomic>
#include <mutex>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "store/reopening_store.h"
#include "store/rocks_internal.h"

namespace tally::store {
namespace {

uint64_t IntProperty(rocksdb::DB& db, const std::string& name) {
  uint64_t value = 0;
  return db.GetIntProperty(name, &value) ? value : 0;
}

uint64_t Level0Files(rocksdb::DB& db) {
  std::string text;  // RocksDB has this one as text only
  uint64_t files = 0;
  db.GetProperty(rocksdb::DB::Properties::kNumFilesAtLevelPrefix + "0", &text);
  return absl::SimpleAtoi(text, &files) ? files : 0;
}

uint64_t LogBytes(const OpenDb& open) {
  std::vector<rocksdb::Env::FileAttributes> files;
  if (!open.options.env->GetChildrenFileAttributes(open.path, &files).ok()) return 0;
  uint64_t bytes = 0;
  for (const auto& file : files) {
    if (absl::EndsWith(file.name, ".log")) bytes += file.size_bytes;
  }
  return bytes;
}

StoreStats StatsOf(const OpenDb& open) {
  using Properties = rocksdb::DB::Properties;
  rocksdb::DB& db = *open.db;
  StoreStats stats;
  stats.disk_bytes = IntProperty(db, Properties::kLiveSstFilesSize) + LogBytes(open);
  stats.compacting = IntProperty(db, Properties::kCompactionPending) > 0 ||
                     IntProperty(db, Properties::kNumRunningCompactions) > 0 ||
                     IntProperty(db, Properties::kMemTableFlushPending) > 0 ||
                     IntProperty(db, Properties::kNumRunningFlushes) > 0;
  stats.level0_files = Level0Files(db);
  stats.memory_bytes = IntProperty(db, Properties::kCurSizeAllMemTables) +
                       IntProperty(db, Properties::kEstimateTableReadersMem);
  return stats;
}

// Whether as much can be written as a flush may need.
rocksdb::Status TryToWrite(OpenDb& open) {
  constexpr size_t kPieceBytes = size_t{1} << 20;
  rocksdb::Env& env = *open.options.env;
  const std::string path = open.IngestDir() + "/room.sst";
  const std::string piece(kPieceBytes, 'x');
  std::unique_ptr<rocksdb::WritableFile> file;
  rocksdb::Status status = env.NewWritableFile(path, &file, rocksdb::EnvOptions());
  for (size_t bytes = 0; status.ok() && bytes <= open.options.write_buffer_size;
       bytes += kPieceBytes) {
    status = file->Append(piece);
  }
  if (status.ok()) status = file->Sync();
  if (status.ok()) status = file->Close();
  file.reset();
  env.DeleteFile(path).PermitUncheckedError();
  return status;
}

absl::Status ResumeWriting(OpenDb& open) {
  const absl::Status stopped = open.background_errors->first();
  if (absl::IsDataLoss(stopped)) return stopped;
  const absl::Status room =
      FromRocks(TryToWrite(open), absl::StrCat("store ", open.path, " cannot go on yet"));
  // RocksDB's own way back from such an error is not trusted: it fails for good where room is
  // short.
  if (stopped.ok() || !room.ok()) return room;
  return absl::FailedPreconditionError(
      absl::StrCat("store ", open.path, " must be opened again: ", stopped.message()));
}

class RocksStore : public Store {
 public:
  RocksStore(std::shared_ptr<OpenDb> db, RocksStoreOptions options)
      : db_(std::move(db)), options_(std::move(options)) {
    Publish();
  }

  absl::Status Commit(CommitRows& rows) override {
    std::lock_guard lock(commit_mutex_);
    if (!failure_.ok()) {
      return absl::FailedPreconditionError(
          absl::StrCat("store ", db_->path, " must be opened again: ", failure_.message()));
    }
    // Ingestion would go on beside compactions that have stopped for good.
    absl::Status status = db_->background_errors->first();
    if (status.ok()) status = Apply(rows);
    if (status.ok()) Publish();
    if (!status.ok() && !absl::IsInvalidArgument(status)) SetFailure(status);
    return status;
  }

  absl::Status Resume() override {
    std::lock_guard lock(commit_mutex_);
    if (absl::Status resumed = ResumeWriting(*db_); !resumed.ok()) return resumed;
    // What an ingestion that failed has left: no manifest names it any more.
    db_->options.env->DeleteFile(db_->IngestFile()).PermitUncheckedError();
    SetFailure(absl::OkStatus());
    Publish();
    return absl::OkStatus();
  }

  std::unique_ptr<Snapshot> NewSnapshot() const override {
    std::lock_guard lock(current_mutex_);
    return NewRocksSnapshot(current_);
  }

  absl::Status Sync() override {
    return FromRocks(db_->db->FlushWAL(/*sync=*/true), absl::StrCat("sync of store ", db_->path));
  }

  StoreStats Stats() const override {
    StoreStats stats = StatsOf(*db_);
    std::lock_guard lock(current_mutex_);
    stats.health = failure_.ok() ? db_->background_errors->first() : failure_;
    return stats;
  }

 private:
  absl::Status Apply(CommitRows& rows) {
    CommitWriter writer(*db_, options_, rows.SizeHint());
    while (const std::optional<CommitRows::Row> row = rows.Next()) {
      if (absl::Status status = writer.Add(*row); !status.ok()) return status;
    }
    return writer.Apply(&log_has_rows_);
  }

  // Snapshots are not taken from RocksDB on demand: during an ingestion it moves its sequence
  // number on before the file can be read, and a snapshot of that moment would change under its
  // reader.
  void Publish() {
    auto next = std::make_shared<const PinnedSnapshot>(db_, /*pin=*/true);
    std::lock_guard lock(current_mutex_);
    current_.swap(next);
  }

  void SetFailure(const absl::Status& status) {
    std::lock_guard lock(current_mutex_);
    failure_ = status;
  }

  const std::shared_ptr<OpenDb> db_;
  const RocksStoreOptions options_;

  std::mutex commit_mutex_;
  bool log_has_rows_ = false;  // opening has made what the log held durable

  mutable std::mutex current_mutex_;
  std::shared_ptr<const PinnedSnapshot> current_;  // the state after the last commit
  absl::Status failure_;                           // written under both mutexes
};

class ReadOnlyRocksStore : public Store {
 public:
  explicit ReadOnlyRocksStore(std::shared_ptr<OpenDb> db)
      : db_(db), all_(std::make_shared<const PinnedSnapshot>(std::move(db), /*pin=*/false)) {}

  absl::Status Commit(CommitRows& /*rows*/) override { return ReadOnly(); }
  absl::Status Resume() override { return ReadOnly(); }
  std::unique_ptr<Snapshot> NewSnapshot() const override { return NewRocksSnapshot(all_); }
  absl::Status Sync() override { return ReadOnly(); }
  StoreStats Stats() const override { return StatsOf(*db_); }

 private:
  absl::Status ReadOnly() const {
    return absl::FailedPreconditionError(absl::StrCat("store ", db_->path, " is open read-only"));
  }

  const std::shared_ptr<OpenDb> db_;
  const std::shared_ptr<const PinnedSnapshot> all_;
};

std::shared_ptr<RocksEnvironment> EnvironmentOf(const RocksStoreOptions& options) {
  if (options.environment != nullptr) return options.environment;
  return std::make_shared<RocksEnvironment>(RocksEnvironmentOptions());
}

// Which version of the list of files a reader sees: the manifest only grows, or is replaced.
struct ManifestMark {
  std::string name;
  uint64_t bytes = 0;
  friend bool operator==(const ManifestMark&, const ManifestMark&) = default;
};

absl::StatusOr<ManifestMark> ReadManifestMark(rocksdb::Env& env, const std::string& path) {
  ManifestMark mark;
  rocksdb::Status status = rocksdb::ReadFileToString(&env, path + "/CURRENT", &mark.name);
  if (status.ok()) {
    while (!mark.name.empty() && mark.name.back() == '\n') mark.name.pop_back();
    status = env.GetFileSize(path + "/" + mark.name, &mark.bytes);
  }
  if (!status.ok()) return FromRocks(status, absl::StrCat("opening store ", path));
  return mark;
}

// Whether there is a database. A directory with tables and without CURRENT is a damaged one, which
// RocksDB would take for empty and clear.
absl::StatusOr<bool> Exists(rocksdb::Env& env, const std::string& path) {
  if (env.FileExists(path + "/CURRENT").ok()) return true;
  std::vector<std::string> names;
  const rocksdb::Status status = env.GetChildren(path, &names);
  if (status.IsNotFound() || status.IsPathNotFound()) return false;
  if (!status.ok()) return FromRocks(status, absl::StrCat("opening store ", path));
  for (const std::string& name : names) {
    if (absl::EndsWith(name, ".sst")) {
      return absl::DataLossError(
          absl::StrCat("store ", path, " is damaged: it has tables but no file CURRENT"));
    }
  }
  return false;
}

absl::Status NotFound(const std::string& path) {
  return absl::NotFoundError(absl::StrCat("there is no store at ", path));
}

bool IsLockHeld(const rocksdb::Status& status) {
  return status.IsIOError() && absl::StrContains(status.ToString(), "/LOCK");
}

absl::Status OpenForWriting(OpenDb& open) {
  rocksdb::DB* db = nullptr;
  const rocksdb::Status status = rocksdb::DB::Open(open.options, open.path, &db);
  open.db.reset(db);
  if (IsLockHeld(status)) {
    return absl::FailedPreconditionError(absl::StrCat(
        "store ", open.path, " is in use by another process or handle: ", status.ToString()));
  }
  return FromRocks(status, absl::StrCat("opening store ", open.path));
}

absl::Status ClearIngestDir(const OpenDb& open) {
  rocksdb::Env& env = *open.options.env;
  const std::string dir = open.IngestDir();
  rocksdb::Status status = env.CreateDirIfMissing(dir);
  std::vector<std::string> names;
  if (status.ok()) status = env.GetChildren(dir, &names);
  for (const std::string& name : names) {
    if (!status.ok()) break;
    if (absl::EndsWith(name, ".sst")) status = env.DeleteFile(dir + "/" + name);
  }
  return FromRocks(status, absl::StrCat("opening store ", open.path));
}

// The number of the table that `message` says is missing, as it stands in the file's name. "":
// none.
std::string MissingTable(absl::string_view message) {
  for (const absl::string_view ending : {".sst: no such file", ".ldb: no such file"}) {
    const size_t end = message.find(ending);
    if (end == absl::string_view::npos) continue;
    size_t begin = end;
    while (begin > 0 && absl::ascii_isdigit(static_cast<unsigned char>(message[begin - 1])))
      --begin;
    return std::string(message.substr(begin, end - begin));
  }
  return "";
}

// When the manifest could be written but not synced (a full disk may say so that late), RocksDB
// takes an ingestion back and deletes its table, which the manifest names nevertheless. The file
// that was ingested is still there, and is that table; RocksDB checks by its id that it is. False:
// that is not why the store could not be opened.
bool RestoreIngestedTable(const OpenDb& open, const absl::Status& why) {
  rocksdb::Env& env = *open.options.env;
  const std::string number = MissingTable(why.message());
  if (!absl::IsDataLoss(why) || number.empty()) return false;
  std::unique_ptr<rocksdb::Directory> directory;
  const rocksdb::Status status =
      env.LinkFile(open.IngestFile(), absl::StrCat(open.path, "/", number, ".sst"));
  return status.ok() && env.NewDirectory(open.path, &directory).ok() && directory->Fsync().ok();
}

absl::Status Admit(const RocksStoreOptions& options) {
  if (!options.admit) return absl::OkStatus();
  absl::StatusOr<std::unique_ptr<Store>> store = OpenRocksStoreReadOnly(options);
  if (!store.ok()) return store.status();
  return options.admit(*(*store)->NewSnapshot());
}

}  // namespace

absl::StatusOr<std::unique_ptr<Store>> OpenRocksStore(const RocksStoreOptions& options) {
  auto open = std::make_shared<OpenDb>(options, EnvironmentOf(options));
  const absl::StatusOr<bool> exists = Exists(*open->options.env, options.path);
  if (!exists.ok()) return exists.status();
  if (!*exists && options.mode == OpenMode::kMustExist) return NotFound(options.path);
  const auto admit_and_open = [&] {
    absl::Status status = *exists ? Admit(options) : absl::OkStatus();
    return status.ok() ? OpenForWriting(*open) : status;
  };
  absl::Status status = admit_and_open();
  if (RestoreIngestedTable(*open, status)) status = admit_and_open();
  if (status.ok()) status = ClearIngestDir(*open);
  if (!status.ok()) return status;
  return std::make_unique<RocksStore>(std::move(open), options);
}

namespace {

struct ReadOnlyAttempt {
  std::shared_ptr<OpenDb> open;
  absl::Status status;
  bool stable = false;  // the writer changed no table meanwhile
};

// Opening reads the manifest first and the logs after it: only if the manifest has not changed by
// then do both belong to one state.
ReadOnlyAttempt TryOpenReadOnly(const RocksStoreOptions& options,
                                const std::shared_ptr<RocksEnvironment>& environment) {
  ReadOnlyAttempt attempt;
  attempt.open = std::make_shared<OpenDb>(options, environment);
  OpenDb& open = *attempt.open;
  open.options.create_if_missing = false;
  open.options.max_open_files = -1;  // the writer may delete what is not open yet
  const absl::StatusOr<ManifestMark> before = ReadManifestMark(*open.options.env, open.path);
  rocksdb::DB* db = nullptr;
  const rocksdb::Status status = rocksdb::DB::OpenForReadOnly(open.options, open.path, &db);
  open.db.reset(db);
  const absl::StatusOr<ManifestMark> after = ReadManifestMark(*open.options.env, open.path);
  attempt.status = FromRocks(status, absl::StrCat("opening store ", open.path, " read-only"));
  attempt.stable = before.ok() && after.ok() && *before == *after;
  return attempt;
}

constexpr int kAttemptsMax = 40;
constexpr int kStableErrorsMax = 3;
constexpr absl::Duration kAttemptPause = absl::Milliseconds(50);

}  // namespace

absl::StatusOr<std::unique_ptr<Store>> OpenRocksStoreReadOnly(const RocksStoreOptions& options) {
  const std::shared_ptr<RocksEnvironment> environment = EnvironmentOf(options);
  const absl::StatusOr<bool> exists = Exists(*environment->parts().env, options.path);
  if (!exists.ok()) return exists.status();
  if (!*exists) return NotFound(options.path);
  int stable_errors = 0;
  for (int attempt = 0; attempt < kAttemptsMax; ++attempt) {
    if (attempt > 0) absl::SleepFor(kAttemptPause);
    ReadOnlyAttempt tried = TryOpenReadOnly(options, environment);
    if (tried.stable && tried.status.ok()) {
      return std::make_unique<ReadOnlyRocksStore>(std::move(tried.open));
    }
    // Files of an older state may still go away for a moment after the manifest has changed.
    if (tried.stable && ++stable_errors >= kStableErrorsMax) return tried.status;
  }
  return absl::UnavailableError(absl::StrCat(
      "store ", options.path, " changes faster than it can be opened for reading: try again"));
}

absl::StatusOr<std::unique_ptr<Store>> OpenReopeningRocksStore(const RocksStoreOptions& options) {
  auto opened = OpenRocksStore(options);
  if (!opened.ok()) return opened;
  RocksStoreOptions again = options;
  again.mode = OpenMode::kMustExist;
  again.admit = nullptr;  // it has been
  again.environment = EnvironmentOf(options);
  const auto open_read_only = [again] {
    auto read_only = OpenRocksStoreReadOnly(again);
    const OpenDb files(again, again.environment);
    if (!RestoreIngestedTable(files, read_only.status())) return read_only;
    return OpenRocksStoreReadOnly(again);
  };
  return std::make_unique<ReopeningStore>(
      *std::move(opened), [again] { return OpenRocksStore(again); }, open_read_only);
}

}  // namespace tally::store
