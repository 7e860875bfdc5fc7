#include "processor/kafka/record_batch.h"

#include <utility>

namespace tally::kafka {
namespace {

std::optional<std::string_view> Bytes(const void* data, size_t size) {
  if (data == nullptr) return std::nullopt;
  return std::string_view(static_cast<const char*>(data), size);
}

}  // namespace

domain::Record RecordOf(domain::Topic topic, const rd_kafka_message_t& message) {
  rd_kafka_timestamp_type_t type = RD_KAFKA_TIMESTAMP_NOT_AVAILABLE;
  const int64_t timestamp = rd_kafka_message_timestamp(&message, &type);
  return {
      .topic = topic,
      .partition = message.partition,
      .offset = message.offset,
      .timestamp_ms = type == RD_KAFKA_TIMESTAMP_NOT_AVAILABLE ? domain::kNoTimestamp : timestamp,
      .key = Bytes(message.key, message.key_len),
      .value = Bytes(message.payload, message.len),
      .headers = {}};
}

std::unique_ptr<BatchBuffers> BatchPool::Take() {
  if (free_.empty()) return std::make_unique<BatchBuffers>();
  auto buffers = std::move(free_.back());
  free_.pop_back();
  return buffers;
}

void BatchPool::Return(std::unique_ptr<BatchBuffers> buffers) {
  if (free_.size() >= kKeptMax) return;
  buffers->messages.clear();
  buffers->records.clear();
  buffers->headers.clear();
  buffers->header_ranges.clear();
  buffers->records_with_headers.clear();
  free_.push_back(std::move(buffers));
}

KafkaRecordBatch::KafkaRecordBatch(std::shared_ptr<BatchPool> pool)
    : pool_(std::move(pool)), buffers_(pool_->Take()) {
  next_offsets_.fill(-1);
}

KafkaRecordBatch::~KafkaRecordBatch() {
  for (rd_kafka_message_t* message : buffers_->messages) rd_kafka_message_destroy(message);
  pool_->Return(std::move(buffers_));
}

void KafkaRecordBatch::Append(domain::Topic topic, rd_kafka_message_t* message) {
  buffers_->messages.push_back(message);
  buffers_->records.push_back(RecordOf(topic, *message));
  AppendHeaders(message);
  Advance(topic, message->offset + 1);
}

void KafkaRecordBatch::AppendHeaders(const rd_kafka_message_t* message) {
  rd_kafka_headers_t* headers = nullptr;
  if (rd_kafka_message_headers(message, &headers) != RD_KAFKA_RESP_ERR_NO_ERROR) return;
  const size_t begin = buffers_->headers.size();
  const char* name = nullptr;
  const void* value = nullptr;
  size_t size = 0;
  for (size_t i = 0;
       rd_kafka_header_get_all(headers, i, &name, &value, &size) == RD_KAFKA_RESP_ERR_NO_ERROR;
       ++i) {
    buffers_->headers.push_back({.name = name, .value = Bytes(value, size)});
  }
  buffers_->records_with_headers.push_back(buffers_->records.size() - 1);
  buffers_->header_ranges.emplace_back(begin, buffers_->headers.size() - begin);
}

void KafkaRecordBatch::Advance(domain::Topic topic, int64_t next_offset) {
  int64_t& next = next_offsets_[domain::Index(topic)];
  next = std::max(next, next_offset);
}

void KafkaRecordBatch::Finish() {
  // Only now: the header vector moves while it grows.
  const std::span<const domain::Header> all(buffers_->headers);
  for (size_t i = 0; i < buffers_->records_with_headers.size(); ++i) {
    const auto [begin, size] = buffers_->header_ranges[i];
    buffers_->records[buffers_->records_with_headers[i]].headers = all.subspan(begin, size);
  }
}

bool KafkaRecordBatch::empty() const {
  if (!buffers_->records.empty()) return false;
  for (const int64_t next : next_offsets_) {
    if (next >= 0) return false;
  }
  return true;
}

}  // namespace tally::kafka
