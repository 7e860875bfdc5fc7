#include "store/memory_store.h"

#include <algorithm>
#include <cassert>
#include <functional>
#include <map>
#include <mutex>
#include <set>
#include <shared_mutex>
#include <utility>
#include <vector>

namespace tally::store {
namespace {

struct Version {
  enum class Kind : uint8_t { kRow, kNone, kDamaged };
  uint64_t commit = 0;
  Kind kind = Kind::kNone;
  std::string value;
};

// Ascending by commit; never empty.
using Versions = std::vector<Version>;

const Version* VersionAt(const Versions& versions, uint64_t commit) {
  const Version* found = nullptr;
  for (const Version& version : versions) {
    if (version.commit > commit) break;
    found = &version;
  }
  return found;
}

}  // namespace

struct MemoryDisk::State {
  mutable std::shared_mutex mutex;
  std::map<std::string, Versions, std::less<>> rows;
  uint64_t commits = 0;
  uint64_t synced_commits = 0;
  std::multiset<uint64_t> pinned;  // commits that snapshots show
  uint64_t rewindable_commits = 0;
  uint64_t oldest_kept = 0;  // versions that only older commits show are gone

  uint64_t OldestNeeded() {
    oldest_kept = std::max(oldest_kept, commits - std::min(commits, rewindable_commits));
    return pinned.empty() ? oldest_kept : std::min(oldest_kept, *pinned.begin());
  }
};

MemoryDisk::MemoryDisk(uint64_t rewindable_commits) : state_(std::make_shared<State>()) {
  state_->rewindable_commits = rewindable_commits;
}

MemoryDisk::~MemoryDisk() = default;

uint64_t MemoryDisk::commits() const {
  std::shared_lock lock(state_->mutex);
  return state_->commits;
}

uint64_t MemoryDisk::LoseCommits(uint64_t commits) {
  State& state = *state_;
  std::unique_lock lock(state.mutex);
  assert(state.pinned.empty());
  assert(commits <= state.rewindable_commits);
  const uint64_t safe = std::max(state.synced_commits, state.oldest_kept);
  const uint64_t lost = std::min(commits, state.commits - safe);
  state.commits -= lost;
  for (auto row = state.rows.begin(); row != state.rows.end();) {
    std::erase_if(row->second, [&](const Version& v) { return v.commit > state.commits; });
    row = row->second.empty() ? state.rows.erase(row) : std::next(row);
  }
  return lost;
}

struct MemoryStore::Faults {
  std::mutex mutex;
  absl::Status next_commit;
  FaultTime next_commit_time = FaultTime::kBeforeEffect;
  absl::Status failure;
  StoreStats stats;

  // Apart, because it is taken under the rows' lock, and the other is held around it.
  mutable std::mutex reads_mutex;
  absl::Status reads;

  absl::Status Reads() const {
    std::lock_guard lock(reads_mutex);
    return reads;
  }
};

namespace {

using State = MemoryDisk::State;
using ReadFault = std::function<absl::Status()>;

class MemoryIterator : public Iterator {
 public:
  MemoryIterator(std::shared_ptr<const State> state, uint64_t commit, std::string_view lower,
                 std::string_view upper, ReadFault fault)
      : state_(std::move(state)),
        commit_(commit),
        lower_(lower),
        upper_(upper),
        fault_(std::move(fault)) {}

  bool Valid() const override { return valid_; }
  void Seek(std::string_view key) override {
    std::shared_lock lock(state_->mutex);
    Settle(state_->rows.lower_bound(std::max<std::string_view>(key, lower_)));
  }
  void Next() override {
    assert(valid_);
    std::shared_lock lock(state_->mutex);
    Settle(state_->rows.upper_bound(key_));
  }
  std::string_view key() const override { return key_; }
  std::string_view value() const override { return value_; }
  absl::Status status() const override { return status_; }

 private:
  using Position = std::map<std::string, Versions, std::less<>>::const_iterator;

  void Settle(Position row) {
    valid_ = false;
    status_ = fault_();
    for (; status_.ok() && row != state_->rows.end(); ++row) {
      if (!upper_.empty() && row->first >= upper_) return;
      const Version* version = VersionAt(row->second, commit_);
      if (version == nullptr || version->kind == Version::Kind::kNone) continue;
      if (version->kind == Version::Kind::kDamaged) {
        status_ = absl::DataLossError("a row could not be merged");
        return;
      }
      key_ = row->first;
      value_ = version->value;
      valid_ = true;
      return;
    }
  }

  const std::shared_ptr<const State> state_;
  const uint64_t commit_;
  const std::string lower_;
  const std::string upper_;
  const ReadFault fault_;
  bool valid_ = false;
  std::string key_;
  std::string value_;
  absl::Status status_;
};

class MemorySnapshot : public Snapshot {
 public:
  MemorySnapshot(std::shared_ptr<State> state, ReadFault fault)
      : state_(std::move(state)), fault_(std::move(fault)) {
    std::unique_lock lock(state_->mutex);
    commit_ = state_->commits;
    state_->pinned.insert(commit_);
  }
  ~MemorySnapshot() override {
    std::unique_lock lock(state_->mutex);
    state_->pinned.erase(state_->pinned.find(commit_));
  }

  absl::StatusOr<bool> Get(std::string_view key, std::string* value) const override {
    if (absl::Status fault = fault_(); !fault.ok()) return fault;
    std::shared_lock lock(state_->mutex);
    const auto row = state_->rows.find(key);
    if (row == state_->rows.end()) return false;
    const Version* version = VersionAt(row->second, commit_);
    if (version == nullptr || version->kind == Version::Kind::kNone) return false;
    if (version->kind == Version::Kind::kDamaged) {
      return absl::DataLossError("a row could not be merged");
    }
    *value = version->value;
    return true;
  }

