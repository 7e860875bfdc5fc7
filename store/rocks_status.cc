#include "absl/strings/str_cat.h"
#include "store/rocks_internal.h"

namespace tally::store {
namespace {

absl::StatusCode CodeOf(const rocksdb::Status& status) {
  if (status.IsCorruption()) return absl::StatusCode::kDataLoss;
  if (status.IsNoSpace() || status.subcode() == rocksdb::Status::kSpaceLimit)
    return absl::StatusCode::kResourceExhausted;
  // A file that the manifest names is gone.
  if (status.IsPathNotFound()) return absl::StatusCode::kDataLoss;
  const std::string text = status.ToString();
  if (status.IsIOError() && text.find("Permission denied") != std::string::npos) {
    return absl::StatusCode::kPermissionDenied;
  }
  if (status.IsInvalidArgument() || status.IsNotSupported()) {
    return absl::StatusCode::kFailedPrecondition;
  }
  return absl::StatusCode::kUnavailable;
}

}  // namespace

absl::Status FromRocks(const rocksdb::Status& status, std::string_view doing) {
  if (status.ok()) return absl::OkStatus();
  return absl::Status(CodeOf(status), absl::StrCat(absl::string_view(doing.data(), doing.size()),
                                                   ": ", status.ToString()));
}

void BackgroundErrors::OnBackgroundError(rocksdb::BackgroundErrorReason /*reason*/,
                                         rocksdb::Status* error) {
  std::lock_guard lock(mutex_);
  if (first_.ok()) first_ = FromRocks(*error, absl::StrCat("background work of store ", path_));
}

void BackgroundErrors::OnErrorRecoveryBegin(rocksdb::BackgroundErrorReason /*reason*/,
                                            rocksdb::Status error, bool* auto_recovery) {
  error.PermitUncheckedError();
  *auto_recovery = false;
}

absl::Status BackgroundErrors::first() const {
  std::lock_guard lock(mutex_);
  return first_;
}

}  // namespace tally::store
