#include "tools/tally/shard_rebuild.h"

#include <algorithm>
#include <filesystem>
#include <utility>

#include "absl/strings/str_cat.h"
#include "processor/shard_store.h"
#include "processor/store_check.h"
#include "store/files.h"

namespace tally::cli {
namespace {

void RemoveAll(const std::string& path) {
  std::error_code ignored;
  std::filesystem::remove_all(path, ignored);
}

std::string PartitionName(const store::Lineage& lineage, int topic) {
  return absl::StrCat(lineage.topic_prefix,
                      std::string(domain::TopicSuffix(static_cast<domain::Topic>(topic))), "/",
                      lineage.partition);
}

// Where the new state begins: at the log's start, or where the old one began.
absl::Status SetLogBase(const std::vector<LogRange>& ranges, store::Lineage* lineage) {
  for (int topic = 0; topic < domain::kTopicCount; ++topic) {
    const int64_t begin = ranges[static_cast<size_t>(topic)].begin;
    int64_t& base = lineage->log_base[static_cast<size_t>(topic)];
    if (begin == 0) base = 0;
    if (begin <= base) continue;
    return absl::OutOfRangeError(absl::StrCat(
        "its history is gone: ", PartitionName(*lineage, topic), " begins at offset ", begin,
        ", and the state at ", base, ". Nothing was changed; restore a backup instead"));
  }
  return absl::OkStatus();
}

bool Reaches(const std::vector<LogRange>& ranges, const Offsets& offsets) {
  for (int topic = 0; topic < domain::kTopicCount; ++topic) {
    if (ranges[static_cast<size_t>(topic)].end < offsets[static_cast<size_t>(topic)]) return false;
  }
  return true;
}

// All rows, against the digest that the replay kept.
absl::StatusOr<CheckpointRow> CheckNewStore(const std::string& path, const Offsets& until) {
  auto store = OpenShardStoreReadOnly(path, nullptr);
  if (!store.ok()) return store.status();
  const auto snapshot = (*store)->NewSnapshot();
  auto checkpoint = ReadCheckpoint(*snapshot);
  if (!checkpoint.ok()) return checkpoint.status();
  if (auto scan = ScanStore(*snapshot); !scan.ok()) return scan.status();
  if (checkpoint->next_offsets != until) {
    return absl::InternalError("the new store is not at the offsets that it was made to");
  }
  return checkpoint;
}

}  // namespace

OldStore ReadOldStore(const std::string& path) {
  OldStore old;
  auto store = OpenShardStoreReadOnly(path, nullptr);
  if (!store.ok()) return old;
  const auto snapshot = (*store)->NewSnapshot();
  auto lineage = ReadLineage(*snapshot);
  if (!lineage.ok()) return old;
  old.lineage = *std::move(lineage);
  if (old.lineage->state_format_version != store::kStateFormatVersion) return old;
  if (auto checkpoint = ReadCheckpoint(*snapshot); checkpoint.ok()) old.checkpoint = *checkpoint;
  return old;
}

absl::StatusOr<RebuildPlan> PlanRebuild(const ReplaySession& session, const store::Lineage& lineage,
                                        const std::optional<CheckpointRow>& old) {
  RebuildPlan plan{.lineage = lineage};
  plan.lineage.state_format_version = store::kStateFormatVersion;
  plan.lineage.fold_version = store::kFoldVersion;
  if (auto status = session.CheckLineage(plan.lineage); !status.ok()) return status;
  auto ranges = session.Ranges(plan.lineage);
  if (!ranges.ok()) return ranges.status();
  if (auto status = SetLogBase(*ranges, &plan.lineage); !status.ok()) return status;
  // As far as the old one: what comes after, tallyd reads, and writes its dead letters.
  if (old && Reaches(*ranges, old->next_offsets)) {
    plan.until = old->next_offsets;
    return plan;
  }
  for (size_t topic = 0; topic < plan.until.size(); ++topic) {
    plan.until[topic] = (*ranges)[topic].end;
  }
  auto letters = session.LettersWrittenBelow(plan.lineage);
  if (!letters.ok()) return letters.status();
  plan.letters_written_below = *letters;
  return plan;
}

absl::StatusOr<CheckpointRow> BuildNewStore(const ReplaySession& session, RebuildPlan plan,
                                            const std::string& path,
                                            const std::function<bool(int64_t)>& progress) {
  // Every repetition ends earlier in one topic, before a record that ended the last one; a topic's
  // first such record is met first, so there are no more than topics.
  for (int left = domain::kTopicCount;; --left) {
    RemoveAll(path);
    ReplayOptions options = session.Plan(plan.lineage, plan.until, path, progress);
    options.letters_written_below = plan.letters_written_below;
    std::optional<LetterMissing> missing;
    const absl::Status status = ReplayShard(options, &missing);
    if (status.ok()) break;
    if (!missing || left == 0) {
      RemoveAll(path);
      return status;
    }
    plan.until[static_cast<size_t>(domain::Index(missing->topic))] = missing->offset;
  }
  auto checked = CheckNewStore(path, plan.until);
  if (!checked.ok()) RemoveAll(path);
  return checked;
}

absl::Status SwapStores(const store::DataDir& directory, int32_t partition) {
  const std::string path = directory.ShardPath(partition);
  const std::string made = directory.NewShardPath(partition);
  const std::string kept = directory.OldShardPath(partition);
  // The new one has the kept one's name for a moment: what an interruption leaves under it may be
  // deleted in either case.
  if (auto status = store::RenameDurably(made, kept); !status.ok()) return status;
  const absl::Status exchanged = store::ExchangeDurably(kept, path);
  if (!absl::IsUnimplemented(exchanged)) return exchanged;
  // Between the last two renames the place is empty: who looks then makes a new store from the log.
  absl::Status status = store::RenameDurably(kept, made);
  if (status.ok()) status = store::RenameDurably(path, kept);
  return status.ok() ? store::RenameDurably(made, path) : status;
}

}  // namespace tally::cli