  std::unique_ptr<Iterator> NewIterator(std::string_view lower,
                                        std::string_view upper) const override {
    return std::make_unique<MemoryIterator>(state_, commit_, lower, upper, fault_);
  }

 private:
  const std::shared_ptr<State> state_;
  const ReadFault fault_;
  uint64_t commit_ = 0;
};

struct Change {
  RowOp op;
  std::string key;
  std::string value;
};

// All rows of a commit, or kInvalidArgument.
absl::StatusOr<std::vector<Change>> Collect(CommitRows& rows, bool can_merge) {
  std::vector<Change> changes;
  while (const std::optional<CommitRows::Row> row = rows.Next()) {
    if (!changes.empty() && row->key <= changes.back().key) {
      return absl::InvalidArgumentError("the keys of a commit's rows are not strictly ascending");
    }
    if (row->op == RowOp::kMerge && !can_merge) {
      return absl::InvalidArgumentError("a row to merge, and the store has no merger");
    }
    changes.push_back({row->op, std::string(row->key), std::string(row->value)});
  }
  return changes;
}

Version Merged(const RowMerger& merger, const Change& change, const Version* base) {
  Version merged;
  if (base != nullptr) merged = *base;
  if (merged.kind == Version::Kind::kDamaged || change.value.empty()) return merged;
  if (!merger.Merge(change.key, change.value, &merged.value)) {
    merged.kind = Version::Kind::kDamaged;
  } else {
    merged.kind = merged.value.empty() ? Version::Kind::kNone : Version::Kind::kRow;
  }
  return merged;
}

Version Applied(const RowMerger* merger, Change& change, const Version* base) {
  switch (change.op) {
    case RowOp::kPut:
      return {0, Version::Kind::kRow, std::move(change.value)};
    case RowOp::kDelete:
      return {0, Version::Kind::kNone, {}};
    case RowOp::kMerge:
      return Merged(*merger, change, base);
  }
  return {};
}

// Drops versions that no snapshot and no rewind can ask for.
void Prune(Versions& versions, uint64_t oldest_needed) {
  size_t first = 0;
  while (first + 1 < versions.size() && versions[first + 1].commit <= oldest_needed) ++first;
  versions.erase(versions.begin(), versions.begin() + static_cast<std::ptrdiff_t>(first));
}

void Apply(State& state, const RowMerger* merger, std::vector<Change> changes) {
  std::unique_lock lock(state.mutex);
  const uint64_t commit = ++state.commits;
  const uint64_t oldest_needed = state.OldestNeeded();
  for (Change& change : changes) {
    Versions& versions = state.rows[change.key];
    Version version = Applied(merger, change, versions.empty() ? nullptr : &versions.back());
    version.commit = commit;
    versions.push_back(std::move(version));
    Prune(versions, oldest_needed);
    if (versions.size() == 1 && versions[0].kind == Version::Kind::kNone) {
      state.rows.erase(change.key);
    }
  }
}

}  // namespace

MemoryStore::MemoryStore(std::shared_ptr<const RowMerger> merger)
    : MemoryStore(std::make_shared<MemoryDisk>(), std::move(merger)) {}

MemoryStore::MemoryStore(std::shared_ptr<MemoryDisk> disk, std::shared_ptr<const RowMerger> merger)
    : disk_(std::move(disk)), merger_(std::move(merger)), faults_(std::make_shared<Faults>()) {}

MemoryStore::~MemoryStore() = default;

absl::Status MemoryStore::Commit(CommitRows& rows) {
  absl::StatusOr<std::vector<Change>> changes = Collect(rows, merger_ != nullptr);
  if (!changes.ok()) return changes.status();
  std::lock_guard lock(faults_->mutex);
  if (!faults_->failure.ok()) {
    return absl::FailedPreconditionError("an earlier commit failed: open the store again");
  }
  const absl::Status fault = std::exchange(faults_->next_commit, absl::OkStatus());
  if (fault.ok() || faults_->next_commit_time == FaultTime::kAfterEffect) {
    if (!changes->empty()) Apply(*disk_->state(), merger_.get(), *std::move(changes));
  }
  faults_->failure = fault;
  return fault;
}

absl::Status MemoryStore::Resume() {
  std::lock_guard lock(faults_->mutex);
  if (faults_->failure.ok()) return absl::OkStatus();
  if (!faults_->next_commit.ok()) return faults_->next_commit;
  faults_->failure = absl::OkStatus();
  return absl::OkStatus();
}

std::unique_ptr<Snapshot> MemoryStore::NewSnapshot() const {
  return std::make_unique<MemorySnapshot>(disk_->state(),
                                          [faults = faults_] { return faults->Reads(); });
}

absl::Status MemoryStore::Sync() {
  std::unique_lock lock(disk_->state()->mutex);
  disk_->state()->synced_commits = disk_->state()->commits;
  return absl::OkStatus();
}

StoreStats MemoryStore::Stats() const {
  std::lock_guard lock(faults_->mutex);
  StoreStats stats = faults_->stats;
  stats.health = faults_->failure;
  return stats;
}

void MemoryStore::FailNextCommit(absl::Status status, FaultTime time) {
  std::lock_guard lock(faults_->mutex);
  faults_->next_commit = std::move(status);
  faults_->next_commit_time = time;
}

void MemoryStore::FailReads(absl::Status status) {
  std::lock_guard lock(faults_->reads_mutex);
  faults_->reads = std::move(status);
}

void MemoryStore::SetStats(const StoreStats& stats) {
  std::lock_guard lock(faults_->mutex);
  faults_->stats = stats;
}

}  // namespace tally::store
