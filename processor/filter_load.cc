#include "processor/filter_load.h"

#include <utility>

#include "processor/delta.h"
#include "processor/rows.h"
#include "store/key.h"

namespace tally {
namespace {

constexpr std::string_view kParticipants = "P";

}  // namespace

FilterLoad::FilterLoad(std::shared_ptr<const store::Snapshot> snapshot, size_t filter_bytes_max)
    : snapshot_(std::move(snapshot)),
      filter_(std::make_unique<ParticipantFilter>(filter_bytes_max)) {}

absl::StatusOr<bool> FilterLoad::Step(size_t rows_max) {
  if (rows_ == nullptr) {
    rows_ = snapshot_->NewScan(kParticipants, store::PrefixEnd(kParticipants));
    rows_->Seek(kParticipants);
  }
  for (size_t i = 0; i < rows_max && rows_->Valid(); ++i, rows_->Next()) {
    const auto key = ParseParticipantKey(rows_->key());
    if (!key.ok()) return key.status();
    filter_->Add(HashBits(key->hash));
  }
  if (!rows_->status().ok()) return rows_->status();
  return rows_->Valid();
}

}  // namespace tally
