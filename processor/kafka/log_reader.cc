#include "processor/kafka/log_reader.h"

#include <algorithm>
#include <array>
#include <map>
#include <memory>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "processor/kafka/client.h"
#include "processor/kafka/log_range.h"
#include "processor/steady_now.h"

namespace tally::kafka {
namespace {

constexpr size_t kMessagesMax = 500;
constexpr size_t kQueueBytes = size_t{8} << 20;
// Of a fetch that only one record is wanted of; a batch that is bigger comes whole.
constexpr char kOneRecordBytes[] = "16384";
constexpr int kSliceMs = 50;

OwnedRecord OwnedRecordOf(const rd_kafka_message_t& message) {
  OwnedRecord record;
  record.offset = message.offset;
  rd_kafka_timestamp_type_t type = RD_KAFKA_TIMESTAMP_NOT_AVAILABLE;
  const int64_t timestamp = rd_kafka_message_timestamp(&message, &type);
  if (type != RD_KAFKA_TIMESTAMP_NOT_AVAILABLE) record.timestamp_ms = timestamp;
  if (message.key != nullptr) {
    record.key.emplace(static_cast<const char*>(message.key), message.key_len);
  }
  if (message.payload != nullptr) {
    record.value.emplace(static_cast<const char*>(message.payload), message.len);
  }
  rd_kafka_headers_t* headers = nullptr;
  if (rd_kafka_message_headers(&message, &headers) != RD_KAFKA_RESP_ERR_NO_ERROR) return record;
  const char* name = nullptr;
  const void* value = nullptr;
  size_t size = 0;
  for (size_t i = 0;
       rd_kafka_header_get_all(headers, i, &name, &value, &size) == RD_KAFKA_RESP_ERR_NO_ERROR;
       ++i) {
    std::optional<std::string> bytes;
    if (value != nullptr) bytes.emplace(static_cast<const char*>(value), size);
    record.headers.emplace_back(name, std::move(bytes));
  }
  return record;
}

using Visit = std::function<bool(const PartitionAt&, const OwnedRecord&)>;

class LogReader {
 public:
  enum class HowMuch : uint8_t { kAll, kOneEach };

  LogReader(HowMuch how_much, const Visit& visit)
      : one_each_(how_much == HowMuch::kOneEach), visit_(visit) {}
  ~LogReader() {
    for (const auto& [place, part] : open_) {
      rd_kafka_consume_stop(topics_.at(place.first).get(), place.second);
    }
  }

  absl::Status Start(const ClientConfig& config, const std::vector<PartitionAt>& from,
                     absl::Time deadline) {
    ClientConfig own = config;
    own.group_id.clear();
    own.queue_bytes_max = kQueueBytes;
    Settings settings = ConsumerSettings(own);
    if (one_each_) settings.emplace_back("fetch.message.max.bytes", kOneRecordBytes);
    auto client = Client::Create(RD_KAFKA_CONSUMER, own, settings, {});
    if (!client.ok()) return client.status();
    client_ = *std::move(client);
    if (absl::Status status = client_->WaitConnected(deadline - SteadyNow()); !status.ok()) {
      return status;
    }
    queue_.reset(rd_kafka_queue_new(client_->get()));
    std::vector<Place> places;
    for (const PartitionAt& at : from) places.push_back({at.topic, at.partition});
    auto ranges = QueryRanges(*client_, places, deadline - SteadyNow());
    if (!ranges.ok()) return ranges.status();
    ranges_ = *std::move(ranges);
    for (size_t i = 0; i < from.size(); ++i) {
      // Gone: what the log begins with now says nothing of it.
      if (one_each_ && from[i].offset < ranges_[i].begin) continue;
      if (absl::Status status = Open(from[i], ranges_[i]); !status.ok()) return status;
    }
    return absl::OkStatus();
  }

  // In the order of the places.
  const std::vector<LogRange>& ranges() const { return ranges_; }

  absl::Status Run(absl::Time deadline) {
    std::array<rd_kafka_message_t*, kMessagesMax> messages;
    while (!open_.empty() && !stopped_) {
      if (SteadyNow() >= deadline) return Late();
      client_->Poll(0);
      const ssize_t count =
          rd_kafka_consume_batch_queue(queue_.get(), kSliceMs, messages.data(), messages.size());
      absl::Status status;
      for (ssize_t i = 0; i < count; ++i) {
        MessagePtr message(messages[static_cast<size_t>(i)]);
        if (status.ok() && !stopped_) status = Take(*message);
      }
      if (!status.ok()) return status;
    }
    return absl::OkStatus();
  }

