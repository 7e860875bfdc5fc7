#include "processor/shard_store.h"

#include <utility>

#include "absl/strings/str_cat.h"

namespace tally {
namespace {

// The rows that every store has from its first commit on.
class FirstRows final : public store::CommitRows {
 public:
  FirstRows(const CheckpointRow& checkpoint, const store::Lineage& lineage)
      : lineage_(store::EncodeLineage(lineage)) {
    EncodeCheckpoint(checkpoint, &checkpoint_);
  }
  std::optional<Row> Next() override {
    switch (next_++) {
      case 0:
        return Row{store::RowOp::kPut, kCheckpointKey, checkpoint_};
      case 1:
        return Row{store::RowOp::kPut, kLineageKey, lineage_};
      default:
        return std::nullopt;
    }
  }
  size_t SizeHint() const override { return 2; }

 private:
  std::string checkpoint_, lineage_;
  int next_ = 0;
};

absl::StatusOr<std::string> ReadRow(const store::Snapshot& snapshot, std::string_view key,
                                    std::string_view what) {
  std::string value;
  auto found = snapshot.Get(key, &value);
  if (!found.ok()) return found.status();
  if (!*found) {
    return absl::DataLossError(
        absl::StrCat("the store has no ", absl::string_view(what.data(), what.size()), " row"));
  }
  return value;
}

absl::Status AtPath(const absl::Status& status, const std::string& path) {
  return absl::Status(status.code(), absl::StrCat(path, ": ", status.message()));
}

store::RocksStoreOptions Options(const std::string& path,
                                 std::shared_ptr<store::RocksEnvironment> environment,
                                 store::RocksStoreOptions options = {}) {
  options.path = path;
  options.merger = std::make_shared<HourMerger>();
  options.environment = std::move(environment);
  return options;
}

bool IsEmpty(const store::Snapshot& snapshot) {
  const auto rows = snapshot.NewIterator("", "\xff");
  rows->Seek("");
  return !rows->Valid() && rows->status().ok();
}

}  // namespace

absl::StatusOr<store::Lineage> ReadLineage(const store::Snapshot& snapshot) {
  auto row = ReadRow(snapshot, kLineageKey, "lineage");
  if (!row.ok()) return row.status();
  return store::DecodeLineage(*row);
}

absl::StatusOr<CheckpointRow> ReadCheckpoint(const store::Snapshot& snapshot) {
  auto row = ReadRow(snapshot, kCheckpointKey, "checkpoint");
  if (!row.ok()) return row.status();
  return DecodeCheckpoint(*row);
}

absl::StatusOr<std::optional<OpenedShard>> OpenShardStore(
    const std::string& path, const store::Lineage& wanted,
    std::shared_ptr<store::RocksEnvironment> environment,
    const store::RocksStoreOptions& settings) {
  store::RocksStoreOptions options = Options(path, std::move(environment), settings);
  options.mode = store::OpenMode::kMustExist;
  options.admit = [&wanted](const store::Snapshot& snapshot) {
    if (IsEmpty(snapshot)) return absl::NotFoundError("empty");
    auto lineage = ReadLineage(snapshot);
    return lineage.ok() ? store::CheckLineage(*lineage, wanted) : lineage.status();
  };
  auto store = store::OpenReopeningRocksStore(options);
  if (absl::IsNotFound(store.status())) return std::nullopt;
  if (!store.ok()) return AtPath(store.status(), path);
  const auto snapshot = (*store)->NewSnapshot();
  auto lineage = ReadLineage(*snapshot);
  if (!lineage.ok()) return AtPath(lineage.status(), path);
  auto checkpoint = ReadCheckpoint(*snapshot);
  if (!checkpoint.ok()) return AtPath(checkpoint.status(), path);
  return OpenedShard{
      .store = *std::move(store), .lineage = *std::move(lineage), .checkpoint = *checkpoint};
}

absl::StatusOr<std::unique_ptr<store::Store>> OpenShardStoreReadOnly(
    const std::string& path, std::shared_ptr<store::RocksEnvironment> environment) {
  store::RocksStoreOptions options = Options(path, std::move(environment));
  options.mode = store::OpenMode::kMustExist;
  return store::OpenRocksStoreReadOnly(options);
}

absl::StatusOr<OpenedShard> CreateShardStore(const std::string& path, const store::Lineage& wanted,
                                             std::shared_ptr<store::RocksEnvironment> environment,
                                             const store::RocksStoreOptions& settings) {
  auto store = store::OpenReopeningRocksStore(Options(path, std::move(environment), settings));
  if (!store.ok()) return AtPath(store.status(), path);
  OpenedShard shard{.store = *std::move(store), .lineage = wanted, .checkpoint = {}};
  shard.checkpoint.next_offsets = wanted.log_base;
  FirstRows rows(shard.checkpoint, wanted);
  absl::Status status = shard.store->Commit(rows);
  if (status.ok()) status = shard.store->Sync();
  if (!status.ok()) return AtPath(status, path);
  return shard;
}

}  // namespace tally
