#include "tools/tally/verify.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "processor/shard_store.h"
#include "store/shard_directory.h"
#include "tools/tally/log_comparison.h"
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

absl::Status AddMissing(const store::DataDir& directory, const std::vector<int32_t>& there,
                        std::vector<ShardVerdict>& shards) {
  const auto expected = directory.ExpectedShards();
  if (!expected.ok()) return expected.status();
  if (!expected->has_value()) return absl::OkStatus();
  for (const int32_t partition : **expected) {
    if (std::binary_search(there.begin(), there.end(), partition)) continue;
    ShardVerdict verdict;
    verdict.partition = partition;
    verdict.why =
        absl::StrCat(directory.ShardPath(partition), " is gone, though ", directory.path(),
                     "/SHARDS says that it belongs here: tallyd makes it anew from the "
                     "topics when it starts, or restore a backup");
    shards.push_back(std::move(verdict));
  }
  std::sort(shards.begin(), shards.end(),
            [](const auto& a, const auto& b) { return a.partition < b.partition; });
  return absl::OkStatus();
}

// What comparing with the log takes; all null without it.
struct LogParts {
  std::unique_ptr<ReplaySession> session;
  std::unique_ptr<ScratchDirectory> scratch;
};

absl::StatusOr<LogParts> PrepareLog(const VerifyOptions& options) {
  LogParts log;
  if (!options.against_log) return log;
  auto session = ReplaySession::Connect(options.replay);
  if (!session.ok()) return session.status();
  auto scratch = ScratchDirectory::Make(options.scratch_dir);
  if (!scratch.ok()) return scratch.status();
  log.session = *std::move(session);
  log.scratch = *std::move(scratch);
  return log;
}

// One directory's shards, one after the other.
class Verifier {
 public:
  Verifier(const VerifyOptions& options, const store::DataDir& directory, const LogParts& log,
           Console& console)
      : options_(options), directory_(directory), log_(log), console_(console) {}

  ShardVerdict Verify(int32_t partition) {
    ShardVerdict verdict;
    verdict.partition = partition;
    if (console_.Interrupted()) {
      verdict.why = "interrupted";
      return verdict;
    }
    auto store = OpenShardStoreReadOnly(directory_.ShardPath(partition), nullptr);
    if (!store.ok()) {
      verdict.verdict = VerdictOf(store.status());
      verdict.why = std::string(store.status().message());
      return verdict;
    }
    const auto snapshot = (*store)->NewSnapshot();
    CheckAll(*snapshot, &verdict);
    if (log_.session != nullptr) Compare(*snapshot, &verdict);
    return verdict;
  }

 private:
  void CheckAll(const store::Snapshot& snapshot, ShardVerdict* verdict) {
    Progress progress(console_, absl::StrCat("shard ", verdict->partition, ": checking"), 0);
    const RowsProgress on_rows = [&](uint64_t rows) {
      progress.Update(static_cast<int64_t>(rows), static_cast<int64_t>(rows));
      return !console_.Interrupted();
    };
    CheckRows(snapshot, options_.findings_max, on_rows, verdict);
  }

  void Compare(const store::Snapshot& snapshot, ShardVerdict* verdict) {
    int64_t total = 0;
    if (verdict->checkpoint) {
      for (const int64_t offset : verdict->checkpoint->next_offsets) total += offset;
      for (const int64_t base : verdict->lineage->log_base) total -= base;
    }
    Progress progress(console_, absl::StrCat("shard ", verdict->partition, ": replaying"), total);
    const auto on_offsets = [&](int64_t offsets) {
      progress.Show(offsets, offsets);
      return !console_.Interrupted();
    };
    CompareWithLog(*log_.session, snapshot, *log_.scratch, options_.findings_max, on_offsets,
                   verdict);
  }

  const VerifyOptions& options_;
  const store::DataDir& directory_;
  const LogParts& log_;
  Console& console_;
};

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
  const auto log = PrepareLog(options);
  if (!log.ok()) return Unchecked(log.status(), console);
  Verifier verifier(options, *directory, *log, console);
  std::vector<ShardVerdict> shards;
  for (const int32_t partition : *partitions) shards.push_back(verifier.Verify(partition));
  if (options.shards.empty()) {
    if (auto status = AddMissing(*directory, *partitions, shards); !status.ok()) {
      return Unchecked(status, console);
    }
  }
  console.out << (options.json ? VerdictsJson(directory->path(), shards)
                               : VerdictsText(directory->path(), shards, console.out_color));
  return console.Interrupted() ? int{kUnchecked} : ExitCodeOf(options, shards);
}

}  // namespace tally::cli
