#include "tests/sim/disk.h"

#include <map>
#include <utility>

#include "store/memory_store.h"

namespace tally::sim {
namespace {

constexpr uint64_t kRewindableCommits = 5;
constexpr uint64_t kManyRuns = 1'000'000;

// What every store has from its first commit on.
class FirstRow final : public store::CommitRows {
 public:
  explicit FirstRow(const CheckpointRow& checkpoint) { EncodeCheckpoint(checkpoint, &value_); }
  std::optional<Row> Next() override {
    if (std::exchange(given_, true)) return std::nullopt;
    return Row{store::RowOp::kPut, kCheckpointKey, value_};
  }
  size_t SizeHint() const override { return 1; }

 private:
  std::string value_;
  bool given_ = false;
};

// Tells when it is closed.
class ClosingStore final : public store::Store {
 public:
  ClosingStore(std::unique_ptr<store::Store> store, std::function<void()> on_close)
      : store_(std::move(store)), on_close_(std::move(on_close)) {}
  ~ClosingStore() override { on_close_(); }

  absl::Status Commit(store::CommitRows& rows) override { return store_->Commit(rows); }
  absl::Status Resume() override { return store_->Resume(); }
  std::unique_ptr<store::Snapshot> NewSnapshot() const override { return store_->NewSnapshot(); }
  absl::Status Sync() override { return store_->Sync(); }
  store::StoreStats Stats() const override { return store_->Stats(); }

 private:
  const std::unique_ptr<store::Store> store_;
  const std::function<void()> on_close_;
};

class MemoryDisks final : public Disk {
 public:
  absl::StatusOr<OpenedShard> Open(int32_t partition, const store::Lineage& wanted) override {
    Partition& at = partitions_[partition];
    auto store = std::make_unique<store::MemoryStore>(at.disk, std::make_shared<HourMerger>());
    at.open = store.get();
    SetBehind(partition, at.behind);
    if (full_) at.open->FailNextCommit(Full(), store::MemoryStore::FaultTime::kBeforeEffect);
    CheckpointRow checkpoint;
    checkpoint.next_offsets = wanted.log_base;
    std::string row;
    const auto found = store->NewSnapshot()->Get(kCheckpointKey, &row);
    if (found.ok() && *found) {
      auto stored = DecodeCheckpoint(row);
      if (!stored.ok()) return stored.status();
      checkpoint = *stored;
    }
    return OpenedShard{
        .store = std::make_unique<ClosingStore>(std::move(store), [&at] { at.open = nullptr; }),
        .lineage = wanted,
        .checkpoint = checkpoint};
  }

  void LosePower(Random& random) override {
    for (auto& [partition, at] : partitions_) {
      at.disk->LoseCommits(static_cast<uint64_t>(random.Below(kRewindableCommits + 1)));
    }
  }

  void FailNextCommit(int32_t partition, Random& random) override {
    Partition& at = partitions_[partition];
    const auto time = random.Percent(50) ? store::MemoryStore::FaultTime::kBeforeEffect
                                         : store::MemoryStore::FaultTime::kAfterEffect;
    if (at.open != nullptr) at.open->FailNextCommit(absl::UnavailableError("I/O error"), time);
  }
  void FailReads(int32_t partition, Random& /*random*/) override {
    Partition& at = partitions_[partition];
    if (at.open != nullptr) at.open->FailReads(absl::UnavailableError("I/O error"));
  }
  void SetFull(bool full) override {
    full_ = full;
    for (auto& [partition, at] : partitions_) {
      if (at.open == nullptr) continue;
      at.open->FailNextCommit(full ? Full() : absl::OkStatus(),
                              store::MemoryStore::FaultTime::kBeforeEffect);
    }
  }
  void CutPowerAfter(int /*operations*/) override {}
  void FlipBit(int32_t /*partition*/, Random& /*random*/) override {}
  bool is_damaged(int32_t /*partition*/) const override { return false; }
  bool has_fault() const override { return full_; }
  void SetBehind(int32_t partition, bool behind) override {
    Partition& at = partitions_[partition];
    at.behind = behind;
    if (at.open != nullptr) {
      at.open->SetStats({.level0_files = behind ? kManyRuns : 0, .compacting = behind});
    }
  }
  void Heal() override {
    SetFull(false);
    for (auto& [partition, at] : partitions_) {
      SetBehind(partition, false);
      if (at.open != nullptr) at.open->FailReads(absl::OkStatus());
    }
  }

