#include "processor/delta_commit.h"

#include <string>

namespace tally {

absl::Status DeltaCommit::Try(store::Store& store) {
  if (tried_) {
    if (auto status = store.Resume(); !status.ok()) return status;
    auto happened = HasHappened(store);
    if (!happened.ok()) return happened.status();
    if (*happened) {
      built_.reset();
      return absl::OkStatus();
    }
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
