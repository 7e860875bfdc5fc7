#include "tools/tally/log_comparison.h"

#include <algorithm>
#include <filesystem>

#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "processor/log_replay.h"
#include "processor/shard_store.h"
#include "processor/store_diff.h"

namespace tally::cli {
namespace {

// The replayed store, removed when done.
class Replayed {
 public:
  Replayed(const ScratchDirectory& scratch, int32_t partition)
      : path_(absl::StrCat(scratch.path(), "/shard-", partition)) {}
  ~Replayed() {
    store_.reset();
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  Replayed(const Replayed&) = delete;
  Replayed& operator=(const Replayed&) = delete;

  const std::string& path() const { return path_; }
  absl::Status Open() {
    auto store = OpenShardStoreReadOnly(path_, nullptr);
    if (store.ok()) store_ = *std::move(store);
    return store.status();
  }
  std::unique_ptr<store::Snapshot> NewSnapshot() const { return store_->NewSnapshot(); }

 private:
  const std::string path_;
  std::unique_ptr<store::Store> store_;
};

absl::Status ReplayInto(Replayed& replayed, const ReplaySession& session,
                        const std::function<bool(int64_t)>& progress, ShardVerdict* verdict) {
  const store::Lineage& lineage = *verdict->lineage;
  const Offsets& until = verdict->checkpoint->next_offsets;
  if (auto status = session.CheckLineage(lineage); !status.ok()) return status;
  const auto ranges = session.Ranges(lineage);
  if (!ranges.ok()) return ranges.status();
  if (auto status = CheckReplayable(lineage, until, *ranges); !status.ok()) return status;
  if (auto status = session.CheckSameLog(lineage, *verdict->checkpoint); !status.ok()) {
    if (absl::IsDataLoss(status)) verdict->verdict = Verdict::kDiffers;
    return status;
  }
  auto status = ReplayShard(session.Plan(lineage, until, replayed.path(), progress));
  return status.ok() ? replayed.Open() : status;
}

void Merge(const Findings& findings, size_t findings_max, ShardVerdict* verdict) {
  verdict->findings_count += findings.count();
  for (const Finding& finding : findings.kept()) {
    if (verdict->findings.size() < findings_max) verdict->findings.push_back(finding);
  }
}

// What the log's state is compared by: the digest of the rows, not the one that was stored.
bool SameState(const ShardVerdict& verdict, const CheckpointRow& log) {
  const auto& scan = verdict.scan;
  return scan && scan->digest == log.digest && scan->events == log.events &&
         scan->participants == log.participants && scan->distributions == log.distributions;
}

absl::Status Compare(const Replayed& replayed, const store::Snapshot& snapshot, size_t findings_max,
                     ShardVerdict* verdict) {
  const auto right = replayed.NewSnapshot();
  const auto log = ReadCheckpoint(*right);
  if (!log.ok()) return absl::InternalError(log.status().message());
  verdict->log_digest = log->digest;
  if (SameState(*verdict, *log)) return absl::OkStatus();
  verdict->verdict = Verdict::kDiffers;
  Findings findings(findings_max);
  findings.Add({"", "all rows", "digest",
                verdict->scan ? domain::ToHex(verdict->scan->digest) : "unknown",
                absl::StrCat(domain::ToHex(log->digest), " (of the log's records)")});
  const absl::Status status = DiffStores(snapshot, *right, findings);
  Merge(findings, findings_max, verdict);
  return status;
}

bool IsBaseAccepted(const store::Lineage& lineage) {
  return std::any_of(lineage.log_base.begin(), lineage.log_base.end(),
                     [](int64_t base) { return base > 0; });
}

// Of a log that is another one: a store that is only looked at is not quarantined by that.
absl::string_view WithoutState(const absl::Status& status) {
  return absl::StripPrefix(status.message(), "quarantined, since ");
}

// A second reason goes after the first.
void AddReason(const std::string& why, ShardVerdict* verdict) {
  absl::StrAppend(&verdict->why, verdict->why.empty() ? "" : "; ", why);
}

}  // namespace

void CompareWithLog(const ReplaySession& session, const store::Snapshot& snapshot,
                    const ScratchDirectory& scratch, size_t findings_max,
                    const std::function<bool(int64_t)>& progress, ShardVerdict* verdict) {
  if (!verdict->lineage || !verdict->checkpoint) return;  // said already
  Replayed replayed(scratch, verdict->partition);
  if (auto status = ReplayInto(replayed, session, progress, verdict); !status.ok()) {
    if (verdict->verdict == Verdict::kEqual) verdict->verdict = Verdict::kUnchecked;
    return AddReason(absl::StrCat("not compared with the log: ", WithoutState(status)), verdict);
  }
  if (auto status = Compare(replayed, snapshot, findings_max, verdict); !status.ok()) {
    if (verdict->verdict == Verdict::kEqual) verdict->verdict = Verdict::kUnchecked;
    return AddReason(std::string(status.message()), verdict);
  }
  if (verdict->verdict != Verdict::kEqual || !IsBaseAccepted(*verdict->lineage)) return;
  verdict->verdict = Verdict::kUnchecked;
  const auto& base = verdict->lineage->log_base;
  AddReason(absl::StrCat("equal to the log from the accepted log base ", base[0], "/", base[1], "/",
                         base[2], " on; what was before it is in no log"),
            verdict);
}

}  // namespace tally::cli
