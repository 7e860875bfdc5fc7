#include "tests/store/store_testing.h"

#include <stdlib.h>

#include <cassert>
#include <filesystem>
#include <random>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace tally::store {
namespace {

int64_t ReadSum(std::string_view bytes) {
  uint64_t sum = 0;
  for (const char byte : bytes) sum = sum << 8 | static_cast<unsigned char>(byte);
  return static_cast<int64_t>(sum);
}

}  // namespace

TestRow Add(std::string key, int64_t amount) {
  return {RowOp::kMerge, std::move(key), Sum(amount)};
}

std::optional<CommitRows::Row> ListRows::Next() {
  if (next_ == rows_.size()) return std::nullopt;
  const TestRow& row = rows_[next_++];
  return Row{row.op, row.key, row.value};
}

absl::Status Commit(Store& store, std::vector<TestRow> rows) {
  ListRows list(std::move(rows));
  return store.Commit(list);
}

bool SumMerger::Merge(std::string_view /*key*/, std::string_view operand,
                      std::string* value) const {
  if (operand.size() != 8 || (!value->empty() && value->size() != 8)) return false;
  const int64_t sum = ReadSum(*value) + ReadSum(operand);
  *value = sum == 0 ? "" : Sum(sum);
  return true;
}

std::string Sum(int64_t amount) {
  std::string bytes;
  for (int shift = 56; shift >= 0; shift -= 8) {
    bytes.push_back(static_cast<char>(static_cast<uint64_t>(amount) >> shift));
  }
  return bytes;
}

Rows ReadAll(const Snapshot& snapshot) {
  Rows rows;
  const std::unique_ptr<Iterator> iterator = snapshot.NewIterator("", "");
  for (iterator->Seek(""); iterator->Valid(); iterator->Next()) {
    rows.emplace(iterator->key(), iterator->value());
  }
  if (!iterator->status().ok()) rows["!"] = iterator->status().ToString();
  return rows;
}

Rows ReadAll(const Store& store) { return ReadAll(*store.NewSnapshot()); }

std::string Read(const Snapshot& snapshot, std::string_view key) {
  std::string value;
  const absl::StatusOr<bool> found = snapshot.Get(key, &value);
  if (!found.ok()) return absl::StrCat("(", absl::StatusCodeToString(found.status().code()), ")");
  return *found ? value : "(none)";
}

std::string Read(const Store& store, std::string_view key) {
  return Read(*store.NewSnapshot(), key);
}

std::vector<TestRow> SequenceCommit(uint64_t n) {
  std::mt19937_64 random(n);
  const size_t rows = n % 3 == 0 ? 2 * kSequenceBigRows : 5;
  std::map<std::string, TestRow> by_key;
  for (size_t i = 0; i < rows; ++i) {
    const std::string number = absl::StrFormat("%04d", random() % 2000);
    switch (random() % 4) {
      case 0:
        by_key.insert_or_assign("p" + number, Delete("p" + number));
        break;
      case 1:
        by_key.insert_or_assign("s" + number,
                                Add("s" + number, static_cast<int64_t>(random() % 5) - 2));
        break;
      default:
        by_key.insert_or_assign("p" + number, Put("p" + number, absl::StrCat(n, ".", i)));
    }
  }
  by_key.insert_or_assign(kNumberKey, Put(kNumberKey, absl::StrCat(n)));
  std::vector<TestRow> list;
  for (auto& [key, row] : by_key) list.push_back(std::move(row));
  return list;
}

uint64_t SequenceNumberOf(const Rows& rows) {
  const auto number = rows.find(kNumberKey);
  return number == rows.end() ? 0 : std::stoull(number->second);
}

const Rows& SequenceModel::After(uint64_t n) {
  assert(n >= n_);
  while (n_ < n) {
    for (const TestRow& row : SequenceCommit(++n_)) {
      std::string& value = rows_[row.key];
      if (row.op == RowOp::kPut) value = row.value;
      if (row.op == RowOp::kDelete) value.clear();
      if (row.op == RowOp::kMerge) SumMerger().Merge(row.key, row.value, &value);
      if (value.empty()) rows_.erase(row.key);
    }
  }
  return rows_;
}

TempDir::TempDir() {
  std::string pattern = (std::filesystem::temp_directory_path() / "tally-store-XXXXXX").string();
  if (mkdtemp(pattern.data()) == nullptr) abort();
  path_ = pattern;
}

TempDir::~TempDir() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

}  // namespace tally::store
