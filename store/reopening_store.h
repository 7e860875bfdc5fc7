// A store that opens itself again where nothing else helps: RocksDB stops for good when a flush or
// a compaction meets a full disk or an I/O error, and its own way back fails where room is short.
#pragma once

#include <functional>
#include <memory>
#include <mutex>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "store/store.h"

namespace tally::store {

// As the store that it is made from, except for Resume: where that one must be opened again, a
// read-only one of the same state takes its place for readers, it is closed as soon as nobody holds
// a snapshot of it any more, and opened anew. So reads are answered all the time.
//
// Resume's errors beyond those of Store: kAborted (somebody still holds a snapshot of before; take
// a new one, and try again soon). kDataLoss: it was found to be damaged. It is never
// kFailedPrecondition. As snapshots may be those of the read-only store, the owner of a long-lived
// one replaces it after every Resume.
class ReopeningStore final : public Store {
 public:
  using Opener = std::function<absl::StatusOr<std::unique_ptr<Store>>()>;

  ReopeningStore(std::unique_ptr<Store> store, Opener open, Opener open_read_only);

  absl::Status Commit(CommitRows& rows) override;
  absl::Status Resume() override;
  std::unique_ptr<Snapshot> NewSnapshot() const override;
  absl::Status Sync() override;
  StoreStats Stats() const override;

 private:
  std::shared_ptr<Store> writer() const;
  absl::Status CloseWriter();

  const Opener open_;
  const Opener open_read_only_;

  mutable std::mutex mutex_;          // of the pointers
  std::shared_ptr<Store> writer_;     // null: closed, or about to be
  std::shared_ptr<Store> read_only_;  // while there is no writer
};

}  // namespace tally::store
