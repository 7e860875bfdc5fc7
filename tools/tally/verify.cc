#include "tools/tally/verify.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "processor/shard_store.h"
#include "store/shard_directory.h"
#include "tools/tally/progress.h"
#include "tools/tally/shard_verdict.h"
#include "tools/tally/table.h"

namespace tally::cli {
namespace {

int Unchecked(const absl::Status& status, Console& console) {
  console.Message(Printable(std::string(status.message())));
  return kUnchecked;
}

absl::StatusOr<std::vector<int32_t>> ShardsToCheck(const VerifyOptions& options,
                                                   const store::DataDir& directory) {
  auto there = directory.ListShards();
  if (!there.ok()) return there.status();
  if (there->empty()) {
    return absl::NotFoundError(absl::StrCat(directory.path(), " holds no shards"));
  }
  for (const int32_t wanted : options.shards) {
    if (std::binary_search(there->begin(), there->end(), wanted)) continue;
    return absl::NotFoundError(absl::StrCat(directory.path(), " has no shard ", wanted, ", it has ",
                                            absl::StrJoin(*there, ", ")));
  }
  return options.shards.empty() ? there : options.shards;
}

ShardVerdict VerifyShard(const VerifyOptions& options, const store::DataDir& directory,
                         int32_t partition, const RowsProgress& progress) {
  ShardVerdict verdict;
  verdict.partition = partition;
  auto store = OpenShardStoreReadOnly(directory.ShardPath(partition), nullptr);
  if (!store.ok()) {
    verdict.verdict = VerdictOf(store.status());
    verdict.why = std::string(store.status().message());
    return verdict;
  }
  CheckRows(*(*store)->NewSnapshot(), options.findings_max, progress, &verdict);
  return verdict;
}

std::vector<ShardVerdict> VerifyShards(const VerifyOptions& options,
                                       const store::DataDir& directory,
                                       const std::vector<int32_t>& partitions, Console& console) {
  Progress progress(console, "checking", 0);
  int64_t before = 0;
  int64_t rows = 0;
  const RowsProgress on_rows = [&](uint64_t rows_seen) {
    rows = before + static_cast<int64_t>(rows_seen);
    progress.Update(rows, rows);
    return !console.Interrupted();
  };
  std::vector<ShardVerdict> shards;
  for (const int32_t partition : partitions) {
    if (console.Interrupted()) {
      shards.push_back({.partition = partition, .why = "interrupted"});
      continue;
    }
    shards.push_back(VerifyShard(options, directory, partition, on_rows));
    before = rows;
  }
  return shards;
}

int ExitCodeOf(const VerifyOptions& options, const std::vector<ShardVerdict>& shards) {
  const bool any_equal = std::any_of(shards.begin(), shards.end(), [](const auto& shard) {
    return shard.verdict == Verdict::kEqual;
  });
  switch (Worst(shards)) {
    case Verdict::kEqual:
      return kOk;
    case Verdict::kDiffers:
      return kFailure;
    case Verdict::kUnchecked:
      break;
  }
  return options.allow_unchecked && any_equal ? kOk : kUnchecked;
}

}  // namespace

int RunVerify(const VerifyOptions& options, Console& console) {
  if (console.catch_signals != nullptr) console.catch_signals();
  auto directory = store::DataDir::Open(options.data_dir, store::DataDirMode::kReadOnly);
  if (!directory.ok()) return Unchecked(directory.status(), console);
  const auto partitions = ShardsToCheck(options, *directory);
  if (!partitions.ok()) return Unchecked(partitions.status(), console);
  const auto shards = VerifyShards(options, *directory, *partitions, console);
  console.out << (options.json ? VerdictsJson(directory->path(), shards)
                               : VerdictsText(directory->path(), shards, console.out_color));
  return console.Interrupted() ? int{kUnchecked} : ExitCodeOf(options, shards);
}

}  // namespace tally::cli
