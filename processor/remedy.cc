#include "processor/remedy.h"

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

namespace tally {
namespace {

constexpr absl::string_view kQuarantined = "quarantined, since what is stored is wrong (";

}  // namespace

absl::Status WithRemedy(const absl::Status& status) {
  if (!absl::IsDataLoss(status) || absl::StartsWith(status.message(), kQuarantined)) return status;
  return absl::DataLossError(absl::StrCat(
      kQuarantined, status.message(),
      "): it answers no more, so that no answer is wrong. Stop tallyd; `tally verify` says what is "
      "wrong (with --against-log, with both values); `tally rebuild` makes the shard anew from the "
      "topics, `tally restore` from a backup"));
}

}  // namespace tally
