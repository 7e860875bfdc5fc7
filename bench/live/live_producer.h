// A steady stream of synthetic records to Kafka, some of them followed to their acknowledgement.
#pragma once

#include <librdkafka/rdkafka.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <thread>

#include "absl/status/status.h"
#include "tools/tally/synthetic.h"

namespace tally::bench {

using Clock = std::chrono::steady_clock;

struct ProducerOptions {
  std::string brokers;
  cli::SyntheticOptions load;     // its events are sent first, as fast as possible
  double records_per_second = 0;  // of what follows them
  int linger_ms = 0;              // librdkafka's linger.ms
  int64_t follow_every = 0;       // every so many records one is followed
};

// A record that the broker has acknowledged.
struct Delivered {
  std::string event_id;
  std::string topic;
  int32_t partition = 0;
  int64_t offset = 0;
  Clock::time_point produced;   // when produce was called
  Clock::time_point delivered;  // when the delivery report came
};

class LiveProducer {
 public:
  // `on_delivered` is called for followed records, from the producer's own thread.
  LiveProducer(ProducerOptions options, std::function<void(Delivered)> on_delivered);
  ~LiveProducer();
  LiveProducer(const LiveProducer&) = delete;
  LiveProducer& operator=(const LiveProducer&) = delete;

  absl::Status Connect();
  // Blocks until all events are acknowledged.
  absl::Status SendEvents();
  // Sends for so long, at the rate; blocks. Records are followed while `following`.
  absl::Status SendLive(std::chrono::duration<double> time, bool following);
  // Blocks until everything is acknowledged.
  absl::Status Flush();

  // Of the last SendLive: the rate reached, and the longest that a record was sent after its time.
  double reached_records_per_second() const { return reached_; }
  double latest_ms() const { return latest_ms_; }

 private:
  struct Followed;
  absl::Status Produce(bool followed);
  static void OnDelivery(rd_kafka_t* handle, const rd_kafka_message_t* message, void* self);
  absl::Status Lost() const;

  const ProducerOptions options_;
  const std::function<void(Delivered)> on_delivered_;
  cli::SyntheticLoad load_;
  cli::OutgoingRecord record_;
  rd_kafka_t* handle_ = nullptr;
  std::thread poller_;
  std::atomic<bool> stop_{false};
  std::atomic<int> lost_{RD_KAFKA_RESP_ERR_NO_ERROR};
  double reached_ = 0;
  double latest_ms_ = 0;
};

}  // namespace tally::bench
