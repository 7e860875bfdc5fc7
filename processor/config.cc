#include "processor/config.h"

#include <arpa/inet.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <thread>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "processor/flags.h"
#include "processor/hash_key_file.h"
#include "processor/kafka_properties.h"
#include "processor/memory_shares.h"
#include "processor/version.h"

namespace tally {
namespace {

constexpr char kDescription[] =
    "tallyd keeps the analytics of marketing events: it folds three Kafka topics into per-event\n"
    "state in RocksDB and serves dashboards over HTTP and gRPC.\n\n"
    "  tallyd --brokers kafka:9092 --data-dir /var/lib/tally\n"
    "  tallyd --embedded            (try it out: a broker inside the process, nothing is kept)\n\n"
    "Every flag can be given as an environment variable: --topic-prefix is TALLY_TOPIC_PREFIX.";

// Texts as given; turned into a Config once all of them are known to be well-formed.
struct Texts {
  std::string partitioner = "murmur2_random";
  std::string input_utc_offset = "+09:00";
  std::string hash_key_file;
  std::string memory_budget = "512MiB";
  std::string answer_cache = "auto";
  std::string http = "127.0.0.1:8080";
  std::string admin;
  std::string grpc;
  int checkpoint_interval_ms = 1000;
  std::string audit_interval = "5m";
  std::string metadata_interval = "5m";
  int position_wait_ms = 500;
  bool allow_anonymous = false;
  std::vector<std::string> kafka_config;
  std::string kafka_config_file;
};

void Declare(CLI::App& app, Config& config, Texts& texts) {
  constexpr char kLog[] = "Kafka";
  Add(app, kLog, "--brokers", config.brokers,
      "Brokers to connect to first, host:port[,host:port…]");
  AddSwitch(app, kLog, "--embedded", config.embedded,
            "Run a broker inside this process, for trying out: it forgets everything at the end");
  Add(app, kLog, "--topic-prefix", config.topic_prefix,
      "The topics are PREFIX + event.created, participant.registered, distribution.completed");
  Add(app, kLog, "--group", config.group,
      "Consumer group that is told the durable offsets, for lag tools only; empty: none");
  Add(app, kLog, "--kafka-config", texts.kafka_config,
      "NAME=VALUE for librdkafka (security.protocol, sasl.*, ssl.* …); repeatable, or several "
      "separated by ';'. Secrets belong into --kafka-config-file or the environment variable, and "
      "are refused on the command line")
      ->type_name("NAME=VALUE")
      ->delimiter(';')
      ->expected(1)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  Add(app, kLog, "--kafka-config-file", texts.kafka_config_file,
      "File of name=value lines, as for --kafka-config, which wins; '#' begins a comment")
      ->type_name("FILE");
  AddSwitch(app, kLog, "--create-topics", config.create_topics,
            "Create missing topics and their dead-letter topics, with unlimited retention");
  Add(app, kLog, "--metadata-interval", texts.metadata_interval,
      "How often it is looked whether the topics are still those that were read and have as many "
      "partitions, such as 5m or 30s");
  Add(app, kLog, "--partitions", config.partitions, "Partitions of topics that are created")
      ->check(CLI::Range(1, 10'000));
  Add(app, kLog, "--replication-factor", config.replication_factor,
      "Replicas of topics that are created; -1: the broker's default")
      ->check(CLI::Range(-1, 100));
  Add(app, kLog, "--partitioner", texts.partitioner,
      "How producers place keys: murmur2_random (Java), consistent_random (librdkafka), "
      "fnv1a_random");
  Add(app, kLog, "--input-utc-offset", texts.input_utc_offset,
      "The zone of input times that carry none");
  Add(app, kLog, "--hash-key-file", texts.hash_key_file,
      "File with the key (32 hex digits) that hides participant ids on disk; without one the key "
      "is derived from cluster and prefix, and is no secret");

  constexpr char kState[] = "State";
  Add(app, kState, "--data-dir", config.data_dir, "Where the state is kept; made if missing");
  AddSwitch(app, kState, "--accept-log-base", config.accept_log_base,
            "Let a new store begin where a log that has lost its start begins");
  Add(app, kState, "--memory-budget", texts.memory_budget,
      "Memory for cache, write buffers, deltas and Kafka queues together");
  Add(app, kState, "--checkpoint-interval-ms", texts.checkpoint_interval_ms,
      "Longest time until what was read is durable (while not far behind)")
      ->check(CLI::Range(10, 3'600'000));
  Add(app, kState, "--audit-interval", texts.audit_interval,
      "How often all stored rows are looked at in the background, such as 5m or 2h; 0: never");

  constexpr char kServe[] = "Serving";
  Add(app, kServe, "--http-listen", texts.http,
      "Address and port of the API; port 0: any free one");
  Add(app, kServe, "--admin-listen", texts.admin,
      "Address and port of probes and metrics; by default with the API, with --auth any free port "
      "of "
      "127.0.0.1");
  Add(app, kServe, "--grpc-listen", texts.grpc,
      "Address and port of the same API over gRPC, with health and reflection; by default none");
  AddSwitch(app, kServe, "--allow-anonymous", texts.allow_anonymous,
            "Allow listening beyond loopback although nobody is asked who they are");
  Add(app, kServe, "--answer-cache", texts.answer_cache,
      "Memory for answers that are given again while what they tell has not changed, such as "
      "32MiB; "
      "0: none; auto: a sixteenth of what the memory budget leaves beside the process");
  Add(app, kServe, "--position-wait-ms", texts.position_wait_ms,
      "Longest wait for the position in a Tally-Min-Position header")
      ->check(CLI::Range(0, 60'000));

  DeclareServe(app, config.serve);
  DeclareAuth(app, config.auth);

  constexpr char kProcess[] = "Process";
  Add(app, kProcess, "--threads", config.threads, "Worker threads that fold and read")
      ->check(CLI::Range(1, 256));
  Add(app, kProcess, "--instance", config.instance,
      "Number of this instance, from 0 (the StatefulSet's ordinal)")
      ->check(CLI::Range(0, 9'999));
  Add(app, kProcess, "--instances", config.instances,
      "Number of instances; this one owns the partitions p with p mod instances = instance")
      ->check(CLI::Range(1, 10'000));
  Add(app, kProcess, "--ready-file", config.ready_file,
      "Write brokers, addresses and process id to this file (JSON) once listening");
  Add(app, kProcess, "--log-level", config.log_level, "Least important messages that are logged")
      ->check(CLI::IsMember({"trace", "debug", "info", "warn", "error"}));
}

absl::Status Contradictions(const CLI::App& app, const Config& config) {
  const auto given = [&](const char* flag) { return app.get_option(flag)->count() > 0; };
  if (config.embedded && !config.brokers.empty()) {
    return absl::InvalidArgumentError(
        "--embedded and --brokers contradict each other: give one of them");
  }
  if (!config.embedded && config.brokers.empty()) {
    return absl::InvalidArgumentError(
        "--brokers is missing (host:port of your Kafka; or --embedded to try tallyd without one)");
  }
  if (!config.embedded && config.data_dir.empty()) {
    return absl::InvalidArgumentError("--data-dir is missing: where the state is kept");
  }
  if (config.embedded && config.instances > 1) {
    return absl::InvalidArgumentError(
        "--embedded and --instances contradict each other: each process would have its own broker");
  }
  for (const char* flag : {"--partitions", "--replication-factor"}) {
    if (given(flag) && !config.create_topics && !config.embedded) {
      return absl::InvalidArgumentError(absl::StrCat(
          flag, " needs --create-topics: the partition count of existing topics is the broker's"));
    }
  }
  if (config.replication_factor == 0) {
    return absl::InvalidArgumentError("--replication-factor is 1 or more, or -1");
  }
  if (config.auth.enabled() && given("--allow-anonymous")) {
    return absl::InvalidArgumentError(
        "--auth and --allow-anonymous contradict each other: with --auth nobody is anonymous");
  }
  if (config.instance >= config.instances) {
    return absl::InvalidArgumentError(absl::StrCat("--instance ", config.instance,
                                                   " is not below --instances ", config.instances,
                                                   ": instances are numbered from 0"));
  }
  if (auto status = CheckServe(config.serve); !status.ok()) return status;
  return CheckAuth(app, config.auth);
}

absl::Status CheckReach(const std::string& flag, const std::string& text,
                        const ListenAddress& address, bool allowed) {
  if (address.loopback || allowed) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat(
      flag, " ", text,
      " is reachable from other machines, and nobody would be asked who they are: listen on "
      "127.0.0.1, turn on --auth, or allow it with --allow-anonymous"));
}

// What Kafka allows in a topic's name, with room for the rest of it.
absl::Status CheckTopicPrefix(const std::string& prefix) {
  constexpr size_t kBytesMax = 200;
  const bool allowed = std::all_of(prefix.begin(), prefix.end(), [](char c) {
    return absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '.' || c == '_' || c == '-';
  });
  if (allowed && prefix.size() <= kBytesMax) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat("--topic-prefix '", prefix,
                                                 "' is no part of a topic's name: at most ",
                                                 kBytesMax, " letters, digits, '.', '_' and '-'"));
}

// What the flag says comes after the file, and so wins.
absl::Status ApplyKafkaProperties(const Texts& texts, Config* config) {
  if (!texts.kafka_config_file.empty()) {
    auto file = ReadKafkaPropertiesFile(texts.kafka_config_file);
    if (!file.ok()) return file.status();
    config->kafka_config = std::move(file->properties);
    if (!file->warning.empty()) config->warnings.push_back(std::move(file->warning));
  }
  auto properties = ParseKafkaProperties(texts.kafka_config);
  if (!properties.ok()) return properties.status();
  for (auto& property : *properties) config->kafka_config.push_back(std::move(property));
  return absl::OkStatus();
}

absl::StatusOr<size_t> ParseAnswerCache(const std::string& text, size_t budget) {
  if (text == "auto") return (budget - kProcessBytes) / 16;
  auto bytes = ParseBytes("--answer-cache", text);
  if (!bytes.ok()) return bytes.status();
  if (*bytes > budget / 4) {
    return absl::InvalidArgumentError("--answer-cache is more than a quarter of --memory-budget");
  }
  return bytes;
}

absl::Status Apply(const Texts& texts, Config* config) {
  if (auto status = CheckTopicPrefix(config->topic_prefix); !status.ok()) return status;
  if (!texts.hash_key_file.empty()) {
    auto key = ReadHashKeyFile(texts.hash_key_file);
    if (!key.ok()) return key.status();
    config->hash_key = *std::move(key);
  }
  const auto partitioner = domain::ParsePartitioner(texts.partitioner);
  if (!partitioner) {
    return absl::InvalidArgumentError(absl::StrCat(
        "--partitioner ", texts.partitioner,
        " is not one of murmur2_random, murmur2, consistent_random, consistent, fnv1a_random, "
        "fnv1a"));
  }
  config->partitioner = *partitioner;
  if (auto status = ApplyKafkaProperties(texts, config); !status.ok()) return status;
  auto offset = ParseUtcOffset(texts.input_utc_offset);
  if (!offset.ok()) return offset.status();
  config->input_utc_offset_minutes = *offset;
  auto budget = ParseBytes("--memory-budget", texts.memory_budget);
  if (!budget.ok()) return budget.status();
  if (*budget < (size_t{128} << 20)) {
    return absl::InvalidArgumentError("--memory-budget is less than 128MiB");
  }
  config->memory_budget_bytes = *budget;
  auto cache = ParseAnswerCache(texts.answer_cache, *budget);
  if (!cache.ok()) return cache.status();
  config->answer_cache_bytes = *cache;
  config->checkpoint_interval = absl::Milliseconds(texts.checkpoint_interval_ms);
  if (!absl::ParseDuration(texts.audit_interval, &config->audit_interval) ||
      config->audit_interval < absl::ZeroDuration() ||
      config->audit_interval > absl::Hours(24 * 366)) {
    return absl::InvalidArgumentError(absl::StrCat("--audit-interval '", texts.audit_interval,
                                                   "' is not a duration such as 5m, 90s or 0"));
  }
  if (!absl::ParseDuration(texts.metadata_interval, &config->metadata_interval) ||
      config->metadata_interval < absl::Seconds(1) || config->metadata_interval > absl::Hours(24)) {
    return absl::InvalidArgumentError(
        absl::StrCat("--metadata-interval '", texts.metadata_interval,
                     "' is not a duration from 1s to 24h, such as 5m"));
  }
  config->position_wait = absl::Milliseconds(texts.position_wait_ms);

  const bool reach_allowed = texts.allow_anonymous || config->auth.enabled();
  auto http = ParseListenAddress(texts.http);
  if (!http.ok()) {
    return absl::InvalidArgumentError(absl::StrCat("--http-listen: ", http.status().message()));
  }
  if (auto status = CheckReach("--http-listen", texts.http, *http, reach_allowed); !status.ok()) {
    return status;
  }
  config->http = *http;
  if (!texts.admin.empty()) {
    auto admin = ParseListenAddress(texts.admin);
    if (!admin.ok()) {
      return absl::InvalidArgumentError(absl::StrCat("--admin-listen: ", admin.status().message()));
    }
    if (auto status = CheckReach("--admin-listen", texts.admin, *admin, reach_allowed);
        !status.ok()) {
      return status;
    }
    const bool same = *admin == config->http && admin->port != 0;
    if (same && config->auth.enabled()) {
      return absl::InvalidArgumentError(
          "--admin-listen is --http-listen: with --auth, probes and metrics need an address of "
          "their own, since nobody is asked there");
    }
    if (!same) config->admin = *admin;
  } else if (config->auth.enabled()) {
    config->admin = ListenAddress{"127.0.0.1", 0, true};
  }
  if (!texts.grpc.empty()) {
    auto grpc = ParseListenAddress(texts.grpc);
    if (!grpc.ok()) {
      return absl::InvalidArgumentError(absl::StrCat("--grpc-listen: ", grpc.status().message()));
    }
    if (auto status = CheckReach("--grpc-listen", texts.grpc, *grpc, reach_allowed); !status.ok()) {
      return status;
    }
    config->grpc = *grpc;
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<ListenAddress> ParseListenAddress(const std::string& text) {
  const auto malformed = [&] {
    return absl::InvalidArgumentError(
        absl::StrCat("'", text, "' is not ADDRESS:PORT, such as 127.0.0.1:8080 or [::1]:8080"));
  };
  const size_t colon = text.rfind(':');
  if (colon == std::string::npos) return malformed();
  ListenAddress result;
  uint32_t port = 0;
  const std::string port_text = text.substr(colon + 1);
  if (port_text.empty() || !std::all_of(port_text.begin(), port_text.end(), ::isdigit) ||
      !absl::SimpleAtoi(port_text, &port) || port > UINT16_MAX) {
    return malformed();
  }
  result.port = static_cast<uint16_t>(port);

  std::string host = text.substr(0, colon);
  in_addr v4;
  in6_addr v6;
  if (host.size() > 2 && host.front() == '[' && host.back() == ']') {
    host = host.substr(1, host.size() - 2);
    if (inet_pton(AF_INET6, host.c_str(), &v6) != 1) return malformed();
    result.loopback = IN6_IS_ADDR_LOOPBACK(&v6);
  } else {
    if (host.empty()) host = "0.0.0.0";
    if (host == "localhost") host = "127.0.0.1";
    if (inet_pton(AF_INET, host.c_str(), &v4) != 1) return malformed();
    result.loopback = (ntohl(v4.s_addr) >> 24) == 127;
  }
  result.address = host;
  return result;
}

absl::StatusOr<int32_t> ParseUtcOffset(const std::string& text) {
  if (text == "Z" || text == "z") return 0;
  int hours = 0, minutes = 0, used = 0;
  char sign = 0;
  if (text.size() != 6 ||
      std::sscanf(text.c_str(), "%c%2d:%2d%n", &sign, &hours, &minutes, &used) != 3 || used != 6 ||
      (sign != '+' && sign != '-') || hours < 0 || minutes < 0 || minutes > 59 ||
      hours * 60 + minutes > 18 * 60) {
    return absl::InvalidArgumentError(absl::StrCat(
        "--input-utc-offset '", text, "' is not an offset such as +09:00, -03:30 or Z"));
  }
  return (sign == '-' ? -1 : 1) * (hours * 60 + minutes);
}

absl::StatusOr<size_t> ParseBytes(const char* flag, const std::string& text) {
  const size_t digits = text.find_first_not_of("0123456789");
  const std::string unit = digits == std::string::npos ? "" : text.substr(digits);
  uint64_t number = 0;
  uint64_t factor = 0;
  if (unit.empty() || unit == "B") factor = 1;
  if (unit == "KiB") factor = uint64_t{1} << 10;
  if (unit == "MiB" || unit == "Mi") factor = uint64_t{1} << 20;
  if (unit == "GiB" || unit == "Gi") factor = uint64_t{1} << 30;
  if (unit == "KB") factor = 1'000;
  if (unit == "MB") factor = 1'000'000;
  if (unit == "GB") factor = 1'000'000'000;
  if (factor == 0 || !absl::SimpleAtoi(text.substr(0, digits), &number) ||
      number > (uint64_t{1} << 50) / factor) {
    return absl::InvalidArgumentError(
        absl::StrCat(flag, " '", text, "' is not a size such as 512MiB or 2GiB"));
  }
  return static_cast<size_t>(number * factor);
}

std::variant<Config, ExitNow> ParseCommandLine(int argc, const char* const* argv) {
  CLI::App app(kDescription, "tallyd");
  app.set_version_flag("--version", absl::StrCat("tallyd ", kVersion));
  app.get_formatter()->column_width(40);
  Config config;
  config.threads = static_cast<int>(std::clamp(std::thread::hardware_concurrency(), 1u, 8u));
  Texts texts;
  Declare(app, config, texts);
  const std::vector<std::string> arguments(argv + 1, argv + std::max(argc, 1));
  if (auto status = RefuseSecretArguments(arguments); !status.ok()) {
    return ExitNow{2, absl::StrCat("tallyd: ", status.message(), "\nSee tallyd --help.\n")};
  }
  try {
    app.parse(argc, const_cast<char**>(argv));
  } catch (const CLI::CallForHelp&) {
    return ExitNow{0, app.help()};
  } catch (const CLI::CallForVersion&) {
    return ExitNow{0, absl::StrCat("tallyd ", kVersion, "\n")};
  } catch (const CLI::ParseError& error) {
    return ExitNow{2, absl::StrCat("tallyd: ", error.what(), "\nSee tallyd --help.\n")};
  }
  absl::Status status = Contradictions(app, config);
  if (status.ok()) status = Apply(texts, &config);
  if (!status.ok()) {
    return ExitNow{2, absl::StrCat("tallyd: ", status.message(), "\nSee tallyd --help.\n")};
  }
  return config;
}

}  // namespace tally
