// tallyd: wires everything, waits for a signal, takes everything down in order.
#include <prometheus/registry.h>
#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>
#include <signal.h>
#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/thread_pool.hpp>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "processor/config.h"
#include "processor/engine.h"
#include "processor/kafka/dead_letter_tail.h"
#include "processor/kafka/embedded_cluster.h"
#include "processor/kafka/kafka_dead_letters.h"
#include "processor/kafka/kafka_log_admin.h"
#include "processor/kafka/kafka_log_source.h"
#include "processor/log_check.h"
#include "processor/metrics.h"
#include "processor/shard_reader.h"
#include "processor/steady_now.h"
#include "processor/version.h"
#include "query/access_log.h"
#include "query/admin.h"
#include "query/auth/jwt_authenticator.h"
#include "query/grpc/metrics.h"
#include "query/grpc/server.h"
#include "query/http/api.h"
#include "query/http/documentation.h"
#include "query/http/metrics.h"
#include "query/http/server.h"
#include "query/period.h"
#include "query/service.h"
#include "query/tls/credentials.h"
#include "store/shard_directory.h"

// jemalloc's settings, read before main begins. Freed memory goes back within about a second: what
// a replay needed is not kept for days. Few arenas keep less of it aside.
extern "C" const char* malloc_conf;
const char* malloc_conf = "narenas:4,dirty_decay_ms:1000,muzzy_decay_ms:0";

namespace tally {
namespace {

// Together under the 10 s that orchestrators commonly grant.
constexpr absl::Duration kDrainLimit = absl::Seconds(3);
constexpr absl::Duration kFinishLimit = absl::Seconds(5);
constexpr unsigned kEndSecondsMax = 9;
constexpr unsigned kGoodbyeSecondsMax = 1;

int Fail(const absl::Status& status) {
  std::fprintf(stderr, "tallyd: %s\n", std::string(status.message()).c_str());
  return 1;
}

void SetUpLogging(const std::string& level) {
  const char* no_color = getenv("NO_COLOR");  // https://no-color.org
  const bool plain = no_color != nullptr && *no_color != '\0';
  auto logger = std::make_shared<spdlog::logger>(
      "tallyd", std::make_shared<spdlog::sinks::stderr_color_sink_mt>(
                    plain ? spdlog::color_mode::never : spdlog::color_mode::automatic));
  logger->set_level(spdlog::level::from_str(level));
  logger->set_pattern("%Y-%m-%dT%H:%M:%S.%e%z %^%l%$ %v");
  logger->flush_on(spdlog::level::info);
  spdlog::set_default_logger(std::move(logger));
}

// Every shard may hold a few hundred table files open.
void RaiseFileLimit() {
  struct rlimit limit {};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
}

// A data directory that lasts as long as the process.
class TemporaryDirectory {
 public:
  static absl::StatusOr<std::unique_ptr<TemporaryDirectory>> Make() {
    std::string path = (std::filesystem::temp_directory_path() / "tallyd-XXXXXX").string();
    if (mkdtemp(path.data()) == nullptr) {
      return absl::UnavailableError(absl::StrCat("cannot make a temporary directory ", path));
    }
    return std::unique_ptr<TemporaryDirectory>(new TemporaryDirectory(std::move(path)));
  }
  ~TemporaryDirectory() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  const std::string& path() const { return path_; }

