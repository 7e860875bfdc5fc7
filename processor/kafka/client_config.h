// What every Kafka client of Tally is made from. Free of librdkafka, as all headers of this folder
// that others include are.
#pragma once

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"

namespace tally::kafka {

struct ClientConfig {
  std::string brokers;  // "host:port[,host:port…]"
  std::string client_id = "tally";
  // Consumer group to which offsets are committed for lag tools; empty: none. Only the log source
  // uses it, and never joins the group.
  std::string group_id;
  // Log source: memory that the records waiting for one topic's partition may take, librdkafka's
  // overhead included. A shard has three such queues. At least 1 MiB is used.
  size_t queue_bytes_max = size_t{16} << 20;
  bool check_crcs = true;
  // How often what is known of topics is asked for again.
  int64_t metadata_interval_ms = 300'000;
  // The brokers are an EmbeddedCluster: what it cannot do is left out or done another way.
  bool embedded = false;
  // librdkafka properties (security.protocol, sasl.*, ssl.* …), set before Tally's own, so that
  // none can undo what correctness needs (offset reset, isolation, commits, idempotence).
  std::vector<std::pair<std::string, std::string>> extra;
};

// kInvalidArgument naming the property that librdkafka refuses, or that Tally must set itself.
absl::Status Validate(const ClientConfig& config);

}  // namespace tally::kafka
