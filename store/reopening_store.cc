#include "store/reopening_store.h"

#include <utility>

#include "absl/strings/str_cat.h"

namespace tally::store {
namespace {

absl::Status Closed() {
  return absl::UnavailableError("the store is being opened again, since its disk failed it");
}

// What is in the way now may not be later, but for damage.
absl::Status NotYet(const absl::Status& status) {
  if (absl::IsDataLoss(status) || absl::IsResourceExhausted(status)) return status;
  // In use: by those who still read what was opened before.
  if (absl::IsFailedPrecondition(status)) return absl::AbortedError(status.message());
  return absl::UnavailableError(status.message());
}

}  // namespace

ReopeningStore::ReopeningStore(std::unique_ptr<Store> store, Opener open, Opener open_read_only)
    : open_(std::move(open)),
      open_read_only_(std::move(open_read_only)),
      writer_(std::move(store)) {}

std::shared_ptr<Store> ReopeningStore::writer() const {
  std::lock_guard lock(mutex_);
  return writer_;
}

absl::Status ReopeningStore::Commit(CommitRows& rows) {
  const auto store = writer();
  return store != nullptr ? store->Commit(rows) : Closed();
}

absl::Status ReopeningStore::Sync() {
  const auto store = writer();
  return store != nullptr ? store->Sync() : Closed();
}

absl::Status ReopeningStore::CloseWriter() {
  auto opened = open_read_only_();
  if (!opened.ok()) return NotYet(opened.status());
  std::shared_ptr<Store> closed;
  std::lock_guard lock(mutex_);
  read_only_ = *std::move(opened);
  closed.swap(writer_);
  return absl::OkStatus();
}

absl::Status ReopeningStore::Resume() {
  if (const auto store = writer(); store != nullptr) {
    const absl::Status status = store->Resume();
    if (status.ok()) return status;
    if (!absl::IsFailedPrecondition(status)) return NotYet(status);
  }
  if (writer() != nullptr) {
    if (auto status = CloseWriter(); !status.ok()) return status;
  }
  auto opened = open_();
  if (!opened.ok()) return NotYet(opened.status());
  std::shared_ptr<Store> done;
  std::lock_guard lock(mutex_);
  writer_ = *std::move(opened);
  done.swap(read_only_);
  return absl::OkStatus();
}

std::unique_ptr<Snapshot> ReopeningStore::NewSnapshot() const {
  std::lock_guard lock(mutex_);
  return (writer_ != nullptr ? writer_ : read_only_)->NewSnapshot();
}

StoreStats ReopeningStore::Stats() const {
  std::shared_ptr<Store> open, read_only;
  {
    std::lock_guard lock(mutex_);
    open = writer_;
    read_only = read_only_;
  }
  if (open != nullptr) return open->Stats();
  StoreStats stats = read_only->Stats();
  stats.health = Closed();
  return stats;
}

}  // namespace tally::store
