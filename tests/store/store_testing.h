// What the store's tests share: rows from a list, a counter to merge, a temporary directory, and a
// deterministic sequence of commits with a model of what they leave.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "store/store.h"

namespace tally::store {

struct TestRow {
  RowOp op;
  std::string key;
  std::string value;
};
inline TestRow Put(std::string key, std::string value) {
  return {RowOp::kPut, std::move(key), std::move(value)};
}
inline TestRow Delete(std::string key) { return {RowOp::kDelete, std::move(key), ""}; }
TestRow Add(std::string key, int64_t amount);  // for SumMerger

class ListRows : public CommitRows {
 public:
  explicit ListRows(std::vector<TestRow> rows) : rows_(std::move(rows)) {}
  std::optional<Row> Next() override;
  size_t SizeHint() const override { return rows_.size(); }

 private:
  std::vector<TestRow> rows_;
  size_t next_ = 0;
};

absl::Status Commit(Store& store, std::vector<TestRow> rows);

// Sums of int64, 8 bytes big-endian; 0 is no row, another length is malformed.
class SumMerger : public RowMerger {
 public:
  bool Merge(std::string_view key, std::string_view operand, std::string* value) const override;
};
std::string Sum(int64_t amount);

using Rows = std::map<std::string, std::string>;
// Every row, by iterator; a failed read becomes a row named "!".
Rows ReadAll(const Snapshot& snapshot);
Rows ReadAll(const Store& store);
// The row's value, "(none)", or "(<status code>)".
std::string Read(const Snapshot& snapshot, std::string_view key);
std::string Read(const Store& store, std::string_view key);

// Commit number n (from 1) of a fixed sequence: small ones and big ones, puts, deletes and merges;
// every commit has a row kNumberKey with its number.
inline constexpr char kNumberKey[] = "m";
inline constexpr size_t kSequenceBigRows = 100;  // the big ones have more rows, the small ones less
std::vector<TestRow> SequenceCommit(uint64_t n);
// Number of the commit whose state this is; 0 if empty.
uint64_t SequenceNumberOf(const Rows& rows);

// The state after each commit of the sequence.
class SequenceModel {
 public:
  const Rows& After(uint64_t n);  // n must not fall between calls

 private:
  uint64_t n_ = 0;
  Rows rows_;
};

class TempDir {
 public:
  TempDir();
  ~TempDir();
  TempDir(const TempDir&) = delete;
  TempDir& operator=(const TempDir&) = delete;
  std::string operator/(std::string_view name) const { return path_ + "/" + std::string(name); }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

}  // namespace tally::store
