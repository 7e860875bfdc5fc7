// What every sub-command that talks to Kafka starts with: the options, and a checked connection.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "processor/domain/record.h"
#include "processor/kafka/client_config.h"
#include "processor/log_admin.h"

namespace tally::cli {

struct KafkaOptions {
  std::string brokers;
  std::string topic_prefix = "sample.";
  std::string partitioner = "murmur2_random";  // librdkafka's name; key-based ones only
  std::vector<std::pair<std::string, std::string>> properties;  // passed on to librdkafka
  absl::Duration timeout = absl::Seconds(30);                   // for one request
};

std::string TopicName(std::string_view prefix, domain::Topic topic);
inline std::string DeadLetterTopic(std::string_view topic) { return std::string(topic) + ".dlq"; }

struct KafkaSession {
  kafka::ClientConfig config;
  std::unique_ptr<LogAdmin> admin;
  std::string cluster_id;
  bool embedded = false;  // librdkafka's mock cluster: it forgets and drops
};

// Connects and asks for the cluster id. kUnavailable: no broker reachable; kInvalidArgument: an
// option that librdkafka refuses.
absl::StatusOr<KafkaSession> Connect(const KafkaOptions& options);

// Partition count of an existing topic. kNotFound names the command that makes it.
absl::StatusOr<int32_t> PartitionsOf(const std::string& topic, const KafkaOptions& options,
                                     KafkaSession& session);

}  // namespace tally::cli
