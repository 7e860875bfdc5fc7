// RecordBatch over librdkafka messages, with buffers that are used again. Internal to this folder.
#pragma once

#include <librdkafka/rdkafka.h>

#include <cstddef>
#include <memory>
#include <span>
#include <vector>

#include "processor/domain/record.h"
#include "processor/log_source.h"

namespace tally::kafka {

// The vectors of one batch.
struct BatchBuffers {
  std::vector<rd_kafka_message_t*> messages;  // owned
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

  // Building, before the batch is handed out. Takes the message.
  void Append(domain::Topic topic, rd_kafka_message_t* message);
  void Advance(domain::Topic topic, int64_t next_offset);
  void Finish();
  // Nothing to tell: neither records nor positions.
  bool empty() const;

  std::span<const domain::Record> records() const override { return buffers_->records; }
  const Offsets& next_offsets() const override { return next_offsets_; }

 private:
  void AppendHeaders(const rd_kafka_message_t* message);

  std::shared_ptr<BatchPool> pool_;
  std::unique_ptr<BatchBuffers> buffers_;
  Offsets next_offsets_;
};

// A message's record without its headers, views into the message.
domain::Record RecordOf(domain::Topic topic, const rd_kafka_message_t& message);

}  // namespace tally::kafka
