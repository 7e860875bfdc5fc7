// tallyd's configuration: flags, each also as an environment variable.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "processor/auth_config.h"
#include "processor/domain/participant_hash.h"
#include "processor/domain/partitioner.h"
#include "processor/kafka_properties.h"
#include "processor/serve_config.h"

namespace tally {

struct ListenAddress {
  std::string address;  // an IP address, IPv6 without brackets
  uint16_t port = 0;    // 0: any free one
  bool loopback = false;
  friend bool operator==(const ListenAddress&, const ListenAddress&) = default;
};

// "127.0.0.1:8080", "localhost:8080", "[::1]:8080", ":8080" (all interfaces).
absl::StatusOr<ListenAddress> ParseListenAddress(const std::string& text);
// "+09:00", "-03:30", "Z" to minutes east of UTC, at most 18 h.
absl::StatusOr<int32_t> ParseUtcOffset(const std::string& text);
// "512MiB", "2GiB", "64MB", "1048576" to bytes; `flag` is named in the error.
absl::StatusOr<size_t> ParseBytes(const char* flag, const std::string& text);

struct Config {
  std::string brokers;
  bool embedded = false;
  std::string topic_prefix = "sample.";
  std::string group = "tally";
  // librdkafka properties (SASL, TLS …), by name.
  KafkaProperties kafka_config;
  bool create_topics = false;
  int32_t partitions = 12;
  int16_t replication_factor = -1;
  domain::Partitioner partitioner = domain::Partitioner::kMurmur2;
  int32_t input_utc_offset_minutes = 540;
  std::optional<domain::HashKey> hash_key;  // nullopt: derived from cluster id and topic prefix

  std::string data_dir;
  bool accept_log_base = false;
  size_t memory_budget_bytes = size_t{512} << 20;
  size_t answer_cache_bytes = 0;  // of the budget
  absl::Duration checkpoint_interval = absl::Seconds(1);
  absl::Duration audit_interval = absl::Minutes(5);  // 0: no audits
  absl::Duration metadata_interval = absl::Minutes(5);

  ListenAddress http;
  std::optional<ListenAddress> admin;  // nullopt: on the HTTP address; never so with auth
  std::optional<ListenAddress> grpc;   // nullopt: no gRPC
  AuthConfig auth;
  ServeConfig serve;
  absl::Duration position_wait = absl::Milliseconds(500);

  int threads = 1;
  int32_t instance = 0;
  int32_t instances = 1;

  std::string ready_file;  // empty: none
  std::string log_level = "info";

  std::vector<std::string> warnings;  // about what was given, for the log
};

// What to print, where and how to end, when the command line asks for no run: --help, --version (0)
// or a mistake (2).
struct ExitNow {
  int code = 0;
  std::string message;
};

std::variant<Config, ExitNow> ParseCommandLine(int argc, const char* const* argv);

}  // namespace tally
