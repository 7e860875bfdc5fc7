#include "processor/remedy.h"

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

namespace tally {
namespace {

constexpr absl::string_view kQuarantined = "quarantined, since what is stored is wrong (";
constexpr absl::string_view kAnotherLog =
    "quarantined, since the log is another one than was read (";

}  // namespace

absl::Status WithRemedy(const absl::Status& status) {
  if (!absl::IsDataLoss(status) || absl::StartsWith(status.message(), kQuarantined) ||
      absl::StartsWith(status.message(), kAnotherLog)) {
    return status;
  }
  return absl::DataLossError(absl::StrCat(
      kQuarantined, status.message(),
      "): it answers no more, so that no answer is wrong. Stop tallyd; `tally verify` says what is "
      "wrong (with --against-log, with both values); `tally rebuild` makes the shard anew from the "
      "topics, `tally restore` from a backup"));
}

absl::Status AnotherLog(const std::string& topic, int32_t partition, int64_t offset) {
  return absl::DataLossError(absl::StrCat(
      kAnotherLog, topic, "/", partition, " has another record at offset ", offset,
      " than the one that was read there: the topic was deleted and made again, or cut off and "
      "written anew): the shard reads and answers no more, so that nothing of the two is mixed. If "
      "the topic is right as it is now, stop tallyd and make the shard anew from it with `tally "
      "rebuild`; otherwise restore the topic, or the shard from a backup that fits it with `tally "
      "restore`"));
}

absl::Status ShortLog(const std::string& topic, int32_t partition, int64_t next, int64_t end) {
  return absl::OutOfRangeError(absl::StrCat(
      topic, "/", partition, ": the store is at offset ", next, " but the log ends at ", end,
      ": the topic was truncated or made again. If the topic is right as it is now, make the shard "
      "anew from it with `tally rebuild`"));
}

}  // namespace tally
