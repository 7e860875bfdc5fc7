#include "processor/kafka/dead_letter_tail.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <optional>
#include <string_view>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "processor/kafka/kafka_dead_letters.h"
#include "processor/steady_now.h"

namespace tally::kafka {
namespace {

constexpr int64_t kFirstWindow = 200;

std::optional<std::string> HeaderOf(const OwnedRecord& record, std::string_view name) {
  for (const auto& [header, value] : record.headers) {
    if (header == name) return value;
  }
  return std::nullopt;
}

// The offset that a letter of this partition names; nullopt: not a letter of Tally's.
std::optional<int64_t> LetterOffset(const OwnedRecord& letter, const std::string& topic,
                                    int32_t partition) {
  const auto offset_text = HeaderOf(letter, kOffsetHeader);
  int64_t offset = -1;
  if (HeaderOf(letter, kTopicHeader) != topic ||
      HeaderOf(letter, kPartitionHeader) != absl::StrCat(partition) || !offset_text ||
      !absl::SimpleAtoi(*offset_text, &offset) || offset < 0) {
    return std::nullopt;
  }
  return offset;
}

struct Candidate {
  int64_t offset = -1;
  OwnedRecord letter;
};

class TailReader {
 public:
  TailReader(LogAdmin& admin, const std::string& topic, int32_t partition, absl::Time deadline)
      : admin_(admin), topic_(topic), partition_(partition), deadline_(deadline) {}

  // Looks back further and further until a window has a letter.
  absl::StatusOr<std::optional<Candidate>> Last(const LogRange& range) {
    int64_t end = range.end;
    for (int64_t window = kFirstWindow; end > range.begin; window *= 4) {
      const int64_t begin = std::max(range.begin, end - window);
      auto found = HighestIn(begin, end);
      if (!found.ok() || found->has_value()) return found;
      end = begin;
    }
    return std::nullopt;
  }

  absl::StatusOr<bool> Matches(const Candidate& candidate) {
    std::optional<OwnedRecord> original;
    absl::Status status = admin_.Read(
        {{topic_, partition_, candidate.offset}},
        [&](const PartitionAt&, const OwnedRecord& record) {
          if (record.offset == candidate.offset) original = record;
          return false;
        },
        Left());
    if (!status.ok()) return status;
    return original.has_value() && SameContent(candidate.letter, *original);
  }

 private:
  absl::Duration Left() const { return deadline_ - SteadyNow(); }

  absl::StatusOr<std::optional<Candidate>> HighestIn(int64_t begin, int64_t end) {
    std::optional<Candidate> highest;
    absl::Status status = admin_.Read(
        {{DeadLetterTopic(topic_), partition_, begin}},
        [&](const PartitionAt&, const OwnedRecord& letter) {
          if (letter.offset >= end) return false;
          const auto offset = LetterOffset(letter, topic_, partition_);
          if (offset && (!highest || *offset >= highest->offset)) highest = {*offset, letter};
          return true;
        },
        Left());
    if (!status.ok()) return status;
    return highest;
  }

  // A part that was cut cannot be compared whole: its beginning must agree.
  static bool SamePart(const std::optional<std::string>& letter,
                       const std::optional<std::string>& original, bool cut) {
    if (!cut) return letter == original;
    return letter && original && original->compare(0, letter->size(), *letter) == 0;
  }

  static bool SameContent(const OwnedRecord& letter, const OwnedRecord& original) {
    const std::string cut = HeaderOf(letter, kCutHeader).value_or("");
    return SamePart(letter.key, original.key, cut.find("key:") != std::string::npos) &&
           SamePart(letter.value, original.value, cut.find("value:") != std::string::npos);
  }

  LogAdmin& admin_;
  const std::string& topic_;
  const int32_t partition_;
  const absl::Time deadline_;
};

absl::StatusOr<std::optional<LogRange>> RangeOf(LogAdmin& admin, const std::string& topic,
                                                int32_t partition, absl::Time deadline) {
  auto info = admin.DescribeTopics({topic}, deadline - SteadyNow());
  if (!info.ok()) return info.status();
  const int32_t partitions = info->front().partitions;
  if (partition >= partitions) return std::nullopt;
  auto ranges = admin.Ranges(topic, partitions, deadline - SteadyNow());
  if (!ranges.ok()) return ranges.status();
  return (*ranges)[static_cast<size_t>(partition)];
}

}  // namespace

absl::StatusOr<int64_t> DeadLettersWrittenBelow(LogAdmin& admin, const std::string& topic,
                                                int32_t partition, absl::Duration timeout) {
  const absl::Time deadline = SteadyNow() + timeout;
  auto letters = RangeOf(admin, DeadLetterTopic(topic), partition, deadline);
  if (!letters.ok()) return letters.status();
  if (!letters->has_value()) return 0;
  TailReader tail(admin, topic, partition, deadline);
  auto last = tail.Last(**letters);
  if (!last.ok()) return last.status();
  if (!last->has_value()) return 0;
  const int64_t offset = (*last)->offset;
  auto input = RangeOf(admin, topic, partition, deadline);
  if (!input.ok()) return input.status();
  if (!input->has_value() || offset >= (*input)->end) {
    spdlog::warn(
        "kafka: the last dead letter of {}/{} is of offset {}, which the topic does not have: it "
        "was recreated; dead letters are written from its beginning",
        topic, partition, offset);
    return 0;
  }
  if (offset < (*input)->begin) return offset + 1;  // the record is gone, nothing to compare with
  auto matches = tail.Matches(**last);
  if (!matches.ok()) return matches.status();
  if (!*matches) {
    spdlog::warn(
        "kafka: the last dead letter of {}/{} is not the record at its offset {}: the topic was "
        "recreated; dead letters are written from its beginning",
        topic, partition, offset);
    return 0;
  }
  return offset + 1;
}

}  // namespace tally::kafka
