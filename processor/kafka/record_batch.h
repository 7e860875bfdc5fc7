// RecordBatch with bytes of its own, in buffers that are used again. Internal to this folder.
//
// Records are copied out of librdkafka's messages: those are freed at once, while they are in the
// processor's cache, and no fetch response is kept alive by a record of it that waits.
#pragma once

#include <librdkafka/rdkafka.h>

#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "processor/domain/record.h"
#include "processor/log_source.h"

namespace tally::kafka {

// Copies of texts, freed all at once.
class TextArena {
 public:
  std::string_view Copy(std::string_view text);
  // Bytes of the copies.
  size_t bytes() const { return bytes_; }
  // Keeps one block for the next time.
  void Clear();

 private:
  static constexpr size_t kBlockBytes = size_t{64} << 10;

  std::vector<std::unique_ptr<char[]>> blocks_;  // the first one has kBlockBytes
  char* next_ = nullptr;
  size_t left_ = 0;
  size_t bytes_ = 0;
};

// The vectors of one batch.
struct BatchBuffers {
  TextArena texts;
  std::vector<domain::Record> records;
  std::vector<domain::Header> headers;
  std::vector<std::pair<size_t, size_t>> header_ranges;  // begin and size, one a record with any
  std::vector<size_t> records_with_headers;
};

// One thread; outlives nothing: batches share it.
class BatchPool {
 public:
  std::unique_ptr<BatchBuffers> Take();
  void Return(std::unique_ptr<BatchBuffers> buffers);

 private:
  static constexpr size_t kKeptMax = 16;
  std::vector<std::unique_ptr<BatchBuffers>> free_;
};

class KafkaRecordBatch : public RecordBatch {
 public:
  explicit KafkaRecordBatch(std::shared_ptr<BatchPool> pool);
  ~KafkaRecordBatch() override;

  // Building, before the batch is handed out. Copies the message.
  void Append(domain::Topic topic, const rd_kafka_message_t& message);
  void Advance(domain::Topic topic, int64_t next_offset);
  void Finish();
  // Nothing to tell: neither records nor positions.
  bool empty() const;
  // Of records appended.
  size_t bytes() const { return buffers_->texts.bytes(); }

  std::span<const domain::Record> records() const override { return buffers_->records; }
  const Offsets& next_offsets() const override { return next_offsets_; }

 private:
  std::optional<std::string_view> Copy(const std::optional<std::string_view>& text);
  void AppendHeaders(const rd_kafka_message_t& message);

  std::shared_ptr<BatchPool> pool_;
  std::unique_ptr<BatchBuffers> buffers_;
  Offsets next_offsets_;
};

// A message's record without its headers, views into the message.
domain::Record RecordOf(domain::Topic topic, const rd_kafka_message_t& message);

}  // namespace tally::kafka
