// Sends a stream of records to Kafka; what `load`, `load-sample` and `generate` have in common.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "processor/kafka/producer.h"
#include "tools/tally/console.h"
#include "tools/tally/kafka_session.h"
#include "tools/tally/outgoing_record.h"

namespace tally::cli {

// The next record into the argument, whose buffers may be reused; false: the end.
using RecordStream = std::function<absl::StatusOr<bool>(OutgoingRecord*)>;

struct SendOptions {
  KafkaOptions kafka;
  // The same records once more, to see before anything is sent whether they fit into an embedded
  // broker. Empty: they can be read only once; then sending stops before the broker would overflow.
  std::function<absl::StatusOr<RecordStream>()> rehearsal;
  std::function<void(int64_t records)> on_progress;  // after every record; may be empty
  // Where the last record came from ("line 7"), for errors that concern it. May be empty.
  std::function<std::string()> where;
};

struct SendReport {
  absl::Status status;  // why it stopped early
  int64_t acknowledged = 0;
  int64_t failed = 0;
  std::map<std::string, int64_t> records_by_topic;  // queued
  kafka::Producer::Positions positions;             // after what was acknowledged
};

// Sends until the stream ends, or at the first bad record, failed delivery or interruption; then
// waits for what is under way. Topics must exist.
SendReport Send(const SendOptions& options, const RecordStream& stream, const Console& console);

// "topic/partition@nextOffset[,…]", as the Tally-Min-Position header takes it.
std::string FormatPositions(const kafka::Producer::Positions& positions);

// The report for a person, or as one JSON object: to `out` when all went well. Otherwise what was
// sent before goes to `err` with the reason. Returns the exit code.
int Report(const SendReport& report, bool json, Console& console);

}  // namespace tally::cli
