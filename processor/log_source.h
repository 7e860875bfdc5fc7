// Where records come from. The real implementation is processor/kafka (librdkafka); tests use
// tests/fakes. Interfaces sit here because the shard and the worker use them.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "processor/domain/record.h"

namespace tally {

// The next offset to read of each topic, indexed by domain::Index(topic).
using Offsets = std::array<int64_t, domain::kTopicCount>;

// Some records of one shard in reading order, with what the source knows beyond them. Holds their
// bytes.
class RecordBatch {
 public:
  virtual ~RecordBatch() = default;
  virtual std::span<const domain::Record> records() const = 0;
  // Per topic: the position after this batch, -1 where the batch says nothing of the topic. It may
  // lie beyond the last record + 1 (transaction markers and aborted records leave gaps) and may
  // advance without any record (end of partition reached).
  virtual const Offsets& next_offsets() const = 0;
};

// One shard's records: partition p of all three topics, from given offsets on. One thread.
class ShardSource {
 public:
  virtual ~ShardSource() = default;

  // Up to `records_max` records that are there already; never blocks. nullptr: none now. Errors
  // are final for the shard: kOutOfRange (the next offset is no longer, or not yet, in the log;
  // the message names topic, partition, offset asked for and the log's range), kNotFound (topic
  // or partition is gone), kPermissionDenied. What librdkafka retries by itself is no error.
  virtual absl::StatusOr<std::unique_ptr<RecordBatch>> Poll(size_t records_max) = 0;

  // Forgets what was fetched and not handed out, errors included, and goes on at `from`: nothing
  // that Poll hands out after that was fetched before it.
  virtual absl::Status ReadAnew(const Offsets& from) = 0;

  // Where the log ended when last heard (last stable offset), -1 unknown. For lag.
  virtual Offsets EndOffsets() const = 0;

  // Another number whenever the log may have become another one since (reconnected, a fetch failed,
  // news of the topics came): before Poll hands out any record that was fetched after that.
  virtual uint64_t LogGeneration() const { return 0; }
};

// All sources of one worker thread, which share what it takes to reach the brokers. What waits for
// one shard holds up no other.
class LogSource {
 public:
  virtual ~LogSource() = default;

  // Starts reading partition `partition` of the three topics at `from`. Call for all shards before
  // polling. The source lives until it is destroyed or the LogSource is.
  virtual absl::StatusOr<std::unique_ptr<ShardSource>> Open(int32_t partition,
                                                            const Offsets& from) = 0;

  // A file descriptor that becomes readable when any shard's queue goes from empty to non-empty;
  // read it empty, then poll all shards. -1: none, poll regularly.
  virtual int WakeFd() const = 0;

  // Handles what came in beside records (errors, statistics, acknowledged commits); never blocks.
  // The worker calls it at every turn, at least once a second.
  virtual void Serve() {}

  // Tells the consumer group of the offsets that are durable, for lag tools only. Asynchronous;
  // failures are logged, never fatal. Skipped silently where no group is configured.
  virtual void CommitGroupOffsets(int32_t partition, const Offsets& next) = 0;

  // OK, or why the brokers cannot be reached now (kUnavailable), for logs and metrics. Any thread.
  virtual absl::Status Connection() const = 0;
};

}  // namespace tally
