// LogSource over librdkafka: where a record enters Tally.
//
// A consumer without group membership reads partition p of the three topics of all its shards: one
// with short waits until all have reached the end of the log, then another with long ones, and so
// on (see Replaying).
//
// Every topic's partition has a queue of its own, because librdkafka stops fetching what feeds a
// full queue and may look again as late as a second after it was drained: with queues apart, a
// shard that is not polled holds up nobody, and as long as any partition is not saturated the
// fetcher looks again every fetch.wait.max.ms.
//
// Polling copies records out of the fetch responses that they came in (record_batch.h). A shard
// that is not polled pins the responses of its waiting records, so destroy the source of a shard
// that has stopped for good.
#pragma once

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "processor/kafka/client_config.h"
#include "processor/log_source.h"

namespace tally::kafka {

// One thread, except Connection(). Batches and shard sources must be gone before the source.
//
// Poll errors beyond the contract: kDataLoss, a batch of records fails its checksum or cannot be
// decompressed; librdkafka would skip it, Tally stops. Working out the range of a log for a
// kOutOfRange message asks the broker, for a second at most, once.
class KafkaLogSource : public LogSource {
 public:
  // Reads `topic_prefix` + domain::TopicSuffix(…). kInvalidArgument: a property that librdkafka
  // refuses. Does not wait for a connection.
  static absl::StatusOr<std::unique_ptr<KafkaLogSource>> Create(const ClientConfig& config,
                                                                const std::string& topic_prefix);
  // Waits up to a second for group offsets that are under way.
  ~KafkaLogSource() override;

  absl::StatusOr<std::unique_ptr<ShardSource>> Open(int32_t partition,
                                                    const Offsets& from) override;
  int WakeFd() const override;
  // Also part of every Poll.
  void Serve() override;
  void CommitGroupOffsets(int32_t partition, const Offsets& next) override;
  absl::Status Connection() const override;

  // Partitions are read in another way while any of them is far behind the end of the log than when
  // all have reached it: asking for much at once there, costing little here.
  bool Replaying() const;

 private:
  class Impl;
  explicit KafkaLogSource(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace tally::kafka
