#include "processor/kafka/kafka_shard_source.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "processor/kafka/log_range.h"

namespace tally::kafka {
namespace {

constexpr absl::Duration kRangeTimeout = absl::Seconds(1);
// Statistics reports, one a second, over which a topic must stay unknown before it is given up:
// brokers that have just started may not know all topics yet.
constexpr int kMissingReportsMax = 10;
constexpr uint64_t kWakePayload = 1;
// A partition that was at the end and gets further behind than this is replayed again.
constexpr int64_t kFarBehindRecords = 100'000;
// A batch ends with the record that reaches it.
constexpr size_t kBatchBytesMax = size_t{1} << 20;

}  // namespace

KafkaShardSource::KafkaShardSource(std::shared_ptr<SharedSource> shared, int32_t partition)
    : shared_(std::move(shared)), partition_(partition) {
  shared_->shards.push_back(this);
}

KafkaShardSource::~KafkaShardSource() {
  for (TopicReader& reader : readers_) StopReading(reader);
  std::erase(shared_->shards, this);
}

absl::StatusOr<std::unique_ptr<KafkaShardSource>> KafkaShardSource::Start(
    std::shared_ptr<SharedSource> shared, int32_t partition, const Offsets& from) {
  std::unique_ptr<KafkaShardSource> source(new KafkaShardSource(std::move(shared), partition));
  for (int i = 0; i < domain::kTopicCount; ++i) {
    TopicReader& reader = source->readers_[i];
    reader.topic = static_cast<domain::Topic>(i);
    reader.next = from[i];
    if (from[i] < 0) {
      return absl::InvalidArgumentError(
          absl::StrCat("negative offset for ", source->Place(reader)));
    }
    absl::Status status = source->StartReading(reader, *source->shared_->reading);
    if (!status.ok()) return status;
  }
  return source;
}

absl::Status KafkaShardSource::StartReading(TopicReader& reader, Consumer& consumer) {
  reader.queue.reset(rd_kafka_queue_new(consumer.client->get()));
  rd_kafka_queue_io_event_enable(reader.queue.get(), shared_->wake_fd, &kWakePayload,
                                 sizeof kWakePayload);
  if (rd_kafka_consume_start_queue(consumer.topics[domain::Index(reader.topic)].get(), partition_,
                                   reader.next, reader.queue.get()) != 0) {
    return ToStatus(rd_kafka_last_error(), absl::StrCat("cannot read ", Place(reader)));
  }
  reader.consumer = &consumer;
  return absl::OkStatus();
}

void KafkaShardSource::StopReading(TopicReader& reader) {
  if (reader.consumer != nullptr) {
    rd_kafka_consume_stop(reader.consumer->topics[domain::Index(reader.topic)].get(), partition_);
    reader.consumer = nullptr;
  }
  if (reader.queue != nullptr) {
    rd_kafka_queue_io_event_enable(reader.queue.get(), -1, nullptr, 0);
    reader.queue.reset();
  }
}

void KafkaShardSource::ChangeConsumer(TopicReader& reader) {
  StopReading(reader);
  reader.missing_reports = 0;
  if (absl::Status status = StartReading(reader, *shared_->reading); !status.ok()) {
    Fail(reader, std::move(status));
  }
}

// A topic that cannot be read for another reason than its offset stays so.
absl::Status KafkaShardSource::ReadAnew(const Offsets& from) {
  if (absl::IsOutOfRange(failure_)) {
    failure_ = absl::OkStatus();
    for (TopicReader& reader : readers_) reader.failed = false;
  }
  if (!failure_.ok()) return failure_;
  for (TopicReader& reader : readers_) {
    StopReading(reader);
    reader.next = from[domain::Index(reader.topic)];
    if (absl::Status status = StartReading(reader, *shared_->reading); !status.ok()) {
      Fail(reader, std::move(status));
    }
  }
  return failure_;
}

bool KafkaShardSource::AtEnd() const {
  return std::all_of(readers_.begin(), readers_.end(),
                     [](const TopicReader& reader) { return reader.at_end || reader.failed; });
}

bool KafkaShardSource::FarBehind() const {
  return std::any_of(readers_.begin(), readers_.end(), [](const TopicReader& reader) {
    return !reader.failed && reader.end - reader.next > kFarBehindRecords;
  });
}

bool KafkaShardSource::Uses(const Consumer& consumer) const {
  return std::any_of(readers_.begin(), readers_.end(),
                     [&](const TopicReader& reader) { return reader.consumer == &consumer; });
}

absl::StatusOr<std::unique_ptr<RecordBatch>> KafkaShardSource::Poll(size_t records_max) {
  shared_->serve();
  if (!failure_.ok()) return failure_;
  auto batch = std::make_unique<KafkaRecordBatch>(shared_->pool);
  for (int i = 0; i < domain::kTopicCount && failure_.ok(); ++i) {
    const size_t taken = batch->records().size();
    if (taken >= records_max || batch->bytes() >= kBatchBytesMax) break;
    TopicReader& reader = readers_[(first_ + i) % domain::kTopicCount];
    Drain(reader, records_max, *batch);
    if (reader.consumer != shared_->reading && !reader.failed) ChangeConsumer(reader);
  }
  first_ = (first_ + 1) % domain::kTopicCount;
  if (batch->empty()) {
    if (!failure_.ok()) return failure_;
    return nullptr;
  }
  batch->Finish();
  return batch;
}

// What the callback below is handed.
struct KafkaShardSource::Draining {
  KafkaShardSource& source;
  TopicReader& reader;
  KafkaRecordBatch& batch;
  size_t records_max;
};

// A callback instead of an array of messages: librdkafka then takes its lock once, not for every
// message, and frees each right after.
void KafkaShardSource::Drain(TopicReader& reader, size_t records_max, KafkaRecordBatch& batch) {
  Draining draining{*this, reader, batch, records_max};
  rd_kafka_consume_callback_queue(
      reader.queue.get(), /*timeout_ms=*/0,
      [](rd_kafka_message_t* message, void* opaque) {
        auto& to = *static_cast<Draining*>(opaque);
        to.source.Take(to.reader, *message, to.batch);
        if (to.batch.records().size() >= to.records_max || to.batch.bytes() >= kBatchBytesMax) {
          rd_kafka_yield(to.reader.consumer->client->get());  // the rest stays in the queue
        }
      },
      &draining);
}

void KafkaShardSource::Take(TopicReader& reader, const rd_kafka_message_t& message,
                            KafkaRecordBatch& batch) {
  if (reader.failed) return;
  if (message.err != RD_KAFKA_RESP_ERR_NO_ERROR) {
    HandleError(reader, message, batch);
    return;
  }
  // After a reconnect librdkafka may hand out again what it had fetched.
  if (message.offset < reader.next) return;
  reader.next = message.offset + 1;
  reader.end = std::max(reader.end, reader.next);
  batch.Append(reader.topic, message);
}

void KafkaShardSource::HandleError(TopicReader& reader, const rd_kafka_message_t& message,
                                   KafkaRecordBatch& batch) {
  const char* reason = rd_kafka_message_errstr(&message);
  switch (message.err) {
    case RD_KAFKA_RESP_ERR__PARTITION_EOF:
      reader.next = std::max(reader.next, message.offset);
      reader.end = std::max(reader.end, message.offset);
      reader.at_end = true;
      batch.Advance(reader.topic, message.offset);
      return;
    case RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET:
    case RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE:
      Fail(reader, OutOfRange(reader));
      return;
    case RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED:
      Fail(reader, absl::PermissionDeniedError(
                       absl::StrCat("not allowed to read ", Place(reader), ": ", reason,
                                    ". Grant this client Read and Describe on the topic")));
      return;
    case RD_KAFKA_RESP_ERR__BAD_MSG:
    case RD_KAFKA_RESP_ERR__BAD_COMPRESSION:
    case RD_KAFKA_RESP_ERR__NOT_IMPLEMENTED:
      Fail(reader, absl::DataLossError(absl::StrCat(
                       Place(reader), " cannot be read beyond offset ", reader.next, ": ", reason,
                       ". Nothing is skipped; check the broker's disk and this machine, then "
                       "restart")));
      return;
    default:
      // librdkafka backs off and fetches the same offset again; for a topic that has become unknown
      // see OnStatisticsEnd.
      shared_->log_generation->fetch_add(1);
      spdlog::warn("kafka: {}: {}", Place(reader), reason);
  }
}

void KafkaShardSource::Fail(TopicReader& reader, absl::Status status) {
  reader.failed = true;
  if (failure_.ok()) failure_ = std::move(status);
}

absl::Status KafkaShardSource::OutOfRange(const TopicReader& reader) {
  const std::string& topic = shared_->topic_names[domain::Index(reader.topic)];
  std::string log = "the log's range is not known";
  if (auto range = QueryRange(*reader.consumer->client, topic, partition_, kRangeTimeout);
      range.ok()) {
    log = absl::StrCat("the log has offsets ", range->begin, " to ", range->end);
    if (range->begin > reader.next) {
      return absl::OutOfRangeError(absl::StrCat(
          Place(reader), ": offset ", reader.next, " was to be read next, but ", log, ": ",
          range->begin - reader.next,
          " offsets were deleted before they were read. Restore a backup that is at least that far "
          "(`tally restore`), and give the topic retention.ms=-1 and retention.bytes=-1"));
    }
  }
  return absl::OutOfRangeError(absl::StrCat(
      Place(reader), ": offset ", reader.next, " was to be read next, but ", log,
      ". The topic was made again or truncated. If it is right as it is now, make the shard anew "
      "from "
      "it with `tally rebuild`; otherwise restore the topic, or the shard from a backup that fits "
      "it with `tally restore`"));
}

std::string KafkaShardSource::Place(const TopicReader& reader) const {
  return absl::StrCat(shared_->topic_names[domain::Index(reader.topic)], "/", partition_);
}

Offsets KafkaShardSource::EndOffsets() const {
  Offsets ends;
  for (const TopicReader& reader : readers_) ends[domain::Index(reader.topic)] = reader.end;
  return ends;
}

void KafkaShardSource::OnStatistics(const Consumer& consumer, domain::Topic topic,
                                    const PartitionStatistics& statistics) {
  TopicReader& reader = readers_[domain::Index(topic)];
  if (reader.consumer != &consumer) return;
  reader.known = statistics.known;
  if (statistics.last_stable_offset >= 0) {
    reader.end = std::max(statistics.last_stable_offset, reader.next);
  }
  if (reader.end - reader.next > kFarBehindRecords) reader.at_end = false;
}

void KafkaShardSource::OnStatisticsEnd(const Consumer& consumer, bool connected) {
  for (TopicReader& reader : readers_) {
    if (reader.consumer != &consumer) continue;
    const bool known = std::exchange(reader.known, false);
    if (known || !connected) {
      reader.missing_reports = 0;
    } else if (++reader.missing_reports >= kMissingReportsMax) {
      Fail(reader, absl::NotFoundError(absl::StrCat(
                       Place(reader),
                       " is not known to the brokers: the topic was deleted or has fewer "
                       "partitions. Restore it, then restart")));
    }
  }
}

}  // namespace tally::kafka
