#include "tools/tally/letters.h"

#include <optional>
#include <string_view>

#include "absl/strings/numbers.h"
#include "processor/kafka/kafka_dead_letters.h"

namespace tally::cli {
namespace {

std::string HeaderOf(const OwnedRecord& record, std::string_view name) {
  for (const auto& [header, value] : record.headers) {
    if (header == name) return value.value_or("");
  }
  return "";
}

}  // namespace

Letter ReadLetter(const PartitionAt& at, const OwnedRecord& record) {
  Letter letter;
  letter.timestamp_ms = record.timestamp_ms;
  letter.topic = HeaderOf(record, kafka::kTopicHeader);
  letter.reason = HeaderOf(record, kafka::kReasonHeader);
  letter.detail = HeaderOf(record, kafka::kDetailHeader);
  letter.cut = HeaderOf(record, kafka::kCutHeader);
  const bool placed =
      absl::SimpleAtoi(HeaderOf(record, kafka::kPartitionHeader), &letter.partition) &&
      absl::SimpleAtoi(HeaderOf(record, kafka::kOffsetHeader), &letter.offset);
  if (placed && !letter.topic.empty() && !letter.reason.empty()) return letter;
  return {at.topic, at.partition, record.offset,      std::string(kForeignReason),
          "",       "",           record.timestamp_ms};
}

bool LetterCounts::Add(const Letter& letter) {
  const bool first = seen_[{letter.topic, letter.partition}].insert(letter.offset).second;
  Row& row = rows_[{letter.topic, letter.reason}];
  ++(first ? row.letters : row.repeated);
  if (first) ++letters_;
  return first;
}

}  // namespace tally::cli
