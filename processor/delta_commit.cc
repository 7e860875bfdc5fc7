#include "processor/delta_commit.h"

#include <string>

namespace tally {

absl::Status DeltaCommit::Try(store::Store& store) {
  if (tried_) {
    const absl::Status resumed = store.Resume();
    if (absl::IsDataLoss(resumed)) return resumed;
    // It may have been opened again for reading only, and by then shows what has happened.
    auto happened = HasHappened(store);
    if (happened.ok() && *happened) {
      built_.reset();
      return absl::OkStatus();
    }
    if (!resumed.ok() && !absl::IsDataLoss(happened.status())) return resumed;
    if (!happened.ok()) return happened.status();
  }
  tried_ = true;
  auto status = Commit(store);
  if (status.ok()) built_.reset();
  return status;
}

absl::Status DeltaCommit::Commit(store::Store& store) {
  if (built_ == nullptr) {
    auto built = CheckpointRows::Build(frozen_, before_, *store.NewSnapshot());
    if (!built.ok()) return built.status();
    built_ = *std::move(built);
    after_ = built_->after();
    row_count_ = built_->SizeHint();
  }
  built_->Rewind();
  return store.Commit(*built_);
}

absl::StatusOr<bool> DeltaCommit::HasHappened(const store::Store& store) const {
  std::string value;
  auto found = store.NewSnapshot()->Get(kCheckpointKey, &value);
  if (!found.ok()) return found.status();
  // The very first commit of a store in memory finds none.
  CheckpointRow row;
  if (*found) {
    auto stored = DecodeCheckpoint(value);
    if (!stored.ok()) return stored.status();
    row = *stored;
  }
  if (built_ != nullptr && row == after_) return true;
  if (row == before_ || !*found) return false;
  return absl::DataLossError(
      "after a failed commit the store holds neither the state before it nor the one after it");
}

}  // namespace tally