 private:
  explicit TemporaryDirectory(std::string path) : path_(std::move(path)) {}
  const std::string path_;
};

absl::StatusOr<std::unique_ptr<kafka::EmbeddedCluster>> StartEmbedded(const Config& config) {
  auto cluster = kafka::EmbeddedCluster::Start();
  if (!cluster.ok()) return cluster.status();
  auto topics = InputTopics(config.topic_prefix);
  for (auto& name : DeadLetterTopics(config.topic_prefix)) topics.push_back(std::move(name));
  for (const auto& topic : topics) {
    auto status = (*cluster)->CreateTopic(topic, config.partitions);
    if (!status.ok()) return status;
  }
  spdlog::warn(
      "embedded broker at {}: for trying out only. It keeps at most {} MiB a partition, drops the "
      "oldest beyond that, and forgets everything when this process ends",
      (*cluster)->brokers(), kafka::EmbeddedCluster::kPartitionBytesMax >> 20);
  return cluster;
}

absl::StatusOr<LogParts> ConnectLog(const Config& config, const kafka::ClientConfig& client) {
  auto admin = kafka::KafkaLogAdmin::Create(client);
  if (!admin.ok()) return admin.status();
  LogParts parts;
  parts.admin = *std::move(admin);
  parts.make_source = [client, prefix = config.topic_prefix](
                          size_t queue_bytes_max) -> absl::StatusOr<std::unique_ptr<LogSource>> {
    kafka::ClientConfig with_queue = client;
    with_queue.queue_bytes_max = queue_bytes_max;
    return kafka::KafkaLogSource::Create(with_queue, prefix);
  };
  parts.make_dead_letters =
      [client, prefix = config.topic_prefix]() -> absl::StatusOr<std::unique_ptr<DeadLetterSink>> {
    kafka::DeadLetterOptions options;
    options.topic_prefix = prefix;
    return kafka::KafkaDeadLetters::Create(client, options);
  };
  parts.dead_letters_written_below = [admin = parts.admin](const std::string& topic,
                                                           int32_t partition) {
    return kafka::DeadLettersWrittenBelow(*admin, topic, partition, absl::Seconds(10));
  };
  return parts;
}

// Who asks, over HTTP as over gRPC; null: nobody is asked.
absl::StatusOr<std::unique_ptr<query::auth::JwtAuthenticator>> MakeAuthenticator(
    const AuthConfig& config, prometheus::Registry& registry) {
  if (!config.enabled()) return nullptr;
  query::auth::JwtOptions options;
  options.jwks = config.jwks;
  options.url.ca_file = config.jwks_ca;
  options.url.allow_http = config.jwks_allow_http;
  options.url_refresh = absl::Milliseconds(config.jwks_refresh_ms);
  options.rules = {config.issuer, config.audience, config.user_claim, config.role_claim,
                   config.operator_role};
  auto made = query::auth::JwtAuthenticator::Make(std::move(options), registry);
  if (!made.ok()) {
    return absl::Status(made.status().code(),
                        absl::StrCat("--auth-jwks: ", made.status().message()));
  }
  return made;
}

// Null: no TLS.
absl::StatusOr<std::unique_ptr<query::tls::CredentialStore>> OpenCredentials(
    const ServeConfig& config, prometheus::Registry& registry) {
  if (!config.tls()) return nullptr;
  auto opened = query::tls::CredentialStore::Open(
      {config.tls_cert, config.tls_key, config.tls_client_ca}, registry);
  if (!opened.ok()) {
    return absl::Status(opened.status().code(), absl::StrCat("TLS: ", opened.status().message()));
  }
  return opened;
}

// Null: none.
absl::StatusOr<std::unique_ptr<query::AccessLog>> OpenAccessLog(const ServeConfig& config,
                                                                prometheus::Registry& registry) {
  if (config.access_log == "off") return nullptr;
  query::AccessLog::Options options;
  options.destination = config.access_log;
  options.lines_per_second_max = config.access_log_lines_per_second;
  auto opened = query::AccessLog::Open(std::move(options), registry);
  if (!opened.ok()) {
    return absl::Status(opened.status().code(),
                        absl::StrCat("--access-log: ", opened.status().message()));
  }
  return opened;
}

void ReopenAccessLog(query::AccessLog& log) {
  const absl::Status status = log.Reopen();
  if (status.ok()) return;
  spdlog::error("--access-log goes on in the file that is open: {}", std::string(status.message()));
}

// What both servers are handed beside their routes; all of it outlives them, null: none.
struct ServerParts {
  const query::Authenticator* authenticator = nullptr;
  query::tls::CredentialStore* credentials = nullptr;
  query::AccessLog* access_log = nullptr;
  query::http::AnswerCache* answers = nullptr;
  query::http::ReadyAnswers* ready = nullptr;
};

struct Servers {
  std::unique_ptr<query::http::Server> api;
  std::unique_ptr<query::http::Server> admin;  // null: served by `api`
  std::unique_ptr<query::rpc::Server> grpc;    // null: none
  const query::http::Server& admin_server() const { return admin ? *admin : *api; }
};

template <class Server>
std::string HostPort(const Server& server) {
  const bool v6 = server.address().find(':') != std::string::npos;
  return v6 ? absl::StrCat("[", server.address(), "]:", server.port())
            : absl::StrCat(server.address(), ":", server.port());
}

absl::StatusOr<Servers> StartServers(const Config& config, query::Service& service,
                                     const query::HealthSource& health,
                                     const std::shared_ptr<prometheus::Registry>& registry,
                                     query::http::Metrics& metrics, const ServerParts& parts) {
  const auto start = [&](const ListenAddress& address, query::tls::CredentialStore* tls,
                         std::vector<query::http::Route> routes, query::http::ReadyAnswers* ready)
      -> absl::StatusOr<std::unique_ptr<query::http::Server>> {
    query::http::ServerOptions options;
    options.address = address.address;
    options.port = address.port;
    options.authenticator = parts.authenticator;
    options.credentials = tls;
    options.access_log = parts.access_log;
    options.ready = ready;
    options.cors_origins = config.serve.cors_origins;
    options.connections_max = static_cast<size_t>(config.serve.connections_max);
    options.connections_per_client_max = static_cast<size_t>(config.serve.ConnectionsPerClient());
    options.idle_timeout = absl::Milliseconds(config.serve.idle_timeout_ms);
    return query::http::Server::Start(options, std::move(routes), &metrics);
  };
  Servers servers;
  auto routes = query::http::ApiRoutes(service, parts.answers, &metrics);
  for (auto& route : query::http::DocumentationRoutes(config.auth.enabled()))
    routes.push_back(std::move(route));
  auto admin_routes = query::AdminRoutes(health, registry);
  if (config.admin) {
    // Plain: probes and metrics are asked for by whoever runs this, on a network of their own.
    auto admin = start(*config.admin, nullptr, std::move(admin_routes), nullptr);
    if (!admin.ok()) return admin.status();
    servers.admin = *std::move(admin);
  } else {
    for (auto& route : admin_routes) routes.push_back(std::move(route));
  }
  auto api = start(config.http, parts.credentials, std::move(routes), parts.ready);
  if (!api.ok()) return api.status();
  servers.api = *std::move(api);
  return servers;
}

// Null where none is asked for.
absl::StatusOr<std::unique_ptr<query::rpc::Server>> StartGrpc(const Config& config,
                                                              query::Service& service,
                                                              const query::HealthSource& health,
                                                              query::rpc::Metrics& metrics,
                                                              const ServerParts& parts) {
  if (!config.grpc) return nullptr;
  query::rpc::ServerOptions options;
  options.address = config.grpc->address;
  options.port = config.grpc->port;
  options.credentials = parts.credentials;
  options.access_log = parts.access_log;
  return query::rpc::Server::Start(std::move(options), service, health, parts.authenticator,
                                   &metrics);
}

// Written under another name first: who sees the file sees all of it.
absl::Status WriteReadyFile(const Config& config, const Servers& servers) {
  rapidjson::StringBuffer buffer;
  rapidjson::Writer<rapidjson::StringBuffer> json(buffer);
  json.StartObject();
  json.Key("brokers");
  json.String(config.brokers.c_str());
  json.Key("http");
  json.String(HostPort(*servers.api).c_str());
  json.Key("admin");
  json.String(HostPort(servers.admin_server()).c_str());
  if (servers.grpc) {
    json.Key("grpc");
    json.String(HostPort(*servers.grpc).c_str());
  }
  json.Key("data_dir");
  json.String(config.data_dir.c_str());
  json.Key("pid");
  json.Int(getpid());
  json.EndObject();
  const std::string partial = config.ready_file + ".part";
  std::ofstream file(partial);
  file << buffer.GetString() << '\n';
  file.close();
  std::error_code error;
  if (file) std::filesystem::rename(partial, config.ready_file, error);
  if (!file || error) {
    return absl::FailedPreconditionError(
        absl::StrCat("--ready-file ", config.ready_file, " cannot be written"));
  }
  return absl::OkStatus();
}

// Blocks until a signal or a fatal error. The first signal ends the wait; a second one, whenever it
// comes, ends the process at once. SIGHUP only calls who asked for it.
class EndOfService {
 public:
  EndOfService() : signals_(io_, SIGTERM, SIGINT) {
    signals_.async_wait([this](const boost::system::error_code& error, int signal) {
      if (error) return;
      spdlog::info("signal {}: finishing; a second one ends at once", signal);
      io_.stop();
    });
    AwaitHangup();
  }
  // Before Wait; `reload` runs within it.
  void OnHangup(std::function<void()> reload) { reloads_.push_back(std::move(reload)); }
  // Any thread.
  void StopWith(absl::Status why) {
    boost::asio::post(io_, [this, why = std::move(why)] {
      if (error_.ok()) error_ = why;
      io_.stop();
    });
  }
  // `on_top` is granted to the end beyond kEndSecondsMax.
  absl::Status Wait(absl::Duration on_top) {
    io_.run();
    signals_.cancel();
    signals_.clear();
    for (const int signal : {SIGTERM, SIGINT}) {
      struct sigaction at_once {};
      at_once.sa_handler = [](int number) { _exit(128 + number); };
      sigaction(signal, &at_once, nullptr);
    }
    // Whatever hangs from here on, a library included, does not hang for long.
    struct sigaction too_long {};
    too_long.sa_handler = [](int) { _exit(1); };
    sigaction(SIGALRM, &too_long, nullptr);
    const absl::Duration more = absl::Ceil(on_top, absl::Seconds(1));
    alarm(kEndSecondsMax + static_cast<unsigned>(absl::ToInt64Seconds(more)));
    return error_;
  }