 private:
  using Key = std::pair<std::string, int32_t>;
  struct Part {
    PartitionAt from;
    int64_t end = 0;
  };

  absl::Status Open(const PartitionAt& from, const LogRange& range) {
    const int64_t begin = std::max(from.offset, range.begin);
    if (begin >= range.end) return absl::OkStatus();
    TopicPtr& topic = topics_[from.topic];
    if (topic == nullptr) {
      topic.reset(rd_kafka_topic_new(client_->get(), from.topic.c_str(), nullptr));
    }
    if (rd_kafka_consume_start_queue(topic.get(), from.partition, begin, queue_.get()) != 0) {
      return ToStatus(rd_kafka_last_error(),
                      absl::StrCat("read ", from.topic, "/", from.partition));
    }
    open_[{from.topic, from.partition}] = {from, range.end};
    return absl::OkStatus();
  }

  absl::Status Take(const rd_kafka_message_t& message) {
    const Key key(message.rkt != nullptr ? rd_kafka_topic_name(message.rkt) : "",
                  message.partition);
    const auto part = open_.find(key);
    if (part == open_.end()) return absl::OkStatus();
    if (message.err == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
      if (message.offset >= part->second.end) Close(part);
      return absl::OkStatus();
    }
    if (message.err != RD_KAFKA_RESP_ERR_NO_ERROR) {
      if (IsTransient(message.err)) return absl::OkStatus();
      return ToStatus(message.err, absl::StrCat("read ", key.first, "/", key.second),
                      rd_kafka_message_errstr(&message));
    }
    if (message.offset < part->second.end) {
      stopped_ = !visit_(part->second.from, OwnedRecordOf(message));
    }
    if (one_each_ || message.offset + 1 >= part->second.end) Close(part);
    return absl::OkStatus();
  }

  void Close(std::map<Key, Part>::iterator part) {
    rd_kafka_consume_stop(topics_.at(part->first.first).get(), part->first.second);
    open_.erase(part);
  }

  absl::Status Late() {
    if (absl::Status status = client_->Connection(); !status.ok()) return status;
    const Key& place = open_.begin()->first;
    return absl::DeadlineExceededError(absl::StrCat("reading ", place.first, "/", place.second,
                                                    " and ", open_.size() - 1,
                                                    " more partitions took too long"));
  }

  const bool one_each_;
  const Visit& visit_;
  bool stopped_ = false;
  std::vector<LogRange> ranges_;
  std::unique_ptr<Client> client_;
  QueuePtr queue_;
  std::map<std::string, TopicPtr> topics_;
  std::map<Key, Part> open_;
};

}  // namespace

absl::Status ReadLog(const ClientConfig& config, const std::vector<PartitionAt>& from,
                     const std::function<bool(const PartitionAt&, const OwnedRecord&)>& visit,
                     absl::Duration timeout) {
  if (from.empty()) return absl::OkStatus();
  const absl::Time deadline = SteadyNow() + timeout;
  LogReader reader(LogReader::HowMuch::kAll, visit);
  if (absl::Status status = reader.Start(config, from, deadline); !status.ok()) return status;
  return reader.Run(deadline);
}

absl::StatusOr<std::vector<RecordAt>> ReadLogAt(const ClientConfig& config,
                                                const std::vector<PartitionAt>& places,
                                                absl::Duration timeout) {
  std::vector<RecordAt> found(places.size());
  if (places.empty()) return found;
  const absl::Time deadline = SteadyNow() + timeout;
  std::map<std::pair<std::string, int32_t>, size_t> index;
  for (size_t i = 0; i < places.size(); ++i) index[{places[i].topic, places[i].partition}] = i;
  const Visit visit = [&](const PartitionAt& at, const OwnedRecord& record) {
    found[index.at({at.topic, at.partition})].record = record;
    return true;
  };
  LogReader reader(LogReader::HowMuch::kOneEach, visit);
  absl::Status status = reader.Start(config, places, deadline);
  if (status.ok()) status = reader.Run(deadline);
  if (!status.ok()) return status;
  for (size_t i = 0; i < places.size(); ++i) found[i].range = reader.ranges()[i];
  return found;
}

}  // namespace tally::kafka
