// One librdkafka client: configuration, owned handles, logging and the state of its connection.
// Internal to this folder.
#pragma once

#include <librdkafka/rdkafka.h>

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "processor/kafka/client_config.h"

namespace tally::kafka {

template <auto Destroy>
struct Deleter {
  template <typename T>
  void operator()(T* handle) const {
    Destroy(handle);
  }
};
using ConfPtr = std::unique_ptr<rd_kafka_conf_t, Deleter<rd_kafka_conf_destroy>>;
using TopicPtr = std::unique_ptr<rd_kafka_topic_t, Deleter<rd_kafka_topic_destroy>>;
using QueuePtr = std::unique_ptr<rd_kafka_queue_t, Deleter<rd_kafka_queue_destroy>>;
using MessagePtr = std::unique_ptr<rd_kafka_message_t, Deleter<rd_kafka_message_destroy>>;
using HeadersPtr = std::unique_ptr<rd_kafka_headers_t, Deleter<rd_kafka_headers_destroy>>;
using PartitionListPtr = std::unique_ptr<rd_kafka_topic_partition_list_t,
                                         Deleter<rd_kafka_topic_partition_list_destroy>>;
using ErrorPtr = std::unique_ptr<rd_kafka_error_t, Deleter<rd_kafka_error_destroy>>;
using EventPtr = std::unique_ptr<rd_kafka_event_t, Deleter<rd_kafka_event_destroy>>;

using Settings = std::vector<std::pair<std::string, std::string>>;

// What a consumer of this folder needs beyond the common settings; the queue bounds come from
// config.queue_bytes_max.
Settings ConsumerSettings(const ClientConfig& config);

// Maps librdkafka's error to a status; `context` says what was tried, on what.
absl::Status ToStatus(rd_kafka_resp_err_t error, std::string_view context,
                      std::string_view reason = "");
// True for errors that only say that brokers cannot be reached for now.
bool IsTransient(rd_kafka_resp_err_t error);

int TimeoutMs(absl::Duration timeout);

class Client {
 public:
  struct Hooks {
    std::function<void(std::string_view)> statistics;  // JSON, from the polling thread
    // Counts connections made and answers about topics, before anything that is fetched after them
    // can be had. Null: nobody counts.
    std::shared_ptr<std::atomic<uint64_t>> log_generation;
    void (*delivery)(rd_kafka_t*, const rd_kafka_message_t*, void*) = nullptr;
    void* delivery_opaque = nullptr;  // see DeliveryOpaque
  };

  // `settings` override config.extra. Never waits for the network.
  static absl::StatusOr<std::unique_ptr<Client>> Create(rd_kafka_type_t type,
                                                        const ClientConfig& config,
                                                        const Settings& settings, Hooks hooks);
  ~Client();
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  rd_kafka_t* get() const { return handle_; }
  // The Hooks::delivery_opaque behind the opaque pointer that librdkafka hands to `delivery`.
  static void* DeliveryOpaque(void* opaque);

  // Runs pending callbacks, waiting for one up to `timeout_ms` (0: not at all); how many.
  int Poll(int timeout_ms) { return rd_kafka_poll(handle_, timeout_ms); }

  // kUnavailable with the addresses and the reason while all brokers are down. Any thread; as new
  // as the last Poll.
  absl::Status Connection() const;
  void MarkUp();

  // Waits until a broker has answered (kOk), all addresses have failed (kUnavailable) or the
  // timeout has passed (kUnavailable as well). Polls.
  absl::Status WaitConnected(absl::Duration timeout);

 private:
  Client(const ClientConfig& config, Hooks hooks);
  static void OnError(rd_kafka_t* handle, int error, const char* reason, void* opaque);
  static void OnLog(const rd_kafka_t* handle, int level, const char* facility, const char* text);
  static rd_kafka_resp_err_t AddCounters(rd_kafka_t* handle, const rd_kafka_conf_t* conf,
                                         void* opaque, char* error, size_t error_bytes);
  static int OnStatistics(rd_kafka_t* handle, char* json, size_t json_bytes, void* opaque);
  absl::Status Unavailable(std::string_view reason) const;
  bool Probe(int timeout_ms);

  const std::string brokers_;
  const Hooks hooks_;
  rd_kafka_t* handle_ = nullptr;
  mutable std::mutex mutex_;
  bool down_ = false;   // under mutex_
  std::string reason_;  // under mutex_: of the last failed connection
};

}  // namespace tally::kafka
