#include "tools/tally/send.h"

#include <memory>
#include <optional>

#include "absl/strings/str_cat.h"
#include "tools/tally/embedded_room.h"

namespace tally::cli {
namespace {

// Acknowledgements may take as long as the producer's own delivery timeout; a little more is a bug.
constexpr absl::Duration kFlushTimeout = absl::Seconds(90);
constexpr int kFailureCheckEvery = 256;
// Enough for full batches; what waits longer has left the processor's caches when it is sent.
constexpr size_t kQueueRecordsMax = 20'000;

class Sending {
 public:
  Sending(const SendOptions& options, const Console& console)
      : options_(options), console_(console) {}

  SendReport Run(const RecordStream& stream) {
    report_.status = Start();
    if (report_.status.ok()) {
      report_.status = SendAll(stream);
      Finish();
    }
    return std::move(report_);
  }

 private:
  absl::Status Start() {
    const auto partitioner = domain::ParsePartitioner(options_.kafka.partitioner);
    if (!partitioner) {
      return absl::InvalidArgumentError(
          absl::StrCat("--partitioner ", options_.kafka.partitioner,
                       ": must be murmur2_random, murmur2, "
                       "consistent_random, consistent, fnv1a_random or fnv1a"));
    }
    auto session = Connect(options_.kafka);
    if (!session.ok()) return session.status();
    session_ = *std::move(session);
    if (session_.embedded) {
      room_.emplace(*partitioner);
      if (auto status = Rehearse(); !status.ok()) return status;
    }
    kafka::ProducerOptions producer;
    producer.partitioner = options_.kafka.partitioner;
    producer.queue_records_max = kQueueRecordsMax;
    auto made = kafka::Producer::Create(session_.config, producer);
    if (!made.ok()) return made.status();
    producer_ = *std::move(made);
    return absl::OkStatus();
  }

  absl::Status Rehearse() {
    if (!options_.rehearsal) return absl::OkStatus();
    auto stream = options_.rehearsal();
    if (!stream.ok()) return stream.status();
    OutgoingRecord record;
    while (true) {
      auto more = (*stream)(&record);
      // What ends the stream early will end it again when it is sent, and be reported then.
      if (!more.ok() || !*more) break;
      auto partitions = CheckTopic(record);
      if (!partitions.ok()) break;
      if (auto status = room_->Add(record, *partitions); !status.ok()) return status;
    }
    rehearsed_ = true;
    return absl::OkStatus();
  }

  absl::StatusOr<int32_t> CheckTopic(const OutgoingRecord& record) {
    auto known = partitions_.find(record.topic);
    if (known == partitions_.end()) {
      auto partitions = PartitionsOf(record.topic, options_.kafka, session_);
      if (!partitions.ok()) return partitions.status();
      if (room_) {
        if (auto status = CountStanding(record.topic, *partitions); !status.ok()) return status;
      }
      known = partitions_.emplace(record.topic, *partitions).first;
    }
    if (record.partition && *record.partition >= known->second) {
      return absl::InvalidArgumentError(absl::StrCat("partition ", *record.partition, ": ",
                                                     record.topic, " has ", known->second));
    }
    return known->second;
  }

  absl::Status CountStanding(const std::string& topic, int32_t partitions) {
    auto ranges = session_.admin->Ranges(topic, partitions, options_.kafka.timeout);
    if (!ranges.ok()) return ranges.status();
    std::vector<PartitionAt> from;
    for (int32_t partition = 0; partition < partitions; ++partition) {
      const LogRange& range = (*ranges)[static_cast<size_t>(partition)];
      if (range.begin > 0) {
        return absl::ResourceExhaustedError(absl::StrCat(
            "the embedded broker has dropped the oldest records of ", topic, " partition ",
            partition, " already; start it anew, or use a real Kafka (tools/kafka start)"));
      }
      if (range.end > range.begin) from.push_back({topic, partition, range.begin});
    }
    if (from.empty()) return absl::OkStatus();
    const auto count = [&](const PartitionAt& at, const OwnedRecord& record) {
      OutgoingRecord standing;
      standing.key = record.key;
      standing.value = record.value;
      standing.headers = record.headers;
      room_->AddStanding(topic, at.partition, EmbeddedRoom::BytesOf(standing));
      return true;
    };
    return session_.admin->Read(from, count, options_.kafka.timeout);
  }

  absl::Status SendAll(const RecordStream& stream) {
    OutgoingRecord record;
    for (int64_t sent = 0;; ++sent) {
      if (console_.Interrupted()) return absl::CancelledError("interrupted");
      if (sent % kFailureCheckEvery == 0 && producer_->failed() > 0) return absl::OkStatus();
      auto more = stream(&record);
      if (!more.ok()) return more.status();
      if (!*more) {
        return console_.Interrupted() ? absl::CancelledError("interrupted") : absl::OkStatus();
      }
      if (auto status = SendOne(record); !status.ok()) return AtRecord(status);
      if (options_.on_progress) options_.on_progress(sent + 1);
    }
  }

  absl::Status AtRecord(const absl::Status& status) const {
    if (!options_.where) return status;
    return absl::Status(status.code(), absl::StrCat(options_.where(), ": ", status.message()));
  }

  absl::Status SendOne(const OutgoingRecord& record) {
    auto partitions = CheckTopic(record);
    if (!partitions.ok()) return partitions.status();
    if (room_ && !rehearsed_) {
      if (auto status = room_->Add(record, *partitions); !status.ok()) return status;
    }
    outgoing_.topic = record.topic;
    outgoing_.partition = record.partition;
    outgoing_.key = record.key;
    outgoing_.value = record.value;
    outgoing_.timestamp_ms.reset();
    if (record.timestamp_ms != domain::kNoTimestamp) outgoing_.timestamp_ms = record.timestamp_ms;
    outgoing_.headers.assign(record.headers.begin(), record.headers.end());
    if (auto status = producer_->Send(outgoing_); !status.ok()) return status;
    if (last_counted_ == nullptr || last_counted_->first != record.topic) {
      last_counted_ = &*report_.records_by_topic.try_emplace(record.topic, 0).first;
    }
    ++last_counted_->second;
    return absl::OkStatus();
  }

  void Finish() {
    const absl::Status flushed = producer_->Flush(kFlushTimeout);
    if (report_.status.ok()) report_.status = flushed;
    report_.acknowledged = static_cast<int64_t>(producer_->acknowledged());
    report_.failed = static_cast<int64_t>(producer_->failed());
    report_.positions = producer_->positions();
  }

  const SendOptions& options_;
  const Console& console_;
  KafkaSession session_;
  std::unique_ptr<kafka::Producer> producer_;
  std::map<std::string, int32_t> partitions_;
  std::optional<EmbeddedRoom> room_;
  bool rehearsed_ = false;
  kafka::ProducerRecord outgoing_;
  std::pair<const std::string, int64_t>* last_counted_ = nullptr;
  SendReport report_;
};

}  // namespace

SendReport Send(const SendOptions& options, const RecordStream& stream, const Console& console) {
  return Sending(options, console).Run(stream);
}

}  // namespace tally::cli
