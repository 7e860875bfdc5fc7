#include <utility>

#include "absl/strings/str_cat.h"
#include "store/rocks_internal.h"

namespace tally::store {
namespace {

absl::Status Damaged(const OpenDb& open) {
  return absl::DataLossError(absl::StrCat("store ", open.path, ": a row could not be merged"));
}

class RocksIterator : public Iterator {
 public:
  RocksIterator(std::shared_ptr<const PinnedSnapshot> pinned, std::string_view lower,
                std::string_view upper, bool scan)
      : pinned_(std::move(pinned)), lower_(lower), upper_(upper), upper_slice_(upper_) {
    rocksdb::ReadOptions options;
    options.snapshot = pinned_->snapshot();
    options.fill_cache = !scan;
    if (scan) options.readahead_size = pinned_->db().environment->parts().scan_read_bytes;
    if (!upper_.empty()) options.iterate_upper_bound = &upper_slice_;
    iterator_.reset(pinned_->db().db->NewIterator(options));
  }

  bool Valid() const override { return iterator_->Valid() && !IsDamaged(value()); }
  void Seek(std::string_view key) override {
    iterator_->Seek(ToSlice(std::max<std::string_view>(key, lower_)));
    SkipNoRows();
  }
  void Next() override {
    iterator_->Next();
    SkipNoRows();
  }
  std::string_view key() const override { return ToView(iterator_->key()); }
  std::string_view value() const override { return ToView(iterator_->value()); }
  absl::Status status() const override {
    if (iterator_->Valid() && IsDamaged(value())) return Damaged(pinned_->db());
    if (iterator_->status().ok()) return absl::OkStatus();
    return FromRocks(iterator_->status(), absl::StrCat("scan of store ", pinned_->db().path));
  }

 private:
  void SkipNoRows() {
    while (iterator_->Valid() && value() == kNoRowMark) iterator_->Next();
  }

  const std::shared_ptr<const PinnedSnapshot> pinned_;
  const std::string lower_;
  const std::string upper_;
  const rocksdb::Slice upper_slice_;
  std::unique_ptr<rocksdb::Iterator> iterator_;
};

class RocksSnapshot : public Snapshot {
 public:
  explicit RocksSnapshot(std::shared_ptr<const PinnedSnapshot> pinned)
      : pinned_(std::move(pinned)) {
    options_.snapshot = pinned_->snapshot();
  }

  absl::StatusOr<bool> Get(std::string_view key, std::string* value) const override {
    rocksdb::DB& db = *pinned_->db().db;
    buffer_.Reset();
    const rocksdb::Status status =
        db.Get(options_, db.DefaultColumnFamily(), ToSlice(key), &buffer_);
    if (status.IsNotFound()) return false;
    if (!status.ok()) return FromRocks(status, absl::StrCat("read of store ", pinned_->db().path));
    if (ToView(buffer_) == kNoRowMark) return false;
    if (IsDamaged(ToView(buffer_))) return Damaged(pinned_->db());
    value->assign(buffer_.data(), buffer_.size());
    return true;
  }

  std::unique_ptr<Iterator> NewIterator(std::string_view lower,
                                        std::string_view upper) const override {
    return std::make_unique<RocksIterator>(pinned_, lower, upper, /*scan=*/false);
  }

  std::unique_ptr<Iterator> NewScan(std::string_view lower, std::string_view upper) const override {
    return std::make_unique<RocksIterator>(pinned_, lower, upper, /*scan=*/true);
  }

 private:
  const std::shared_ptr<const PinnedSnapshot> pinned_;
  rocksdb::ReadOptions options_;
  mutable rocksdb::PinnableSlice buffer_;
};

}  // namespace

PinnedSnapshot::PinnedSnapshot(std::shared_ptr<OpenDb> db, bool pin)
    : db_(std::move(db)), snapshot_(pin ? db_->db->GetSnapshot() : nullptr) {}

PinnedSnapshot::~PinnedSnapshot() {
  if (snapshot_ != nullptr) db_->db->ReleaseSnapshot(snapshot_);
}

std::unique_ptr<Snapshot> NewRocksSnapshot(std::shared_ptr<const PinnedSnapshot> pinned) {
  return std::make_unique<RocksSnapshot>(std::move(pinned));
}

}  // namespace tally::store
