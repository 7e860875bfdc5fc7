#include "tools/tally/backup.h"

#include <algorithm>
#include <filesystem>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/time/clock.h"
#include "processor/shard_store.h"
#include "store/files.h"
#include "store/shard_directory.h"
#include "tools/tally/backup_manifest.h"
#include "tools/tally/progress.h"
#include "tools/tally/table.h"

namespace tally::cli {
namespace {

int Fail(const absl::Status& status, Console& console) {
  console.Message(Printable(std::string(status.message())));
  return kFailure;
}

absl::Status OfShard(int32_t partition, const absl::Status& status) {
  return absl::Status(status.code(), absl::StrCat("shard ", partition, ": ", status.message()));
}

void RemoveAll(const std::string& path) {
  std::error_code ignored;
  std::filesystem::remove_all(path, ignored);
}

// The directory itself may have been there before.
void RemoveContent(const std::string& path) {
  std::error_code ignored;
  for (const auto& entry : std::filesystem::directory_iterator(path, ignored)) {
    RemoveAll(entry.path().string());
  }
}

absl::StatusOr<std::vector<int32_t>> Chosen(const std::vector<int32_t>& there,
                                            const std::vector<int32_t>& wanted,
                                            const std::string& where) {
  if (there.empty()) return absl::NotFoundError(absl::StrCat(where, " holds no shards"));
  for (const int32_t partition : wanted) {
    if (std::find(there.begin(), there.end(), partition) != there.end()) continue;
    return absl::NotFoundError(
        absl::StrCat(where, " has no shard ", partition, ", it has ", absl::StrJoin(there, ", ")));
  }
  return wanted.empty() ? there : wanted;
}

// A backup without naming shards is of all: one that is gone must not go unnoticed.
absl::Status CheckNoneIsGone(const store::DataDir& from, const std::vector<int32_t>& there) {
  const auto expected = from.ExpectedShards();
  if (!expected.ok()) return expected.status();
  if (!expected->has_value()) return absl::OkStatus();
  for (const int32_t partition : **expected) {
    if (std::find(there.begin(), there.end(), partition) != there.end()) continue;
    return absl::NotFoundError(
        absl::StrCat(from.ShardPath(partition), " is gone, though ", from.path(),
                     "/SHARDS says that it belongs here; to back up the others, name them with "
                     "--shard: ",
                     absl::StrJoin(there, ", ")));
  }
  return absl::OkStatus();
}

// Copies a shard's store from one directory to another, under the name of one that is being made.
absl::StatusOr<StoreIdentity> CopyShard(const store::DataDir& from, const store::DataDir& to,
                                        int32_t partition, Console& console) {
  auto store = OpenShardStoreReadOnly(from.ShardPath(partition), nullptr);
  if (!store.ok()) return store.status();
  const std::string path = to.NewShardPath(partition);
  RemoveAll(path);
  Progress progress(console, absl::StrCat("shard ", partition, ": copying"), 0);
  auto copied = CopyStore(*(*store)->NewSnapshot(), path, [&](uint64_t rows) {
    progress.Show(static_cast<int64_t>(rows), static_cast<int64_t>(rows));
    return !console.Interrupted();
  });
  if (!copied.ok()) RemoveAll(path);
  return copied;
}

void Tell(int32_t partition, const StoreIdentity& identity, const char* done, Console& console) {
  const CheckpointRow& row = identity.checkpoint;
  const Offsets& at = row.next_offsets;
  console.out << "shard " << partition << ": " << done << " at offsets " << at[0] << "/" << at[1]
              << "/" << at[2] << ", " << GroupDigits(absl::StrCat(row.events)) << " events, "
              << GroupDigits(absl::StrCat(row.participants)) << " participants, digest "
              << domain::ToHex(row.digest) << "\n"
              << std::flush;
}

// `to` is empty or missing: otherwise the directory's own checks would let a data directory pass.
absl::Status CheckIsNew(const std::string& to) {
  std::error_code error;
  if (!std::filesystem::exists(to, error)) return absl::OkStatus();
  if (std::filesystem::is_directory(to, error) && std::filesystem::is_empty(to, error)) {
    return absl::OkStatus();
  }
  return absl::AlreadyExistsError(
      absl::StrCat(to, " exists and is not empty: a backup is made in a directory of its own"));
}

absl::Status Backup(const store::DataDir& from, const store::DataDir& to,
                    const std::vector<int32_t>& partitions, Console& console) {
  BackupManifest manifest{.created = absl::Now(), .shards = {}};
  for (const int32_t partition : partitions) {
    auto copied = CopyShard(from, to, partition, console);
    if (!copied.ok()) return OfShard(partition, copied.status());
    if (auto status = store::RenameDurably(to.NewShardPath(partition), to.ShardPath(partition));
        !status.ok()) {
      return status;
    }
    manifest.shards.push_back(Describe(partition, *copied));
    Tell(partition, *copied, "backed up", console);
  }
  if (auto status = to.ExpectShards(partitions); !status.ok()) return status;
  return WriteManifest(to.path(), manifest);
}

const BackedUpShard& ShardOf(const BackupManifest& manifest, int32_t partition) {
  return *std::find_if(manifest.shards.begin(), manifest.shards.end(),
                       [partition](const auto& shard) { return shard.partition == partition; });
}

// Before anything is written: nothing is in the way, and what is there is of the same lineage.
absl::Status CheckTarget(const BackupManifest& manifest, const store::DataDir& to,
                         const std::vector<int32_t>& partitions) {
  auto there = to.ListShards();
  if (!there.ok()) return there.status();
  for (const int32_t partition : partitions) {
    if (!std::filesystem::exists(to.ShardPath(partition))) continue;
    return absl::AlreadyExistsError(absl::StrCat(
        to.ShardPath(partition), " exists, and nothing is overwritten: move it away first"));
  }
  for (const int32_t partition : *there) {
    auto store = OpenShardStoreReadOnly(to.ShardPath(partition), nullptr);
    if (!store.ok()) continue;
    const auto lineage = ReadLineage(*(*store)->NewSnapshot());
    if (!lineage.ok()) continue;
    auto backed_up = store::DecodeLineage(manifest.shards.front().lineage);
    if (!backed_up.ok()) return backed_up.status();
    backed_up->partition = partition;
    if (auto status = store::CheckLineage(*lineage, *backed_up); !status.ok()) {
      return absl::FailedPreconditionError(
          absl::StrCat("the backup is of another lineage than shard ", partition, " of ", to.path(),
                       ": ", status.message()));
    }
  }
  return absl::OkStatus();
}

absl::Status Restore(const BackupManifest& manifest, const store::DataDir& from,
                     const store::DataDir& to, int32_t partition, Console& console) {
  auto copied = CopyShard(from, to, partition, console);
  if (!copied.ok()) return copied.status();
  const std::string path = to.NewShardPath(partition);
  absl::Status status = CheckIdentity(ShardOf(manifest, partition), *copied);
  if (status.ok()) status = store::RenameDurably(path, to.ShardPath(partition));
  if (!status.ok()) {
    RemoveAll(path);
    return status;
  }
  Tell(partition, *copied, "restored", console);
  return absl::OkStatus();
}

}  // namespace

int RunBackup(const BackupOptions& options, Console& console) {
  if (console.catch_signals != nullptr) console.catch_signals();
  auto from = store::DataDir::Open(options.data_dir, store::DataDirMode::kReadOnly);
  if (!from.ok()) return Fail(from.status(), console);
  auto there = from->ListShards();
  if (!there.ok()) return Fail(there.status(), console);
  const auto partitions = Chosen(*there, options.shards, from->path());
  if (!partitions.ok()) return Fail(partitions.status(), console);
  if (options.shards.empty()) {
    if (auto status = CheckNoneIsGone(*from, *there); !status.ok()) return Fail(status, console);
  }
  if (auto status = CheckIsNew(options.to); !status.ok()) return Fail(status, console);
  auto to = store::DataDir::Open(options.to, store::DataDirMode::kReadWrite);
  if (!to.ok()) return Fail(to.status(), console);
  const absl::Status status = Backup(*from, *to, *partitions, console);
  if (status.ok()) return kOk;
  RemoveContent(to->path());
  Fail(status, console);
  console.Message("there is no backup; what was made of it has been removed");
  return kFailure;
}

int RunRestore(const RestoreOptions& options, Console& console) {
  if (console.catch_signals != nullptr) console.catch_signals();
  auto from = store::DataDir::Open(options.from, store::DataDirMode::kReadOnly);
  if (!from.ok()) return Fail(from.status(), console);
  const auto manifest = ReadManifest(from->path());
  if (!manifest.ok()) return Fail(manifest.status(), console);
  std::vector<int32_t> there;
  for (const BackedUpShard& shard : manifest->shards) there.push_back(shard.partition);
  const auto partitions = Chosen(there, options.shards, from->path());
  if (!partitions.ok()) return Fail(partitions.status(), console);
  auto to = store::DataDir::Open(options.data_dir, store::DataDirMode::kReadWrite);
  if (!to.ok()) return Fail(to.status(), console);
  if (auto status = CheckTarget(*manifest, *to, *partitions); !status.ok()) {
    return Fail(status, console);
  }
  for (const int32_t partition : *partitions) {
    const absl::Status status = Restore(*manifest, *from, *to, partition, console);
    if (status.ok()) continue;
    Fail(OfShard(partition, status), console);
    console.Message("shards named before it are in place, the others are as they were");
    return kFailure;
  }
  return kOk;
}

}  // namespace tally::cli