 private:
  struct Partition {
    std::shared_ptr<store::MemoryDisk> disk =
        std::make_shared<store::MemoryDisk>(kRewindableCommits);
    store::MemoryStore* open = nullptr;
    bool behind = false;
  };
  static absl::Status Full() { return absl::ResourceExhaustedError("no space left on device"); }

  std::map<int32_t, Partition> partitions_;
  bool full_ = false;
};

// One read has failed, if so.
absl::Status Use(StoreUse& use) {
  use.between();
  if (use.reads_until_failure < 0 || use.reads_until_failure-- > 0) return absl::OkStatus();
  return absl::UnavailableError("a read failed");
}

class InterleavedIterator final : public store::Iterator {
 public:
  InterleavedIterator(std::unique_ptr<store::Iterator> iterator, StoreUse& use)
      : iterator_(std::move(iterator)), use_(use) {}

  bool Valid() const override { return failure_.ok() && iterator_->Valid(); }
  void Seek(std::string_view key) override {
    failure_ = Use(use_);
    iterator_->Seek(key);
  }
  void Next() override {
    failure_ = Use(use_);
    iterator_->Next();
  }
  std::string_view key() const override { return iterator_->key(); }
  std::string_view value() const override { return iterator_->value(); }
  absl::Status status() const override { return failure_.ok() ? iterator_->status() : failure_; }

 private:
  const std::unique_ptr<store::Iterator> iterator_;
  StoreUse& use_;
  absl::Status failure_;
};

class InterleavedSnapshot final : public store::Snapshot {
 public:
  InterleavedSnapshot(std::unique_ptr<store::Snapshot> snapshot, StoreUse& use)
      : snapshot_(std::move(snapshot)), use_(use) {}

  absl::StatusOr<bool> Get(std::string_view key, std::string* value) const override {
    if (absl::Status failure = Use(use_); !failure.ok()) return failure;
    return snapshot_->Get(key, value);
  }
  std::unique_ptr<store::Iterator> NewIterator(std::string_view lower,
                                               std::string_view upper) const override {
    return std::make_unique<InterleavedIterator>(snapshot_->NewIterator(lower, upper), use_);
  }
  std::unique_ptr<store::Iterator> NewScan(std::string_view lower,
                                           std::string_view upper) const override {
    return std::make_unique<InterleavedIterator>(snapshot_->NewScan(lower, upper), use_);
  }

 private:
  const std::unique_ptr<store::Snapshot> snapshot_;
  StoreUse& use_;
};

class InterleavedRows final : public store::CommitRows {
 public:
  InterleavedRows(store::CommitRows& rows, const StoreUse& use) : rows_(rows), use_(use) {}

  std::optional<Row> Next() override {
    use_.between();
    return rows_.Next();
  }
  size_t SizeHint() const override { return rows_.SizeHint(); }

 private:
  store::CommitRows& rows_;
  const StoreUse& use_;
};

class InterleavedStore final : public store::Store {
 public:
  InterleavedStore(std::unique_ptr<store::Store> store, StoreUse& use)
      : store_(std::move(store)), use_(use) {}

  absl::Status Commit(store::CommitRows& rows) override {
    InterleavedRows interleaved(rows, use_);
    absl::Status status = store_->Commit(interleaved);
    use_.between();
    return status;
  }
  absl::Status Resume() override {
    use_.between();
    return store_->Resume();
  }
  std::unique_ptr<store::Snapshot> NewSnapshot() const override {
    use_.between();
    return std::make_unique<InterleavedSnapshot>(store_->NewSnapshot(), use_);
  }
  absl::Status Sync() override { return store_->Sync(); }
  store::StoreStats Stats() const override {
    use_.between();
    return store_->Stats();
  }

 private:
  const std::unique_ptr<store::Store> store_;
  StoreUse& use_;
};

}  // namespace

std::unique_ptr<Disk> NewMemoryDisk() { return std::make_unique<MemoryDisks>(); }

std::unique_ptr<store::Store> Interleaved(std::unique_ptr<store::Store> store, StoreUse& use) {
  return std::make_unique<InterleavedStore>(std::move(store), use);
}

}  // namespace tally::sim