 private:
  void AwaitHangup() {
    hangup_.async_wait([this](const boost::system::error_code& error, int) {
      if (error) return;
      spdlog::info("SIGHUP: {}", reloads_.empty() ? "there is nothing to read again"
                                                  : "reading again what can be");
      for (const auto& reload : reloads_) reload();
      AwaitHangup();
    });
  }

  boost::asio::io_context io_{1};
  boost::asio::signal_set signals_;
  boost::asio::signal_set hangup_{io_, SIGHUP};
  std::vector<std::function<void()>> reloads_;
  absl::Status error_;
};

// What is left after the final checkpoint is librdkafka's goodbye, and that waits, for as long as a
// minute, for brokers that do not answer any more.
void EndSoonWhateverHangs(int code) {
  static volatile sig_atomic_t exit_code;
  exit_code = code;
  struct sigaction end {};
  end.sa_handler = [](int) { _exit(exit_code); };
  sigaction(SIGALRM, &end, nullptr);
  alarm(kGoodbyeSecondsMax);
}

// /readyz says 503 by now; everything is still answered.
void AwaitLoadBalancers(absl::Duration delay) {
  if (delay == absl::ZeroDuration()) return;
  spdlog::info("not ready any more; goes on serving for {}", absl::FormatDuration(delay));
  absl::SleepFor(delay);
}

int Run(Config config) {
  SetUpLogging(config.log_level);
  for (const std::string& warning : config.warnings) spdlog::warn("{}", warning);
  signal(SIGPIPE, SIG_IGN);
  RaiseFileLimit();
  EndOfService end;
  if (auto status = query::CheckTimeZoneData(); !status.ok()) return Fail(status);
  auto registry = std::make_shared<prometheus::Registry>();
  auto authenticator = MakeAuthenticator(config.auth, *registry);
  if (!authenticator.ok()) return Fail(authenticator.status());
  if (*authenticator) {
    end.OnHangup([&asked = **authenticator] { asked.Reload(); });
    const bool reachable = !config.http.loopback || (config.grpc && !config.grpc->loopback);
    if (reachable && !config.serve.tls()) {
      spdlog::warn(
          "tokens come unencrypted from other machines: whoever reads them on the way can use "
          "them. Give --tls-cert and --tls-key, or end TLS in front of this");
    }
  }
  auto credentials = OpenCredentials(config.serve, *registry);
  if (!credentials.ok()) return Fail(credentials.status());
  if (*credentials) end.OnHangup([&store = **credentials] { store.Reload().IgnoreError(); });
  auto access_log = OpenAccessLog(config.serve, *registry);
  if (!access_log.ok()) return Fail(access_log.status());
  if (*access_log) end.OnHangup([&log = **access_log] { ReopenAccessLog(log); });

  std::unique_ptr<TemporaryDirectory> temporary;
  if (config.data_dir.empty()) {
    auto made = TemporaryDirectory::Make();
    if (!made.ok()) return Fail(made.status());
    temporary = *std::move(made);
    config.data_dir = temporary->path();
  }
  auto data_dir = store::DataDir::Open(config.data_dir, store::DataDirMode::kReadWrite);
  if (!data_dir.ok()) return Fail(data_dir.status());

  std::unique_ptr<kafka::EmbeddedCluster> embedded;
  if (config.embedded) {
    auto started = StartEmbedded(config);
    if (!started.ok()) return Fail(started.status());
    embedded = *std::move(started);
    config.brokers = embedded->brokers();
  }
  kafka::ClientConfig client;
  client.brokers = config.brokers;
  client.client_id = "tallyd";
  client.group_id = config.group;
  client.embedded = config.embedded;
  client.metadata_interval_ms = absl::ToInt64Milliseconds(config.metadata_interval);
  client.extra = config.kafka_config;
  if (auto status = kafka::Validate(client); !status.ok()) return Fail(status);
  auto log = ConnectLog(config, client);
  if (!log.ok()) return Fail(log.status());

  Metrics metrics(*registry, config.topic_prefix);
  query::http::Metrics http_metrics(*registry);
  query::rpc::Metrics grpc_metrics(*registry);
  ShardReader reader({.partitioner = config.partitioner,
                      .topic_prefix = config.topic_prefix,
                      .instance = config.instance,
                      .instances = config.instances,
                      .position_wait = config.position_wait});
  boost::asio::thread_pool aside(1);
  query::Service service(
      reader, [] { return absl::Now(); }, kVersion, query::Aside(aside.get_executor()));
  auto engine = std::make_unique<Engine>(config, *std::move(log), *std::move(data_dir), reader,
                                         metrics, [&end](absl::Status why) { end.StopWith(why); });

  query::http::AnswerCache answers(config.answer_cache_bytes);
  const auto ready = query::http::MakeReadyAnswers(service, answers, &http_metrics);
  const bool keeps = config.answer_cache_bytes > 0;
  const ServerParts parts{authenticator->get(), credentials->get(), access_log->get(),
                          keeps ? &answers : nullptr, keeps ? ready.get() : nullptr};
  auto servers = StartServers(config, service, *engine, registry, http_metrics, parts);
  if (!servers.ok()) return Fail(servers.status());
  const char* const scheme = config.serve.tls() ? "https" : "http";
  spdlog::info("tallyd {} serves {}://{} (probes and metrics: {}://{})", kVersion, scheme,
               HostPort(*servers->api), servers->admin ? "http" : scheme,
               HostPort(servers->admin_server()));
  auto grpc = StartGrpc(config, service, *engine, grpc_metrics, parts);
  if (!grpc.ok()) return Fail(grpc.status());
  servers->grpc = *std::move(grpc);
  if (servers->grpc)
    spdlog::info("and gRPC at {}{}", HostPort(*servers->grpc),
                 config.serve.tls() ? " with TLS" : "");
  if (!config.ready_file.empty()) {
    if (auto status = WriteReadyFile(config, *servers); !status.ok()) return Fail(status);
  }
  engine->Start();

  const absl::Duration drain_delay = absl::Milliseconds(config.serve.drain_delay_ms);
  const absl::Status why = end.Wait(drain_delay);
  if (!why.ok()) Fail(why);
  engine->Drain();
  servers->api->BeginDrain();
  if (why.ok()) AwaitLoadBalancers(drain_delay);
  const absl::Time drained_by = SteadyNow() + kDrainLimit;
  if (servers->grpc) servers->grpc->BeginDrain();
  bool drained = servers->api->Drain(kDrainLimit);
  if (servers->grpc) {
    const absl::Duration left = std::max(drained_by - SteadyNow(), absl::ZeroDuration());
    drained = servers->grpc->Drain(left) && drained;
  }
  const auto stopped = engine->Stop(kFinishLimit);
  if (servers->admin) servers->admin->Drain(absl::ZeroDuration());
  if (!config.ready_file.empty()) unlink(config.ready_file.c_str());
  const int code = why.ok() && stopped != Engine::Stopped::kIncomplete ? 0 : 1;
  if (!drained || stopped != Engine::Stopped::kFinished) {
    // Something still runs that must not see its surroundings destroyed.
    temporary.reset();
    spdlog::shutdown();
    _exit(code);
  }
  EndSoonWhateverHangs(code);
  servers = absl::CancelledError();
  engine.reset();
  return code;
}

}  // namespace
}  // namespace tally

int main(int argc, char** argv) {
  auto parsed = tally::ParseCommandLine(argc, argv);
  if (const auto* exit = std::get_if<tally::ExitNow>(&parsed)) {
    std::fputs(exit->message.c_str(), exit->code == 0 ? stdout : stderr);
    return exit->code;
  }
  return tally::Run(std::get<tally::Config>(std::move(parsed)));
}
