#include "processor/kafka/client.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <array>
#include <limits>
#include <set>

#include "absl/strings/str_cat.h"
#include "processor/kafka/log_limiter.h"
#include "processor/steady_now.h"

namespace tally::kafka {
namespace {

constexpr size_t kErrorTextBytes = 512;
// A message waiting in a queue costs librdkafka about this much beside its bytes (one rd_kafka_op_t
// and its share of the allocator's overhead).
constexpr size_t kMessageOverheadBytes = 512;
constexpr size_t kQueueBytesMin = size_t{512} << 10;
constexpr absl::Duration kSameLineInterval = absl::Seconds(30);

// What would silently change the meaning of Tally's input or output when set by hand.
constexpr std::array<std::string_view, 14> kReserved = {"bootstrap.servers",
                                                        "allow.auto.create.topics",
                                                        "statistics.interval.ms",
                                                        "metadata.broker.list",
                                                        "group.id",
                                                        "client.id",
                                                        "enable.auto.commit",
                                                        "enable.auto.offset.store",
                                                        "auto.offset.reset",
                                                        "isolation.level",
                                                        "enable.partition.eof",
                                                        "enable.idempotence",
                                                        "acks",
                                                        "request.required.acks"};

absl::Status SetAll(rd_kafka_conf_t* conf, const Settings& settings) {
  char text[kErrorTextBytes];
  for (const auto& [name, value] : settings) {
    if (rd_kafka_conf_set(conf, name.c_str(), value.c_str(), text, sizeof text) !=
        RD_KAFKA_CONF_OK) {
      return absl::InvalidArgumentError(absl::StrCat("Kafka client property ", name, ": ", text));
    }
  }
  return absl::OkStatus();
}

absl::Status CheckExtra(const ClientConfig& config) {
  for (const auto& [name, value] : config.extra) {
    if (std::find(kReserved.begin(), kReserved.end(), name) != kReserved.end()) {
      return absl::InvalidArgumentError(
          absl::StrCat("Kafka client property ", name, " is set by Tally and cannot be changed"));
    }
  }
  return absl::OkStatus();
}

Settings CommonSettings(const ClientConfig& config) {
  return {
      {"bootstrap.servers", config.brokers},
      {"client.id", config.client_id},
      {"reconnect.backoff.ms", "100"},
      {"reconnect.backoff.max.ms", "5000"},
      {"topic.metadata.refresh.interval.ms", absl::StrCat(config.metadata_interval_ms)},
      {"metadata.max.age.ms", absl::StrCat(3 * config.metadata_interval_ms)},
      // Before that age a topic that the broker does not know is taken for one being created.
      {"topic.metadata.propagation.max.ms", "5000"},
      {"allow.auto.create.topics", "false"},
      {"log.connection.close", "false"},
  };
}

spdlog::level::level_enum LevelOf(int syslog_level) {
  if (syslog_level <= 3) return spdlog::level::err;
  if (syslog_level == 4) return spdlog::level::warn;
  if (syslog_level <= 6) return spdlog::level::info;
  return spdlog::level::debug;
}

// What no user can change: the embedded broker cannot be told not to create topics, and the
// guarantee behind dead letters counts as experimental. What its violations mean is said, better,
// where dead letters are written.
bool IsNoise(std::string_view facility, std::string_view text) {
  if (facility == "AUTOCREATE") return true;
  if (facility == "CONFWARN") return text.find("enable.gapless.guarantee") != text.npos;
  return facility == "FATAL" && text.find("gap-less guarantee") != text.npos;
}

LogLimiter& Limiter() {
  static LogLimiter limiter(kSameLineInterval);
  return limiter;
}

absl::StatusCode CodeOf(rd_kafka_resp_err_t error) {
  switch (error) {
    case RD_KAFKA_RESP_ERR__TRANSPORT:
    case RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN:
    case RD_KAFKA_RESP_ERR__RESOLVE:
    case RD_KAFKA_RESP_ERR__WAIT_COORD:
    case RD_KAFKA_RESP_ERR__AUTHENTICATION:
    case RD_KAFKA_RESP_ERR__SSL:
    case RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE:
    case RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION:
    case RD_KAFKA_RESP_ERR_BROKER_NOT_AVAILABLE:
    case RD_KAFKA_RESP_ERR_COORDINATOR_NOT_AVAILABLE:
    case RD_KAFKA_RESP_ERR_COORDINATOR_LOAD_IN_PROGRESS:
    case RD_KAFKA_RESP_ERR_NOT_COORDINATOR:
    case RD_KAFKA_RESP_ERR_NOT_CONTROLLER:
    case RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS:
    case RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS_AFTER_APPEND:
      return absl::StatusCode::kUnavailable;
    case RD_KAFKA_RESP_ERR__TIMED_OUT:
    case RD_KAFKA_RESP_ERR__TIMED_OUT_QUEUE:
    case RD_KAFKA_RESP_ERR__MSG_TIMED_OUT:
    case RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT:
      return absl::StatusCode::kDeadlineExceeded;
    case RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR_TRANSACTIONAL_ID_AUTHORIZATION_FAILED:
      return absl::StatusCode::kPermissionDenied;
    case RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART:
    case RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC:
    case RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION:
      return absl::StatusCode::kNotFound;
    case RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE:
    case RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET:
      return absl::StatusCode::kOutOfRange;
    case RD_KAFKA_RESP_ERR__BAD_MSG:
    case RD_KAFKA_RESP_ERR__BAD_COMPRESSION:
    case RD_KAFKA_RESP_ERR_INVALID_MSG:
      return absl::StatusCode::kDataLoss;
    case RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS:
      return absl::StatusCode::kAlreadyExists;
    case RD_KAFKA_RESP_ERR__QUEUE_FULL:
      return absl::StatusCode::kResourceExhausted;
    case RD_KAFKA_RESP_ERR__PURGE_QUEUE:
    case RD_KAFKA_RESP_ERR__PURGE_INFLIGHT:
    case RD_KAFKA_RESP_ERR__DESTROY:
      return absl::StatusCode::kCancelled;
    case RD_KAFKA_RESP_ERR__INVALID_ARG:
    case RD_KAFKA_RESP_ERR_TOPIC_EXCEPTION:
    case RD_KAFKA_RESP_ERR_INVALID_PARTITIONS:
    case RD_KAFKA_RESP_ERR_INVALID_REPLICATION_FACTOR:
    case RD_KAFKA_RESP_ERR_INVALID_CONFIG:
    case RD_KAFKA_RESP_ERR_INVALID_REQUEST:
    case RD_KAFKA_RESP_ERR_POLICY_VIOLATION:
    case RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE:
      return absl::StatusCode::kInvalidArgument;
    case RD_KAFKA_RESP_ERR__UNSUPPORTED_FEATURE:
    case RD_KAFKA_RESP_ERR_UNSUPPORTED_VERSION:
      return absl::StatusCode::kUnimplemented;
    default:
      return absl::StatusCode::kInternal;
  }
}

}  // namespace

Settings ConsumerSettings(const ClientConfig& config) {
  const size_t budget = std::max(config.queue_bytes_max, kQueueBytesMin);
  // Small records need more for themselves than for their bytes. Many must fit: while all queues
  // are full librdkafka only asks for what is not there, and looks at them again after
  // fetch.wait.max.ms; what is read in the meantime must be in the queue.
  const size_t payload = budget / 4;
  const size_t messages = (budget - payload) / kMessageOverheadBytes;
  const size_t fetch = std::min(payload, size_t{1} << 20);
  Settings settings = {
      {"check.crcs", config.check_crcs ? "true" : "false"},
      {"enable.auto.commit", "false"},
      {"enable.auto.offset.store", "false"},
      {"auto.offset.reset", "error"},
      {"isolation.level", "read_committed"},
      {"enable.partition.eof", "true"},
      // Not a session, as partitions are assigned, but how long a commit waits for a coordinator.
      {"session.timeout.ms", "2000"},
      {"fetch.min.bytes", "1"},
      // What has no more is told after this time.
      {"fetch.wait.max.ms", "50"},
      // After a failed fetch what is known of the topic is asked for again (at the latest after the
      // fast interval), and that must be answered before anything is fetched: see log_generation.
      {"topic.metadata.refresh.fast.interval.ms", "100"},
      {"fetch.error.backoff.ms", "500"},
      {"fetch.message.max.bytes", absl::StrCat(fetch)},
      {"fetch.max.bytes", absl::StrCat(std::max(fetch * 8, size_t{2} << 20))},
      // Both stop the fetcher when reached: an upper bound, in spite of the name.
      {"queued.min.messages", absl::StrCat(std::min(messages, size_t{10'000'000}))},
      {"queued.max.messages.kbytes", absl::StrCat(std::min(payload >> 10, size_t{2'097'151}))},
  };
  if (!config.group_id.empty()) settings.emplace_back("group.id", config.group_id);
  return settings;
}

absl::Status ToStatus(rd_kafka_resp_err_t error, std::string_view context,
                      std::string_view reason) {
  if (error == RD_KAFKA_RESP_ERR_NO_ERROR) return absl::OkStatus();
  const std::string text = reason.empty() ? rd_kafka_err2str(error) : std::string(reason);
  return absl::Status(CodeOf(error), absl::StrCat(std::string(context), ": ", text));
}

bool IsTransient(rd_kafka_resp_err_t error) {
  const absl::StatusCode code = CodeOf(error);
  return code == absl::StatusCode::kUnavailable || code == absl::StatusCode::kDeadlineExceeded;
}

int TimeoutMs(absl::Duration timeout) {
  const int64_t ms = absl::ToInt64Milliseconds(timeout);
  return static_cast<int>(std::clamp<int64_t>(ms, 0, std::numeric_limits<int>::max() / 2));
}

Client::Client(const ClientConfig& config, Hooks hooks)
    : brokers_(config.brokers), hooks_(std::move(hooks)) {}

absl::StatusOr<std::unique_ptr<Client>> Client::Create(rd_kafka_type_t type,
                                                       const ClientConfig& config,
                                                       const Settings& settings, Hooks hooks) {
  if (config.brokers.empty()) return absl::InvalidArgumentError("no Kafka brokers are given");
  std::unique_ptr<Client> client(new Client(config, std::move(hooks)));
  ConfPtr conf(rd_kafka_conf_new());
  if (absl::Status status = CheckExtra(config); !status.ok()) return status;
  // What the user sets comes last: it is refused (above) or it holds.
  for (const Settings& part : {CommonSettings(config), settings, config.extra}) {
    if (absl::Status status = SetAll(conf.get(), part); !status.ok()) return status;
  }
  rd_kafka_conf_set_opaque(conf.get(), client.get());
  rd_kafka_conf_set_error_cb(conf.get(), &Client::OnError);
  rd_kafka_conf_set_log_cb(conf.get(), &Client::OnLog);
  if (client->hooks_.statistics) rd_kafka_conf_set_stats_cb(conf.get(), &Client::OnStatistics);
  if (client->hooks_.delivery != nullptr) {
    rd_kafka_conf_set_dr_msg_cb(conf.get(), client->hooks_.delivery);
  }
  if (client->hooks_.log_generation != nullptr) {
    rd_kafka_conf_interceptor_add_on_new(conf.get(), "tally", &Client::AddCounters,
                                         client->hooks_.log_generation.get());
  }
  char text[kErrorTextBytes];
  client->handle_ = rd_kafka_new(type, conf.get(), text, sizeof text);
  if (client->handle_ == nullptr) {
    return absl::InvalidArgumentError(absl::StrCat("Kafka client configuration: ", text));
  }
  (void)conf.release();  // rd_kafka_new took it
  return client;
}

Client::~Client() {
  if (handle_ != nullptr) {
    rd_kafka_destroy_flags(handle_, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE);
  }
}

void* Client::DeliveryOpaque(void* opaque) {
  return static_cast<Client*>(opaque)->hooks_.delivery_opaque;
}

absl::Status Client::Unavailable(std::string_view reason) const {
  return absl::UnavailableError(
      absl::StrCat("Kafka brokers ", brokers_, " cannot be reached: ", std::string(reason)));
}

absl::Status Client::Connection() const {
  std::lock_guard lock(mutex_);
  return down_ ? Unavailable(reason_) : absl::OkStatus();
}

void Client::MarkUp() {
  std::lock_guard lock(mutex_);
  down_ = false;
}

absl::Status Client::WaitConnected(absl::Duration timeout) {
  constexpr int kFirstProbeMs = 100;
  constexpr int kProbeMsMax = 1000;
  const absl::Time deadline = SteadyNow() + timeout;
  int probe_ms = kFirstProbeMs;
  do {
    const int left_ms = std::max(TimeoutMs(deadline - SteadyNow()), 1);
    if (Probe(std::min(probe_ms, left_ms))) {
      MarkUp();
      return absl::OkStatus();
    }
    Poll(0);
    if (absl::Status status = Connection(); !status.ok()) return status;
    probe_ms = std::min(probe_ms * 2, kProbeMsMax);
  } while (SteadyNow() < deadline);
  std::lock_guard lock(mutex_);
  return Unavailable(reason_.empty() ? "no answer in time" : reason_);
}

bool Client::Probe(int timeout_ms) {
  const rd_kafka_metadata_t* metadata = nullptr;
  if (rd_kafka_metadata(handle_, 0, nullptr, &metadata, timeout_ms) != RD_KAFKA_RESP_ERR_NO_ERROR) {
    return false;
  }
  rd_kafka_metadata_destroy(metadata);
  return true;
}

void Client::OnError(rd_kafka_t* handle, int error, const char* reason, void* opaque) {
  auto* client = static_cast<Client*>(opaque);
  const auto code = static_cast<rd_kafka_resp_err_t>(error);
  if (code == RD_KAFKA_RESP_ERR__FATAL && IsNoise("FATAL", reason)) return;
  std::lock_guard lock(client->mutex_);
  if (code == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN) {
    client->down_ = true;
    if (client->reason_.empty()) client->reason_ = reason;
    return;
  }
  client->reason_ = reason;
  if (IsTransient(code)) return;  // librdkafka logs it as well
  if (auto held = Limiter().Admit(absl::StrCat(rd_kafka_name(handle), error), SteadyNow())) {
    spdlog::warn("kafka: {} ({})", reason, rd_kafka_err2name(code));
  }
}

void Client::OnLog(const rd_kafka_t* handle, int level, const char* facility, const char* text) {
  const bool noise = IsNoise(facility, text);
  const spdlog::level::level_enum severity = noise ? spdlog::level::debug : LevelOf(level);
  if (!spdlog::should_log(severity)) return;
  const auto held =
      Limiter().Admit(absl::StrCat(rd_kafka_name(handle), "|", facility), SteadyNow());
  if (severity != spdlog::level::debug && !held) return;
  const std::string more =
      held.value_or(0) > 0 ? absl::StrCat(" (and ", *held, " more of this kind)") : "";
  spdlog::log(severity, "kafka: {}: {}{}", facility, text, more);
}

// On librdkafka's broker threads, which hand out what they fetch later.
rd_kafka_resp_err_t Client::AddCounters(rd_kafka_t* handle, const rd_kafka_conf_t*, void* opaque,
                                        char*, size_t) {
  using Counter = std::atomic<uint64_t>;
  const auto on_response = [](rd_kafka_t*, int, const char*, int32_t, int16_t api_key, int16_t,
                              int32_t, size_t, int64_t, rd_kafka_resp_err_t, void* counter) {
    constexpr int16_t kMetadata = 3;
    if (api_key == kMetadata) static_cast<Counter*>(counter)->fetch_add(1);
    return RD_KAFKA_RESP_ERR_NO_ERROR;
  };
  const auto on_state = [](rd_kafka_t*, int32_t, const char*, const char*, int, const char* state,
                           void* counter) {
    if (std::string_view(state) == "UP") static_cast<Counter*>(counter)->fetch_add(1);
    return RD_KAFKA_RESP_ERR_NO_ERROR;
  };
  const rd_kafka_resp_err_t error =
      rd_kafka_interceptor_add_on_response_received(handle, "tally", on_response, opaque);
  if (error != RD_KAFKA_RESP_ERR_NO_ERROR) return error;
  return rd_kafka_interceptor_add_on_broker_state_change(handle, "tally", on_state, opaque);
}

int Client::OnStatistics(rd_kafka_t*, char* json, size_t json_bytes, void* opaque) {
  static_cast<Client*>(opaque)->hooks_.statistics(std::string_view(json, json_bytes));
  return 0;  // librdkafka frees it
}

}  // namespace tally::kafka
