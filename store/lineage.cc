// A lineage is text, so that it can be read without Tally:
//
//   tally-lineage 1
//   state-format 1
//   fold 1
//   cluster <text> …                      one field a line, "name value", in any order
//   checksum <xxh64 of all before, 16 hex digits>
//
// The first line, the two versions and the checksum stay as they are in every format to come. In
// texts, a byte that is not printable ASCII, and the backslash, is \xHH.
#include "store/lineage.h"

#include <xxhash.h>

#include <charconv>
#include <cstdlib>
#include <map>
#include <optional>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"

namespace tally::store {
namespace {

constexpr absl::string_view kHead = "tally-lineage 1\n";
constexpr absl::string_view kChecksum = "checksum ";
constexpr size_t kChecksumDigits = 16;

std::string ChecksumOf(absl::string_view body) {
  return absl::StrCat(absl::Hex(XXH64(body.data(), body.size(), 0), absl::kZeroPad16));
}

absl::Status NotALineage(absl::string_view why) {
  return absl::DataLossError(absl::StrCat(
      "the store's lineage row is damaged (", why,
      "): make the store anew with `tally rebuild`, or restore a backup with `tally restore`"));
}

using Fields = std::map<std::string, std::string, std::less<>>;

// The part before the checksum.
absl::StatusOr<absl::string_view> VerifiedBody(absl::string_view bytes) {
  const size_t tail = kChecksum.size() + kChecksumDigits + 1;
  if (bytes.size() < kHead.size() + tail || bytes.substr(0, kHead.size()) != kHead) {
    return NotALineage("it does not begin as one");
  }
  const absl::string_view body = bytes.substr(0, bytes.size() - tail);
  if (bytes.substr(body.size()) != absl::StrCat(kChecksum, ChecksumOf(body), "\n")) {
    return NotALineage("its checksum is wrong");
  }
  return body;
}

Fields FieldsOf(absl::string_view body) {
  Fields fields;
  for (absl::string_view line : absl::StrSplit(body, '\n', absl::SkipEmpty())) {
    const std::pair<absl::string_view, absl::string_view> field =
        absl::StrSplit(line, absl::MaxSplits(' ', 1));
    fields.emplace(field.first, field.second);
  }
  return fields;
}

template <typename Int>
bool ReadInt(const Fields& fields, absl::string_view name, Int* value) {
  const auto field = fields.find(name);
  return field != fields.end() && absl::SimpleAtoi(field->second, value);
}

bool ReadText(const Fields& fields, absl::string_view name, std::string* value) {
  const auto field = fields.find(name);
  return field != fields.end() && absl::CUnescape(field->second, value);
}

constexpr absl::string_view kLogBaseNames[] = {
    "log-base-event-created", "log-base-participant-registered", "log-base-distribution-completed"};

bool ReadAll(const Fields& fields, Lineage* lineage) {
  bool all = ReadText(fields, "cluster", &lineage->cluster_id);
  all &= ReadText(fields, "topic-prefix", &lineage->topic_prefix);
  all &= ReadInt(fields, "partition", &lineage->partition);
  all &= ReadInt(fields, "partition-count", &lineage->partition_count);
  all &= ReadText(fields, "partitioner", &lineage->partitioner);
  for (size_t topic = 0; topic < lineage->log_base.size(); ++topic) {
    all &= ReadInt(fields, kLogBaseNames[topic], &lineage->log_base[topic]);
  }
  all &= ReadText(fields, "hash-key-fingerprint", &lineage->hash_key_fingerprint);
  all &= ReadInt(fields, "input-utc-offset-minutes", &lineage->input_utc_offset_minutes);
  return all;
}

std::string Quoted(absl::string_view text) {
  return absl::StrCat("'", absl::CHexEscape(text), "'");
}

// +09:00, as --input-utc-offset takes it.
std::string OffsetText(int32_t minutes) {
  return absl::StrFormat("%c%02d:%02d", minutes < 0 ? '-' : '+', std::abs(minutes) / 60,
                         std::abs(minutes) % 60);
}

void CheckVersion(absl::string_view what, uint32_t stored, uint32_t wanted,
                  std::vector<std::string>* differences) {
  if (stored == wanted) return;
  if (stored > wanted) {
    differences->push_back(absl::StrCat("this store has ", what, " version ", stored,
                                        ", newer than this binary's ", wanted,
                                        ": run the newer version of Tally that made it, or make it "
                                        "anew from the topics with `tally "
                                        "rebuild`"));
  } else {
    differences->push_back(absl::StrCat("this store has ", what, " version ", stored,
                                        ", older than this binary's ", wanted,
                                        ": run the older version of Tally that made it, or make it "
                                        "anew from the topics with `tally "
                                        "rebuild` of this one"));
  }
}

void CheckSettings(const Lineage& stored, const Lineage& wanted,
                   std::vector<std::string>* differences) {
  if (stored.cluster_id != wanted.cluster_id) {
    differences->push_back(absl::StrCat(
        "this store was made from Kafka cluster ", Quoted(stored.cluster_id),
        ", --brokers leads to cluster ", Quoted(wanted.cluster_id),
        ": its offsets mean other records there; point --brokers to the first or use another "
        "--data-dir"));
  }
  if (stored.topic_prefix != wanted.topic_prefix) {
    differences->push_back(absl::StrCat(
        "this store was made for topic prefix ", Quoted(stored.topic_prefix),
        ", this process was started with ", Quoted(wanted.topic_prefix),
        ": start with --topic-prefix ", stored.topic_prefix.empty() ? "''" : stored.topic_prefix,
        " or use another --data-dir"));
  }
  if (stored.partition != wanted.partition) {
    differences->push_back(absl::StrFormat(
        "this is the store of partition %d in the place of partition %d: its directory was renamed "
        "or copied; put it back to shard-%05d",
        stored.partition, wanted.partition, stored.partition));
  }
  if (stored.partition_count != wanted.partition_count) {
    differences->push_back(absl::StrCat(
        "this store was made when the topics had ", stored.partition_count,
        " partitions, now they have ", wanted.partition_count,
        ": the partition count of a topic never changes under a store, keys would move between "
        "shards; bring back topics with ",
        stored.partition_count,
        " partitions, or publish to new topics (another --topic-prefix) and use another "
        "--data-dir"));
  }
  if (stored.partitioner != wanted.partitioner) {
    differences->push_back(absl::StrCat(
        "this store was made with partitioner ", Quoted(stored.partitioner),
        ", this process was started with ", Quoted(wanted.partitioner),
        ": start with --partitioner ", stored.partitioner, " or use another --data-dir"));
  }
  // Derived keys differ where cluster or prefix do: no difference of its own.
  const bool same_log =
      stored.cluster_id == wanted.cluster_id && stored.topic_prefix == wanted.topic_prefix;
  if (same_log && stored.hash_key_fingerprint != wanted.hash_key_fingerprint) {
    differences->push_back(absl::StrCat(
        "this store was made with the hash key of fingerprint ",
        Quoted(stored.hash_key_fingerprint), ", this process has the key of fingerprint ",
        Quoted(wanted.hash_key_fingerprint),
        ": participants would be counted twice; start with the --hash-key-file that it was made "
        "with (without one, if there was none) or use another --data-dir"));
  }
  if (stored.input_utc_offset_minutes != wanted.input_utc_offset_minutes) {
    const std::string offset = OffsetText(stored.input_utc_offset_minutes);
    differences->push_back(absl::StrCat(
        "this store was made with input UTC offset ", offset, ", this process was started with ",
        OffsetText(wanted.input_utc_offset_minutes), ": start with --input-utc-offset ", offset,
        " or use another --data-dir"));
  }
}

}  // namespace

std::string EncodeLineage(const Lineage& lineage) {
  std::string out(kHead);
  absl::StrAppend(&out, "state-format ", lineage.state_format_version, "\n");
  absl::StrAppend(&out, "fold ", lineage.fold_version, "\n");
  absl::StrAppend(&out, "cluster ", absl::CHexEscape(lineage.cluster_id), "\n");
  absl::StrAppend(&out, "topic-prefix ", absl::CHexEscape(lineage.topic_prefix), "\n");
  absl::StrAppend(&out, "partition ", lineage.partition, "\n");
  absl::StrAppend(&out, "partition-count ", lineage.partition_count, "\n");
  absl::StrAppend(&out, "partitioner ", absl::CHexEscape(lineage.partitioner), "\n");
  for (size_t topic = 0; topic < lineage.log_base.size(); ++topic) {
    absl::StrAppend(&out, kLogBaseNames[topic], " ", lineage.log_base[topic], "\n");
  }
  absl::StrAppend(&out, "hash-key-fingerprint ", absl::CHexEscape(lineage.hash_key_fingerprint),
                  "\n");
  absl::StrAppend(&out, "input-utc-offset-minutes ", lineage.input_utc_offset_minutes, "\n");
  absl::StrAppend(&out, kChecksum, ChecksumOf(out), "\n");
  return out;
}

absl::StatusOr<Lineage> DecodeLineage(std::string_view bytes) {
  const absl::StatusOr<absl::string_view> body =
      VerifiedBody(absl::string_view(bytes.data(), bytes.size()));
  if (!body.ok()) return body.status();
  const Fields fields = FieldsOf(*body);
  Lineage lineage;
  if (!ReadInt(fields, "state-format", &lineage.state_format_version) ||
      !ReadInt(fields, "fold", &lineage.fold_version)) {
    return NotALineage("it names no versions");
  }
  const bool newer =
      lineage.state_format_version > kStateFormatVersion || lineage.fold_version > kFoldVersion;
  if (!ReadAll(fields, &lineage) && !newer) return NotALineage("a field is missing");
  return lineage;
}

absl::Status CheckLineage(const Lineage& stored, const Lineage& wanted) {
  std::vector<std::string> differences;
  CheckVersion("state format", stored.state_format_version, wanted.state_format_version,
               &differences);
  CheckVersion("fold", stored.fold_version, wanted.fold_version, &differences);
  // Another version may write the other fields in other ways.
  if (differences.empty()) CheckSettings(stored, wanted, &differences);
  if (differences.empty()) return absl::OkStatus();
  return absl::FailedPreconditionError(absl::StrJoin(differences, "; "));
}

}  // namespace tally::store
