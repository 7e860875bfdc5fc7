#include "tools/tally/rebuild.h"

#include <algorithm>
#include <filesystem>
#include <optional>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "store/shard_directory.h"
#include "tools/tally/progress.h"
#include "tools/tally/shard_rebuild.h"
#include "tools/tally/table.h"

namespace tally::cli {
namespace {

int Fail(const absl::Status& status, Console& console) {
  console.Message(Printable(std::string(status.message())));
  return kFailure;
}

absl::StatusOr<std::vector<int32_t>> ShardsWanted(const RebuildOptions& options,
                                                  const store::DataDir& directory) {
  auto there = directory.ListShards();
  if (!there.ok() || options.shards.empty()) return there;
  for (const int32_t wanted : options.shards) {
    if (std::binary_search(there->begin(), there->end(), wanted)) continue;
    return absl::NotFoundError(absl::StrCat(directory.path(), " has no shard ", wanted, ", it has ",
                                            absl::StrJoin(*there, ", ")));
  }
  return options.shards;
}

int DeleteOld(const store::DataDir& directory, const std::vector<int32_t>& partitions,
              Console& console) {
  int deleted = 0;
  for (const int32_t partition : partitions) {
    const std::string path = directory.OldShardPath(partition);
    std::error_code error;
    if (!std::filesystem::exists(path, error)) continue;
    std::filesystem::remove_all(path, error);
    if (error)
      return Fail(absl::UnavailableError(absl::StrCat(path, ": ", error.message())), console);
    console.out << "deleted " << Printable(path) << "\n";
    ++deleted;
  }
  if (deleted == 0) console.out << "no rebuild has kept an old store\n";
  return kOk;
}

class Rebuilder {
 public:
  Rebuilder(const store::DataDir& directory, const ReplaySession& session, Console& console)
      : directory_(directory), session_(session), console_(console) {}

  absl::Status Rebuild(int32_t partition) {
    const std::string kept = directory_.OldShardPath(partition);
    if (std::filesystem::exists(kept)) {
      return absl::FailedPreconditionError(
          absl::StrCat("an earlier rebuild has kept ", kept,
                       ": delete it with `tally rebuild --delete-old`, or move it away"));
    }
    const OldStore old = ReadOldStore(directory_.ShardPath(partition));
    auto lineage = LineageFor(partition, old);
    if (!lineage.ok()) return lineage.status();
    auto plan = PlanRebuild(session_, *lineage, old.checkpoint);
    if (!plan.ok()) return plan.status();
    auto made = Build(*plan, partition);
    if (!made.ok()) return made.status();
    if (auto status = SwapStores(directory_, partition); !status.ok()) return status;
    Tell(partition, old, *made);
    return absl::OkStatus();
  }

 private:
  // Its own, or what the directory's other shards have in common with it.
  absl::StatusOr<store::Lineage> LineageFor(int32_t partition, const OldStore& old) const {
    if (old.lineage) return *old.lineage;
    auto others = directory_.ListShards();
    if (!others.ok()) return others.status();
    for (const int32_t other : *others) {
      OldStore beside = ReadOldStore(directory_.ShardPath(other));
      if (!beside.lineage) continue;
      beside.lineage->partition = partition;
      beside.lineage->log_base = {};
      return *beside.lineage;
    }
    return absl::DataLossError(
        "no shard of the directory can be read, so nothing says what they were made from: start "
        "tallyd with a new --data-dir, it reads the topics from their start");
  }

  absl::StatusOr<CheckpointRow> Build(const RebuildPlan& plan, int32_t partition) {
    int64_t total = 0;
    for (const int64_t offset : plan.until) total += offset;
    for (const int64_t base : plan.lineage.log_base) total -= base;
    Progress progress(console_, absl::StrCat("shard ", partition, ": rebuilding"), total);
    return BuildNewStore(session_, plan, directory_.NewShardPath(partition), [&](int64_t offsets) {
      progress.Show(offsets, offsets);
      return !console_.Interrupted();
    });
  }

  void Tell(int32_t partition, const OldStore& old, const CheckpointRow& made) {
    const Offsets& at = made.next_offsets;
    console_.out << "shard " << partition << ": rebuilt to offsets " << at[0] << "/" << at[1] << "/"
                 << at[2] << ", " << GroupDigits(absl::StrCat(made.events)) << " events, "
                 << GroupDigits(absl::StrCat(made.participants)) << " participants, digest "
                 << domain::ToHex(made.digest);
    if (old.checkpoint && old.checkpoint->next_offsets == at &&
        old.lineage->fold_version == store::kFoldVersion) {
      console_.out << (old.checkpoint->digest == made.digest ? ", as the old store had"
                                                             : ", unlike the old store's");
    }
    console_.out << "; the old one is kept as " << Printable(directory_.OldShardPath(partition))
                 << "\n"
                 << std::flush;
  }

  const store::DataDir& directory_;
  const ReplaySession& session_;
  Console& console_;
};

}  // namespace

int RunRebuild(const RebuildOptions& options, Console& console) {
  if (console.catch_signals != nullptr) console.catch_signals();
  // Not made if it is missing.
  auto there = store::DataDir::Open(options.data_dir, store::DataDirMode::kReadOnly);
  if (!there.ok()) return Fail(there.status(), console);
  auto directory = store::DataDir::Open(options.data_dir, store::DataDirMode::kReadWrite);
  if (!directory.ok()) return Fail(directory.status(), console);
  const auto partitions = ShardsWanted(options, *directory);
  if (!partitions.ok()) return Fail(partitions.status(), console);
  if (options.delete_old) return DeleteOld(*directory, *partitions, console);
  auto session = ReplaySession::Connect(options.replay);
  if (!session.ok()) return Fail(session.status(), console);
  Rebuilder rebuilder(*directory, **session, console);
  int code = kOk;
  for (const int32_t partition : *partitions) {
    if (console.Interrupted()) break;
    const absl::Status status = rebuilder.Rebuild(partition);
    if (status.ok()) continue;
    code = kFailure;
    console.Message(absl::StrCat("shard ", partition,
                                 ": not rebuilt: ", Printable(std::string(status.message()))));
  }
  if (!console.Interrupted()) return code;
  console.Message("interrupted: what was rebuilt until then is in place, the rest is as it was");
  return kFailure;
}

}  // namespace tally::cli
