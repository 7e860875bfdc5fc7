// From the call that produces a registration to the answer that shows it, under a steady load.
//
// A followed record is asked for as soon as the broker has acknowledged it: the event's dashboard,
// with the record's position as Tally-Min-Position. So an answer is late when tallyd is late, and
// never early. A record that takes long holds nobody up: producing goes on, and each question has
// a connection of its own.
#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <string>

#include "absl/status/statusor.h"
#include "bench/common/samples.h"
#include "bench/live/live_producer.h"

namespace tally::bench {

struct LatencyOptions {
  ProducerOptions producer;
  boost::asio::ip::tcp::endpoint server;
  boost::asio::ip::tcp::endpoint admin;
  double warm_up_seconds = 5;
  double seconds = 30;
  double plain_reads_per_second = 50;
  std::string trace;  // empty, or a file: one line per followed record
};

struct LatencyResult {
  double records_per_second = 0;    // reached
  double produced_late_max_ms = 0;  // by the producer itself
  Samples produce_to_answer_ms;
  Samples produce_to_ack_ms;  // the broker's share
  Samples ack_to_answer_ms;
  Samples plain_read_ms;              // the same questions without a minimum position
  int64_t asked_again = 0;            // answered 503 first: later than --position-wait-ms
  int64_t failed = 0;                 // never answered as it should be
  double checkpoints_per_second = 0;  // of each shard
  double checkpoint_mean_ms = 0;      // from freezing to being durable
  int shards = 0;
};

absl::StatusOr<LatencyResult> MeasureLatency(const LatencyOptions& options);

}  // namespace tally::bench
