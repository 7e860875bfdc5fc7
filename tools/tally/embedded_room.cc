#include "tools/tally/embedded_room.h"

#include "absl/strings/str_cat.h"

namespace tally::cli {
namespace {

constexpr int64_t kBatchHeaderBytes = 61;
constexpr int64_t kRecordFieldsBytes = 24;  // lengths, deltas, attributes
constexpr int64_t kHeaderFieldsBytes = 8;

int64_t Size(const std::optional<std::string>& text) {
  return text ? static_cast<int64_t>(text->size()) : 0;
}

}  // namespace

int64_t EmbeddedRoom::BytesOf(const OutgoingRecord& record) {
  int64_t bytes = kBatchHeaderBytes + kRecordFieldsBytes + Size(record.key) + Size(record.value);
  for (const auto& [name, value] : record.headers) {
    bytes += kHeaderFieldsBytes + static_cast<int64_t>(name.size()) + Size(value);
  }
  return bytes;
}

void EmbeddedRoom::AddStanding(const std::string& topic, int32_t partition, int64_t bytes) {
  bytes_[{topic, partition}] += bytes;
}

absl::Status EmbeddedRoom::AddTo(const std::string& topic, int32_t partition, int64_t bytes) {
  int64_t& used = bytes_[{topic, partition}];
  if (used + bytes <= kPartitionBytesMax) {
    used += bytes;
    return absl::OkStatus();
  }
  return absl::ResourceExhaustedError(absl::StrCat(
      "this does not fit into the embedded broker: it keeps 5 MiB a partition and silently drops "
      "the oldest records beyond, and ",
      topic, " partition ", partition, " would hold more than ", kPartitionBytesMax >> 20,
      " MiB; use a real Kafka (tools/kafka start gives a local one) or a smaller load"));
}

absl::Status EmbeddedRoom::Add(const OutgoingRecord& record, int32_t partitions) {
  const int64_t bytes = BytesOf(record);
  if (record.partition) return AddTo(record.topic, *record.partition, bytes);
  if (record.key && !record.key->empty()) {
    return AddTo(record.topic, domain::PartitionOf(partitioner_, *record.key, partitions), bytes);
  }
  for (int32_t partition = 0; partition < partitions; ++partition) {
    if (auto status = AddTo(record.topic, partition, bytes); !status.ok()) return status;
  }
  return absl::OkStatus();
}

}  // namespace tally::cli
