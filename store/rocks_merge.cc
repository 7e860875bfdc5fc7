#include <utility>

#include "rocksdb/merge_operator.h"
#include "store/key.h"
#include "store/rocks_internal.h"

namespace tally::store {
namespace {

// Rows and operands are of one kind (RowMerger is associative), so operands merge among themselves.
// An empty one, the sum of operands that cancel out, adds nothing.
class MergeOperator : public rocksdb::MergeOperator {
 public:
  explicit MergeOperator(std::shared_ptr<const RowMerger> merger) : merger_(std::move(merger)) {}

  bool FullMergeV2(const MergeOperationInput& in, MergeOperationOutput* out) const override {
    if (!MergeAll(in, &out->new_value)) SetDamaged(in, &out->new_value);
    if (out->new_value.empty()) out->new_value = kNoRowMark;
    return true;
  }

  bool PartialMerge(const rocksdb::Slice& key, const rocksdb::Slice& left,
                    const rocksdb::Slice& right, std::string* value,
                    rocksdb::Logger* /*logger*/) const override {
    value->assign(left.data(), left.size());
    return MergeOne(key, right, value);
  }

  bool PartialMergeMulti(const rocksdb::Slice& key, const std::deque<rocksdb::Slice>& operands,
                         std::string* value, rocksdb::Logger* /*logger*/) const override {
    value->clear();
    for (const rocksdb::Slice& operand : operands) {
      if (!MergeOne(key, operand, value)) return false;
    }
    return true;
  }

  const char* Name() const override { return "tally.RowMerger"; }

 private:
  bool MergeAll(const MergeOperationInput& in, std::string* value) const {
    value->clear();
    if (in.existing_value != nullptr && ToView(*in.existing_value) != kNoRowMark) {
      value->assign(in.existing_value->data(), in.existing_value->size());
    }
    if (IsDamaged(*value)) return false;
    for (const rocksdb::Slice& operand : in.operand_list) {
      if (!MergeOne(in.key, operand, value)) return false;
    }
    return !IsReservedValue(*value);
  }

  static void SetDamaged(const MergeOperationInput& in, std::string* value) {
    const std::string_view existing =
        in.existing_value == nullptr ? std::string_view() : ToView(*in.existing_value);
    value->assign(IsDamaged(existing) ? existing : kDamagedMark);
    if (!IsDamaged(existing)) AppendPart(existing, value);
    for (const rocksdb::Slice& operand : in.operand_list) AppendPart(ToView(operand), value);
  }

  static void AppendPart(std::string_view part, std::string* value) {
    AppendU32(value, static_cast<uint32_t>(part.size()));
    value->append(part);
  }

  bool MergeOne(const rocksdb::Slice& key, const rocksdb::Slice& operand,
                std::string* value) const {
    return operand.empty() || merger_->Merge(ToView(key), ToView(operand), value);
  }

  const std::shared_ptr<const RowMerger> merger_;
};

}  // namespace

std::shared_ptr<rocksdb::MergeOperator> NewMergeOperator(std::shared_ptr<const RowMerger> merger) {
  return std::make_shared<MergeOperator>(std::move(merger));
}

bool DropNoRowMarks::Filter(int /*level*/, const rocksdb::Slice& /*key*/,
                            const rocksdb::Slice& value, std::string* /*new_value*/,
                            bool* /*value_changed*/) const {
  return ToView(value) == kNoRowMark;
}

}  // namespace tally::store
