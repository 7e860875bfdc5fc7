#include "processor/store_copy.h"

#include <memory>
#include <optional>
#include <utility>

#include "processor/shard_store.h"
#include "processor/store_check.h"
#include "store/rocks_store.h"

namespace tally {
namespace {

// A commit becomes one table file.
constexpr size_t kBytesPerCommit = size_t{64} << 20;
constexpr uint64_t kProgressEvery = 4'096;
constexpr size_t kRowsAtOnce = 65'536;

// Some of the rows, from where the iterator stands.
class Portion final : public store::CommitRows {
 public:
  Portion(store::Iterator& rows, const std::function<bool(uint64_t)>& progress, uint64_t* copied)
      : rows_(rows), progress_(progress), copied_(*copied) {}

  std::optional<Row> Next() override {
    if (handed_out_) rows_.Next();
    handed_out_ = false;
    if (bytes_ >= kBytesPerCommit || cancelled_ || !rows_.Valid()) return std::nullopt;
    handed_out_ = true;
    bytes_ += rows_.key().size() + rows_.value().size();
    if (++copied_ % kProgressEvery == 0) cancelled_ = !progress_(copied_);
    return Row{store::RowOp::kPut, rows_.key(), rows_.value()};
  }
  size_t SizeHint() const override { return 0; }  // not known: the store finds out
  bool cancelled() const { return cancelled_; }

 private:
  store::Iterator& rows_;
  const std::function<bool(uint64_t)>& progress_;
  uint64_t& copied_;
  size_t bytes_ = 0;
  bool handed_out_ = false;
  bool cancelled_ = false;
};

absl::Status CopyRows(const store::Snapshot& snapshot, const std::string& path,
                      const std::function<bool(uint64_t)>& progress) {
  store::RocksStoreOptions options;
  options.path = path;
  options.merger = std::make_shared<HourMerger>();
  auto store = store::OpenRocksStore(options);
  if (!store.ok()) return store.status();
  const auto rows = snapshot.NewScan("", "");
  uint64_t copied = 0;
  for (rows->Seek(""); rows->Valid();) {
    Portion portion(*rows, progress, &copied);
    if (auto status = (*store)->Commit(portion); !status.ok()) return status;
    if (portion.cancelled()) return absl::CancelledError("interrupted");
  }
  absl::Status status = rows->status();
  status.Update((*store)->Sync());
  return status;
}

absl::Status CheckRows(const store::Snapshot& snapshot,
                       const std::function<bool(uint64_t)>& progress) {
  StoreCheck check(snapshot);
  for (;;) {
    auto more = check.Step(kRowsAtOnce);
    if (!more.ok()) return more.status();
    if (!*more) break;
    if (!progress(check.rows())) return absl::CancelledError("interrupted");
  }
  if (check.findings().empty()) return absl::OkStatus();
  return absl::DataLossError(ToText(check.findings().kept().front()));
}

}  // namespace

absl::StatusOr<StoreIdentity> CopyStore(const store::Snapshot& snapshot, const std::string& path,
                                        const std::function<bool(uint64_t)>& progress) {
  if (auto status = CopyRows(snapshot, path, progress); !status.ok()) return status;
  auto copy = OpenShardStoreReadOnly(path, nullptr);
  if (!copy.ok()) return copy.status();
  const auto copied = (*copy)->NewSnapshot();
  if (auto status = CheckRows(*copied, progress); !status.ok()) return status;
  auto lineage = ReadLineage(*copied);
  if (!lineage.ok()) return lineage.status();
  auto checkpoint = ReadCheckpoint(*copied);
  if (!checkpoint.ok()) return checkpoint.status();
  return StoreIdentity{*std::move(lineage), *checkpoint};
}

}  // namespace tally
