// RocksDB on simulated machines, one a partition, so that faults of one leave the others alone.
#include <fmt/format.h>

#include <map>
#include <set>
#include <utility>

#include "store/rocks_internal.h"
#include "tests/sim/disk.h"
#include "tests/store/simulated_machine.h"

namespace tally::sim {
namespace {

// Compactions come after so few runs that lives have some.
constexpr int kCompactionTrigger = 4;
constexpr size_t kMemoryBytes = size_t{1} << 20;

// Whoever resumes waits for a compaction.
class AwaitedResume final : public store::Store {
 public:
  AwaitedResume(std::unique_ptr<store::Store> store, store::SimulatedMachine& machine)
      : store_(std::move(store)), machine_(machine) {}

  absl::Status Commit(store::CommitRows& rows) override { return store_->Commit(rows); }
  absl::Status Resume() override {
    machine_.SetAwaited(true);
    absl::Status status = store_->Resume();
    machine_.SetAwaited(false);
    return status;
  }
  std::unique_ptr<store::Snapshot> NewSnapshot() const override { return store_->NewSnapshot(); }
  absl::Status Sync() override { return store_->Sync(); }
  store::StoreStats Stats() const override { return store_->Stats(); }

 private:
  const std::unique_ptr<store::Store> store_;
  store::SimulatedMachine& machine_;
};

class RocksDisks final : public Disk {
 public:
  explicit RocksDisks(const Config& config) {
    settings_.ingest_rows_min = static_cast<size_t>(config.ingest_rows_min);
  }

  absl::StatusOr<OpenedShard> Open(int32_t partition, const store::Lineage& wanted) override {
    store::SimulatedMachine& machine = machines_[partition];
    auto environment = std::make_shared<store::RocksEnvironment>(
        store::RocksEnvironmentOptions{.memory_bytes = kMemoryBytes});
    environment->mutable_parts().env = &machine;
    environment->mutable_parts().compaction_trigger = kCompactionTrigger;
    const std::string path = fmt::format("/shard-{:05}", partition);
    machine.SetAwaited(true);
    auto opened = OpenShardStore(path, wanted, environment, settings_);
    machine.SetAwaited(false);
    if (!opened.ok()) return opened.status();
    absl::StatusOr<OpenedShard> shard =
        *opened ? absl::StatusOr<OpenedShard>(**std::move(opened))
                : CreateShardStore(path, wanted, environment, settings_);
    if (!shard.ok()) return shard.status();
    shard->store = std::make_unique<AwaitedResume>(std::move(shard->store), machine);
    return shard;
  }

  void BeginCrash() override {
    for (auto& [partition, machine] : machines_) {
      cut_ = cut_ || machine.files().frozen();
      machine.files().SetFrozen(true);
    }
  }
  void EndCrash() override {
    for (auto& [partition, machine] : machines_) machine.files().SetFrozen(false);
  }
  void LosePower(Random& random) override {
    cut_ = false;
    for (auto& [partition, machine] : machines_) {
      machine.files().EndFaults();
      machine.files().LosePower(random.Next());
    }
    SetFull(full_);
  }

  void FailNextCommit(int32_t partition, Random& random) override {
    failing_ = true;
    store::SimulatedFiles& files = machines_[partition].files();
    if (random.Percent(40)) return files.FailSyncAfter(random.Below(4));
    files.FailWriteAfter(random.Below(30), /*frozen=*/false);
  }
  void FailReads(int32_t partition, Random& random) override {
    failing_ = true;
    machines_[partition].files().FailReadAfter(random.Below(20));
  }
  void SetFull(bool full) override {
    full_ = full;
    for (auto& [partition, machine] : machines_) machine.files().SetFull(full);
  }
  void CutPowerAfter(int operations) override {
    failing_ = true;
    for (auto& [partition, machine] : machines_) {
      machine.files().FailWriteAfter(operations, /*frozen=*/true);
    }
  }
  bool power_is_cut() const override {
    for (const auto& [partition, machine] : machines_) {
      if (machine.files().frozen()) return true;
    }
    return cut_;
  }
  void FlipBit(int32_t partition, Random& random) override {
    const char* ending = random.Pick({".sst", ".sst", ".log", ""});
    const std::string file = machines_[partition].files().FlipBit(ending, random.Next());
    if (!file.empty()) damaged_.insert(partition);
  }
  bool is_damaged(int32_t partition) const override { return damaged_.contains(partition); }
  bool has_fault() const override { return full_ || failing_ || !damaged_.empty(); }
  void SetBehind(int32_t partition, bool behind) override {
    behind ? void(slow_.insert(partition)) : void(slow_.erase(partition));
  }
  void Heal() override {
    full_ = failing_ = false;
    for (auto& [partition, machine] : machines_) machine.files().EndFaults();
    for (const int32_t partition : damaged_) machines_.erase(partition);
    damaged_.clear();
    slow_.clear();
  }
  bool RunCompaction() override {
    bool any = false;
    for (auto& [partition, machine] : machines_) {
      if (!slow_.contains(partition)) any = machine.RunJob() || any;
    }
    return any;
  }

 private:
  std::map<int32_t, store::SimulatedMachine> machines_;
  store::RocksStoreOptions settings_;
  bool full_ = false;
  bool failing_ = false;
  std::set<int32_t> damaged_;
  std::set<int32_t> slow_;  // too slow for compactions to get on
  bool cut_ = false;        // the power was cut before the crash that is under way
};

}  // namespace

std::unique_ptr<Disk> NewRocksDisk(const Config& config) {
  return std::make_unique<RocksDisks>(config);
}

}  // namespace tally::sim
