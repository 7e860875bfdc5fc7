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
  void FailReads(int32_t partition) override {
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

using Between = std::function<void()>;

class InterleavedIterator final : public store::Iterator {
 public:
  InterleavedIterator(std::unique_ptr<store::Iterator> iterator, const Between& between)
      : iterator_(std::move(iterator)), between_(between) {}

  bool Valid() const override { return iterator_->Valid(); }
  void Seek(std::string_view key) override {
    between_();
    iterator_->Seek(key);
  }
  void Next() override {
    between_();
    iterator_->Next();
  }
  std::string_view key() const override { return iterator_->key(); }
  std::string_view value() const override { return iterator_->value(); }
  absl::Status status() const override { return iterator_->status(); }

 private:
  const std::unique_ptr<store::Iterator> iterator_;
  const Between& between_;
};

class InterleavedSnapshot final : public store::Snapshot {
 public:
  InterleavedSnapshot(std::unique_ptr<store::Snapshot> snapshot, const Between& between)
      : snapshot_(std::move(snapshot)), between_(between) {}

  absl::StatusOr<bool> Get(std::string_view key, std::string* value) const override {
    between_();
    return snapshot_->Get(key, value);
  }
  std::unique_ptr<store::Iterator> NewIterator(std::string_view lower,
                                               std::string_view upper) const override {
    return std::make_unique<InterleavedIterator>(snapshot_->NewIterator(lower, upper), between_);
  }
  std::unique_ptr<store::Iterator> NewScan(std::string_view lower,
                                           std::string_view upper) const override {
    return std::make_unique<InterleavedIterator>(snapshot_->NewScan(lower, upper), between_);
  }

 private:
  const std::unique_ptr<store::Snapshot> snapshot_;
  const Between& between_;
};

class InterleavedRows final : public store::CommitRows {
 public:
  InterleavedRows(store::CommitRows& rows, const Between& between)
      : rows_(rows), between_(between) {}

  std::optional<Row> Next() override {
    between_();
    return rows_.Next();
  }
  size_t SizeHint() const override { return rows_.SizeHint(); }

 private:
  store::CommitRows& rows_;
  const Between& between_;
};

class InterleavedStore final : public store::Store {
 public:
  InterleavedStore(std::unique_ptr<store::Store> store, const Between& between)
      : store_(std::move(store)), between_(between) {}

  absl::Status Commit(store::CommitRows& rows) override {
    InterleavedRows interleaved(rows, between_);
    absl::Status status = store_->Commit(interleaved);
    between_();
    return status;
  }
  std::unique_ptr<store::Snapshot> NewSnapshot() const override {
    between_();
    return std::make_unique<InterleavedSnapshot>(store_->NewSnapshot(), between_);
  }
  absl::Status Sync() override { return store_->Sync(); }
  store::StoreStats Stats() const override {
    between_();
    return store_->Stats();
  }

 private:
  const std::unique_ptr<store::Store> store_;
  const Between& between_;
};

}  // namespace

std::unique_ptr<Disk> NewRocksDisk(const Config&) { return NewMemoryDisk(); }
std::unique_ptr<Disk> NewMemoryDisk() { return std::make_unique<MemoryDisks>(); }

std::unique_ptr<store::Store> Interleaved(std::unique_ptr<store::Store> store,
                                          const Between& between) {
  return std::make_unique<InterleavedStore>(std::move(store), between);
}

}  // namespace tally::sim
