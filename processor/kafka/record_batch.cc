#include "processor/kafka/record_batch.h"

#include <algorithm>
#include <cstring>
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

std::string_view TextArena::Copy(std::string_view text) {
  if (text.empty()) return "";
  bytes_ += text.size();
  if (text.size() > left_) {
    const size_t size = std::max(text.size(), kBlockBytes);
    // The first block is the one that is kept: not one of another size.
    if (blocks_.empty()) blocks_.push_back(std::make_unique_for_overwrite<char[]>(kBlockBytes));
    if (next_ == nullptr && text.size() <= kBlockBytes) {
      next_ = blocks_[0].get();
    } else {
      blocks_.push_back(std::make_unique_for_overwrite<char[]>(size));
      next_ = blocks_.back().get();
    }
    left_ = size;
  }
  char* const copy = next_;
  std::memcpy(copy, text.data(), text.size());
  next_ += text.size();
  left_ -= text.size();
  return {copy, text.size()};
}

void TextArena::Clear() {
  if (blocks_.size() > 1) blocks_.resize(1);
  next_ = nullptr;
  left_ = 0;
  bytes_ = 0;
}

std::unique_ptr<BatchBuffers> BatchPool::Take() {
  if (free_.empty()) return std::make_unique<BatchBuffers>();
  auto buffers = std::move(free_.back());
  free_.pop_back();
  return buffers;
}

void BatchPool::Return(std::unique_ptr<BatchBuffers> buffers) {
  if (free_.size() >= kKeptMax) return;
  buffers->texts.Clear();
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

KafkaRecordBatch::~KafkaRecordBatch() { pool_->Return(std::move(buffers_)); }

std::optional<std::string_view> KafkaRecordBatch::Copy(
    const std::optional<std::string_view>& text) {
  if (!text) return std::nullopt;
  return buffers_->texts.Copy(*text);
}

void KafkaRecordBatch::Append(domain::Topic topic, const rd_kafka_message_t& message) {
  domain::Record record = RecordOf(topic, message);
  record.key = Copy(record.key);
  record.value = Copy(record.value);
  buffers_->records.push_back(record);
  AppendHeaders(message);
  Advance(topic, message.offset + 1);
}

void KafkaRecordBatch::AppendHeaders(const rd_kafka_message_t& message) {
  rd_kafka_headers_t* headers = nullptr;
  if (rd_kafka_message_headers(&message, &headers) != RD_KAFKA_RESP_ERR_NO_ERROR) return;
  const size_t begin = buffers_->headers.size();
  const char* name = nullptr;
  const void* value = nullptr;
  size_t size = 0;
  for (size_t i = 0;
       rd_kafka_header_get_all(headers, i, &name, &value, &size) == RD_KAFKA_RESP_ERR_NO_ERROR;
       ++i) {
    buffers_->headers.push_back(
        {.name = buffers_->texts.Copy(name), .value = Copy(Bytes(value, size))});
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
