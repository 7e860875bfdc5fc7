#include "processor/kafka/letter.h"

#include <algorithm>
#include <string_view>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "processor/kafka/kafka_dead_letters.h"

namespace tally::kafka {
namespace {

// Batch header, record header with its varints, and the cut header.
constexpr size_t kFrameBytes = 256;
constexpr size_t kHeaderFrameBytes = 10;
constexpr std::string_view kOwnPrefix = "tally-";

size_t HeaderBytes(const Letter::Headers& headers) {
  size_t bytes = 0;
  for (const auto& [name, value] : headers) {
    bytes += name.size() + (value ? value->size() : 0) + kHeaderFrameBytes;
  }
  return bytes;
}

std::optional<std::string> Owned(const std::optional<std::string_view>& bytes) {
  if (!bytes) return std::nullopt;
  return std::string(*bytes);
}

// Does not leave half a UTF-8 character behind.
std::string CutText(const std::string& text, size_t bytes_max) {
  if (text.size() <= bytes_max) return text;
  size_t end = bytes_max;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
  return text.substr(0, end);
}

void CutBytes(std::optional<std::string>& bytes, size_t bytes_max,
              std::optional<size_t>& bytes_before) {
  if (!bytes || bytes->size() <= bytes_max) return;
  if (!bytes_before) bytes_before = bytes->size();
  bytes->resize(bytes_max);
}

}  // namespace

Letter MakeLetter(const domain::Record& record, const std::string& input_topic,
                  const domain::Rejection& rejection) {
  Letter letter;
  letter.topic = DeadLetterTopic(input_topic);
  letter.partition = record.partition;
  letter.timestamp_ms = record.timestamp_ms;
  letter.key = Owned(record.key);
  letter.value = Owned(record.value);
  for (const domain::Header& header : record.headers) {
    if (header.name.substr(0, kOwnPrefix.size()) == kOwnPrefix) continue;
    letter.original_headers.emplace_back(header.name, Owned(header.value));
  }
  letter.tally_headers = {{kReasonHeader, std::string(domain::ReasonName(rejection.reason))},
                          {kDetailHeader, CutText(rejection.detail, kDetailBytesMax)},
                          {kTopicHeader, input_topic},
                          {kPartitionHeader, absl::StrCat(record.partition)},
                          {kOffsetHeader, absl::StrCat(record.offset)}};
  return letter;
}

size_t BatchBytes(const Letter& letter) {
  return kFrameBytes + (letter.key ? letter.key->size() : 0) +
         (letter.value ? letter.value->size() : 0) + HeaderBytes(letter.original_headers) +
         HeaderBytes(letter.tally_headers);
}

void CutToFit(Letter& letter, size_t bytes_max) {
  bytes_max = std::max(bytes_max, kLetterBytesMin);
  if (BatchBytes(letter) <= bytes_max) return;
  const size_t header_bytes = HeaderBytes(letter.original_headers);
  if (header_bytes > bytes_max / 2) {
    letter.headers_bytes_before = header_bytes;
    letter.original_headers.clear();
  }
  CutBytes(letter.key, bytes_max / 4, letter.key_bytes_before);
  const size_t whole = BatchBytes(letter);
  if (whole <= bytes_max || !letter.value) return;
  const size_t excess = whole - bytes_max;
  CutBytes(letter.value, letter.value->size() - std::min(excess, letter.value->size()),
           letter.value_bytes_before);
}

std::string CutNote(const Letter& letter) {
  std::vector<std::string> parts;
  if (letter.value_bytes_before)
    parts.push_back(absl::StrCat("value:", *letter.value_bytes_before));
  if (letter.headers_bytes_before) {
    parts.push_back(absl::StrCat("headers:", *letter.headers_bytes_before));
  }
  if (letter.key_bytes_before) parts.push_back(absl::StrCat("key:", *letter.key_bytes_before));
  return absl::StrJoin(parts, ",");
}

}  // namespace tally::kafka
