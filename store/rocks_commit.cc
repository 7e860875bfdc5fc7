#include <memory>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "rocksdb/sst_file_reader.h"
#include "rocksdb/sst_file_writer.h"
#include "rocksdb/write_batch.h"
#include "store/rocks_internal.h"

namespace tally::store {
namespace {

// Copies a write batch into a table file; the rows are in order.
class ToTableFile : public rocksdb::WriteBatch::Handler {
 public:
  explicit ToTableFile(rocksdb::SstFileWriter& file) : file_(file) {}
  rocksdb::Status PutCF(uint32_t, const rocksdb::Slice& key, const rocksdb::Slice& value) override {
    return file_.Put(key, value);
  }
  rocksdb::Status DeleteCF(uint32_t, const rocksdb::Slice& key) override {
    return file_.Delete(key);
  }
  rocksdb::Status MergeCF(uint32_t, const rocksdb::Slice& key,
                          const rocksdb::Slice& value) override {
    return file_.Merge(key, value);
  }

 private:
  rocksdb::SstFileWriter& file_;
};

// WriteBatch and SstFileWriter have the same methods.
template <typename Writer>
rocksdb::Status Write(Writer& writer, const CommitRows::Row& row) {
  switch (row.op) {
    case RowOp::kPut:
      return writer.Put(ToSlice(row.key), ToSlice(row.value));
    case RowOp::kDelete:
      return writer.Delete(ToSlice(row.key));
    case RowOp::kMerge:
      return writer.Merge(ToSlice(row.key), ToSlice(row.value));
  }
  return rocksdb::Status::InvalidArgument("unknown row operation");
}

// Holds a table's first and last block in the block cache. RocksDB looks there before it reads, by
// names that belong to the file and not to its reader.
class TableEnds {
 public:
  explicit TableEnds(const rocksdb::Options& options) : reader_(options) {
    // What was read stays in the cache as long as the iterators live.
    read_.pin_data = true;
  }

  rocksdb::Status Hold(const std::string& path) {
    rocksdb::Status status = reader_.Open(path);
    if (!status.ok()) return status;
    first_.reset(reader_.NewIterator(read_));
    first_->SeekToFirst();
    if (!first_->status().ok()) return first_->status();
    last_.reset(reader_.NewIterator(read_));
    last_->SeekToLast();
    return last_->status();
  }

 private:
  rocksdb::SstFileReader reader_;
  rocksdb::ReadOptions read_;
  std::unique_ptr<rocksdb::Iterator> first_, last_;
};

}  // namespace

class CommitWriter::Impl {
 public:
  Impl(OpenDb& open, const RocksStoreOptions& options, size_t rows_expected)
      : db(open),
        batch_rows_max(options.ingest_rows_min),
        batch_bytes_max(options.ingest_bytes_min),
        big_expected(rows_expected >= options.ingest_rows_min),
        doing(absl::StrCat("commit to store ", open.path)) {}

  OpenDb& db;
  const size_t batch_rows_max;
  const size_t batch_bytes_max;
  const bool big_expected;
  const std::string doing;
  bool any = false;
  std::string last_key;
  rocksdb::WriteBatch batch;
  std::optional<rocksdb::SstFileWriter> file;
  std::string file_path;
  bool keep_file = false;
};

CommitWriter::CommitWriter(OpenDb& db, const RocksStoreOptions& options, size_t rows_expected)
    : impl_(std::make_unique<Impl>(db, options, rows_expected)) {}

CommitWriter::~CommitWriter() {
  if (!impl_->file.has_value()) return;
  impl_->file.reset();
  if (impl_->keep_file) return;
  // Ingested, it is gone already.
  impl_->db.options.env->DeleteFile(impl_->file_path).PermitUncheckedError();
}

absl::Status CommitWriter::Check(const CommitRows::Row& row) const {
  if (impl_->any && row.key <= impl_->last_key) {
    return absl::InvalidArgumentError(
        absl::StrCat(impl_->doing, ": the keys of its rows are not strictly ascending"));
  }
  if (row.op == RowOp::kMerge && impl_->db.options.merge_operator == nullptr) {
    return absl::InvalidArgumentError(
        absl::StrCat(impl_->doing, ": a row to merge, and the store has no merger"));
  }
  if (row.op != RowOp::kDelete && IsReservedValue(row.value)) {
    return absl::InvalidArgumentError(
        absl::StrCat(impl_->doing, ": a row has a value that the store keeps for itself"));
  }
  return absl::OkStatus();
}

absl::Status CommitWriter::StartFile() {
  Impl& impl = *impl_;
  impl.file_path = impl.db.IngestFile();
  impl.file.emplace(rocksdb::EnvOptions(impl.db.options), impl.db.ingest_options,
                    /*column_family=*/nullptr, /*invalidate_page_cache=*/false);
  rocksdb::Status status = impl.file->Open(impl.file_path);
  if (status.ok()) {
    ToTableFile copy(*impl.file);
    status = impl.batch.Iterate(&copy);
  }
  impl.batch.Clear();
  return FromRocks(status, impl.doing);
}

absl::Status CommitWriter::Add(const CommitRows::Row& row) {
  Impl& impl = *impl_;
  if (absl::Status status = Check(row); !status.ok()) return status;
  const bool big =
      impl.big_expected || static_cast<size_t>(impl.batch.Count()) + 1 >= impl.batch_rows_max ||
      impl.batch.GetDataSize() + row.key.size() + row.value.size() >= impl.batch_bytes_max;
  if (big && !impl.file.has_value()) {
    if (absl::Status status = StartFile(); !status.ok()) return status;
  }
  impl.any = true;
  impl.last_key.assign(row.key);
  return FromRocks(impl.file.has_value() ? Write(*impl.file, row) : Write(impl.batch, row),
                   impl.doing);
}

absl::Status CommitWriter::Apply(bool* log_has_rows) {
  if (!impl_->any) return absl::OkStatus();
  if (impl_->file.has_value()) return ApplyFile(log_has_rows);
  *log_has_rows = true;
  return FromRocks(impl_->db.db->Write(rocksdb::WriteOptions(), &impl_->batch), impl_->doing);
}

absl::Status CommitWriter::ApplyFile(bool* log_has_rows) {
  Impl& impl = *impl_;
  rocksdb::Status status = impl.file->Finish();
  if (!status.ok()) return FromRocks(status, impl.doing);
  // The file is durable before the log is: what the log holds must be made durable first, or a
  // machine crash would keep this commit and lose earlier ones.
  if (*log_has_rows) {
    rocksdb::FlushOptions flush;
    flush.allow_write_stall = true;
    status = impl.db.db->Flush(flush);
    if (!status.ok()) return FromRocks(status, impl.doing);
    *log_has_rows = false;
  }
  // RocksDB asks an iterator for the table's first and last key, and heeds no error: it takes a
  // table whose first block cannot be read for one without rows, and aborts the process at one
  // whose last block cannot be.
  TableEnds ends(impl.db.options);
  status = ends.Hold(impl.file_path);
  if (!status.ok()) return FromRocks(status, impl.doing);
  rocksdb::IngestExternalFileOptions ingest;
  ingest.move_files = true;
  ingest.write_global_seqno = false;
  status = impl.db.db->IngestExternalFile({impl.file_path}, ingest);
  // The manifest may name it all the same: see RestoreIngestedTable.
  impl.keep_file = !status.ok();
  return FromRocks(status, impl.doing);
}

}  // namespace tally::store
