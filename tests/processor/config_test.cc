#include "processor/config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <string>
#include <variant>
#include <vector>

namespace tally {
namespace {

using ::testing::HasSubstr;

std::variant<Config, ExitNow> Parse(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), "tallyd");
  std::vector<const char*> argv;
  for (const auto& argument : arguments) argv.push_back(argument.c_str());
  return ParseCommandLine(static_cast<int>(argv.size()), argv.data());
}

Config Accepted(const std::vector<std::string>& arguments) {
  auto parsed = Parse(arguments);
  if (auto* exit = std::get_if<ExitNow>(&parsed)) {
    ADD_FAILURE() << exit->message;
    return {};
  }
  return std::get<Config>(parsed);
}

TEST(ConfigTest, Defaults) {
  const Config config = Accepted({"--brokers", "kafka:9092", "--data-dir", "d"});
  EXPECT_EQ(config.topic_prefix, "sample.");
  EXPECT_EQ(config.group, "tally");
  EXPECT_EQ(config.partitioner, domain::Partitioner::kMurmur2);
  EXPECT_EQ(config.input_utc_offset_minutes, 540);
  EXPECT_EQ(config.http.address, "127.0.0.1");
  EXPECT_EQ(config.http.port, 8080);
  EXPECT_FALSE(config.admin);
  EXPECT_EQ(config.partitions, 12);
  EXPECT_EQ(config.memory_budget_bytes, size_t{512} << 20);
}

TEST(ConfigTest, EverythingCanBeSet) {
  const Config config = Accepted({"--brokers",
                                  "a:1,b:2",
                                  "--topic-prefix",
                                  "prod.",
                                  "--data-dir",
                                  "d",
                                  "--http-listen",
                                  "[::1]:0",
                                  "--admin-listen",
                                  "127.0.0.1:81",  // never bound
                                  "--threads",
                                  "3",
                                  "--instance",
                                  "1",
                                  "--instances",
                                  "2",
                                  "--partitioner",
                                  "consistent_random",
                                  "--input-utc-offset",
                                  "-03:30",
                                  "--create-topics",
                                  "--partitions",
                                  "6",
                                  "--replication-factor",
                                  "3",
                                  "--memory-budget",
                                  "1GiB",
                                  "--checkpoint-interval-ms",
                                  "250",
                                  "--group",
                                  ""});
  EXPECT_EQ(config.http.address, "::1");
  EXPECT_EQ(config.admin->port, 81);
  EXPECT_EQ(config.instance, 1);
  EXPECT_EQ(config.partitioner, domain::Partitioner::kCrc32);
  EXPECT_EQ(config.input_utc_offset_minutes, -210);
  EXPECT_EQ(config.partitions, 6);
  EXPECT_EQ(config.memory_budget_bytes, size_t{1} << 30);
  EXPECT_EQ(config.checkpoint_interval, absl::Milliseconds(250));
  EXPECT_EQ(config.group, "");
}

TEST(ConfigTest, EnvironmentIsReadAndFlagsWin) {
  setenv("TALLY_BROKERS", "from-environment:9092", 1);
  setenv("TALLY_TOPIC_PREFIX", "env.", 1);
  setenv("TALLY_DATA_DIR", "d", 1);
  const Config config = Accepted({"--topic-prefix", "flag."});
  unsetenv("TALLY_BROKERS");
  unsetenv("TALLY_TOPIC_PREFIX");
  unsetenv("TALLY_DATA_DIR");
  EXPECT_EQ(config.brokers, "from-environment:9092");
  EXPECT_EQ(config.topic_prefix, "flag.");
}

TEST(ConfigTest, KafkaPropertiesAreRepeatableOrSeparated) {
  EXPECT_EQ(Accepted({"--embedded", "--kafka-config", "security.protocol=ssl", "--kafka-config",
                      "ssl.ca.location=a=b"})
                .kafka_config,
            (KafkaProperties{{"security.protocol", "ssl"}, {"ssl.ca.location", "a=b"}}));
  setenv("TALLY_KAFKA_CONFIG", "security.protocol=ssl;ssl.key.password=a=b", 1);
  EXPECT_EQ(Accepted({"--embedded"}).kafka_config,
            (KafkaProperties{{"security.protocol", "ssl"}, {"ssl.key.password", "a=b"}}));
  unsetenv("TALLY_KAFKA_CONFIG");
}

TEST(ConfigTest, KafkaPropertiesOfAFileComeFirst) {
  const std::string path = ::testing::TempDir() + "tally-kafka.properties";
  std::ofstream(path) << "sasl.password=hunter2\nlinger.ms=1\n";
  const Config config =
      Accepted({"--embedded", "--kafka-config-file", path, "--kafka-config", "linger.ms=2"});
  EXPECT_EQ(
      config.kafka_config,
      (KafkaProperties{{"sasl.password", "hunter2"}, {"linger.ms", "1"}, {"linger.ms", "2"}}));
  EXPECT_EQ(config.warnings.size(), 1u);
}

TEST(ConfigTest, SecretsOnTheCommandLineAreRefusedAndNotRepeated) {
  const std::vector<std::vector<std::string>> cases = {
      {"--embedded", "--kafka-config", "sasl.password=hunter2"},
      {"--embedded", "--kafka-config=sasl.password=hunter2"},
      {"--embedded", "--kafka-config", "a=b; sasl.oauthbearer.client.secret = hunter2"},
      {"--embedded", "--kafka-config", "a=b", "--kafka-config", "ssl.key.password=hunter2"},
      {"--embedded", "--kafka-config", "ssl.key.pem=hunter2"},
      {"--embedded", "--kafka-config", "SASL.Password=hunter2"},
  };
  for (const auto& arguments : cases) {
    const auto parsed = Parse(arguments);
    ASSERT_TRUE(std::holds_alternative<ExitNow>(parsed)) << arguments.back();
    const auto& exit = std::get<ExitNow>(parsed);
    EXPECT_EQ(exit.code, 2);
    EXPECT_THAT(exit.message, HasSubstr("--kafka-config-file"));
    EXPECT_THAT(exit.message, ::testing::Not(HasSubstr("hunter2")));
  }
}

TEST(ConfigTest, HowClientsAreServed) {
  const Config config = Accepted(
      {"--embedded", "--tls-cert", "c", "--tls-key", "k", "--cors-origin", "https://a.example",
       "--cors-origin", "http://shop.test:3000,app://b", "--http-connections-max", "100"});
  EXPECT_TRUE(config.serve.tls());
  EXPECT_THAT(config.serve.cors_origins,
              ::testing::ElementsAre("https://a.example", "http://shop.test:3000", "app://b"));
  EXPECT_EQ(config.serve.ConnectionsPerClient(), 75);
  EXPECT_EQ(config.serve.access_log, "stderr");
}

TEST(ConfigTest, AdminOnTheSameAddressIsTheSameListener) {
  const std::string same = "127.0.0.1:81";  // never bound
  EXPECT_FALSE(Accepted({"--embedded", "--http-listen", same, "--admin-listen", same}).admin);
  EXPECT_TRUE(
      Accepted({"--embedded", "--http-listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0"})
          .admin);
}

TEST(ConfigTest, ListeningBeyondLoopbackNeedsConsent) {
  EXPECT_FALSE(Accepted({"--embedded"}).grpc);
  EXPECT_EQ(Accepted({"--embedded", "--grpc-listen", "[::1]:0"}).grpc->address, "::1");
  EXPECT_EQ(Accepted({"--embedded", "--http-listen", ":80", "--allow-anonymous"}).http.address,
            "0.0.0.0");
}

// --auth=jwt with all that it needs, and more.
std::vector<std::string> WithAuth(const std::vector<std::string>& more) {
  std::vector<std::string> flags = {"--embedded",    "--auth=jwt",   "--auth-jwks",     "keys.json",
                                    "--auth-issuer", "https://i.x/", "--auth-audience", "tally"};
  flags.insert(flags.end(), more.begin(), more.end());
  return flags;
}

TEST(ConfigTest, WithAuthProbesAndMetricsAreApartAndTheApiMayBeReached) {
  EXPECT_FALSE(Accepted({"--embedded"}).auth.enabled());
  const Config config = Accepted(WithAuth({"--http-listen", ":80"}));
  EXPECT_EQ(Accepted(WithAuth({"--grpc-listen", ":81"})).grpc->address, "0.0.0.0");
  EXPECT_TRUE(config.auth.enabled());
  EXPECT_EQ(config.auth.user_claim, "sub");
  EXPECT_EQ(config.auth.role_claim, "roles");
  EXPECT_EQ(config.auth.operator_role, "operator");
  EXPECT_EQ(config.http.address, "0.0.0.0");
  ASSERT_TRUE(config.admin.has_value());
  EXPECT_EQ(*config.admin, (ListenAddress{"127.0.0.1", 0, true}));
  const std::string other = "10.0.0.1:81";
  EXPECT_EQ(Accepted(WithAuth({"--admin-listen", other})).admin->address, "10.0.0.1");
}

struct Refusal {
  std::vector<std::string> arguments;
  const char* message;
};

TEST(ConfigTest, MistakesAreNamedWithTheRemedy) {
  const std::vector<Refusal> refusals = {
      {{}, "--brokers is missing"},
      {{"--brokers", "a:1"}, "--data-dir is missing"},
      {{"--embedded", "--brokers", "a:1"}, "contradict"},
      {{"--embedded", "--instances", "2"}, "contradict"},
      {{"--embedded", "--frobnicate"}, "--frobnicate"},
      {{"--embedded", "stray"}, "stray"},
      {{"--brokers", "a:1", "--data-dir", "d", "--partitions", "3"}, "needs --create-topics"},
      {{"--brokers", "a:1", "--data-dir", "d", "--replication-factor", "3"},
       "needs --create-topics"},
      {{"--embedded", "--instance", "1"}, "--instance 1 is not below --instances 1"},
      {{"--embedded", "--partitions", "0"}, "--partitions"},
      {{"--embedded", "--threads", "0"}, "--threads"},
      {{"--embedded", "--threads", "many"}, "--threads"},
      {{"--embedded", "--partitioner", "random"}, "murmur2_random"},
      {{"--embedded", "--input-utc-offset", "9"}, "+09:00"},
      {{"--embedded", "--input-utc-offset", "+19:00"}, "+09:00"},
      {{"--embedded", "--topic-prefix", "a b"}, "--topic-prefix"},
      {{"--embedded", "--topic-prefix", std::string(201, 'a')}, "200"},
      {{"--embedded", "--hash-key-file", "/does/not/exist"}, "cannot be read"},
      {{"--embedded", "--hash-key-file", "/"}, "cannot be read"},
      {{"--embedded", "--memory-budget", "lots"}, "512MiB"},
      {{"--embedded", "--memory-budget", "1MiB"}, "128MiB"},
      {{"--embedded", "--http-listen", "8080"}, "ADDRESS:PORT"},
      {{"--embedded", "--http-listen", "127.0.0.1:99999"}, "ADDRESS:PORT"},  // never bound
      {{"--embedded", "--auth=basic"}, "--auth"},
      {{"--embedded", "--auth=jwt"}, "--auth-jwks"},
      {{"--embedded", "--auth=jwt", "--auth-jwks=k"}, "--auth-issuer"},
      {{"--embedded", "--auth=jwt", "--auth-jwks=k", "--auth-issuer=i"}, "--auth-audience"},
      {{"--embedded", "--auth-jwks=k"}, "--auth=jwt"},
      {{"--embedded", "--auth=none", "--auth-operator-role=x"}, "--auth=jwt"},
      {{"--embedded", "--auth-jwks-allow-http"}, "--auth=jwt"},
      {WithAuth({"--auth-user-claim="}), "--auth-user-claim"},
      {WithAuth({"--auth-jwks-refresh-ms=1"}), "--auth-jwks-refresh-ms"},
      {WithAuth({"--allow-anonymous"}), "contradict"},
      {WithAuth({"--admin-listen=127.0.0.1:8080"}), "address of their own"},  // never bound
      {{"--embedded", "--http-listen", "0.0.0.0:81"}, "--allow-anonymous"},   // never bound
      {{"--embedded", "--http-listen", "[::]:81"}, "--allow-anonymous"},      // never bound
      {{"--embedded", "--grpc-listen", "localhost"}, "--grpc-listen"},
      {{"--embedded", "--grpc-listen", "tally.example:81"}, "ADDRESS:PORT"},
      {{"--embedded", "--grpc-listen", ":81"}, "--allow-anonymous"},
      {{"--embedded", "--admin-listen", "10.0.0.1:81"}, "--allow-anonymous"},
      {{"--embedded", "--kafka-config", "ssl.ca.location"}, "NAME=VALUE"},
      {{"--embedded", "--log-level", "loud"}, "--log-level"},
      {{"--embedded", "--position-wait-ms", "-1"}, "--position-wait-ms"},
      {{"--embedded", "--kafka-config-file", "/does/not/exist"}, "cannot be read"},
      {{"--embedded", "--tls-cert", "c"}, "--tls-cert needs --tls-key"},
      {{"--embedded", "--tls-key", "k"}, "--tls-key needs --tls-cert"},
      {{"--embedded", "--tls-client-ca", "a"}, "protects nothing without --tls-cert"},
      {{"--embedded", "--http-connections-max", "0"}, "--http-connections-max"},
      {{"--embedded", "--http-connections-max", "5", "--http-connections-per-client", "6"},
       "is more than --http-connections-max 5"},
      {{"--embedded", "--drain-delay-ms", "-1"}, "--drain-delay-ms"},
      {{"--embedded", "--access-log", ""}, "--access-log"},
      {{"--embedded", "--cors-origin", "shop.example"}, "scheme://host"},
      {{"--embedded", "--cors-origin", "null"}, "scheme://host"},
      {{"--embedded", "--cors-origin", "https://"}, "a host and no path"},
      {{"--embedded", "--cors-origin", "https://shop.example/"}, "not even a final slash"},
      {{"--embedded", "--cors-origin", "https://*.shop.example"}, "there are no patterns"},
      {{"--embedded", "--cors-origin", "https://Shop.example"}, "in lower case"},
      {{"--embedded", "--cors-origin", "https://shop example"}, "punycode"},
      {{"--embedded", "--cors-origin", "https://shop.example:443"}, "own port"},
      {{"--embedded", "--cors-origin", "*", "--cors-origin", "https://a.example"}, "give it alone"},
  };
  for (const auto& refusal : refusals) {
    const auto parsed = Parse(refusal.arguments);
    ASSERT_TRUE(std::holds_alternative<ExitNow>(parsed)) << refusal.message;
    const auto& exit = std::get<ExitNow>(parsed);
    EXPECT_EQ(exit.code, 2) << refusal.message;
    EXPECT_THAT(exit.message, HasSubstr(refusal.message));
    EXPECT_THAT(exit.message, HasSubstr("--help"));
  }
}

TEST(ConfigTest, HelpAndVersionAreNoMistakes) {
  for (const char* flag : {"--help", "-h", "--version"}) {
    const auto parsed = Parse({flag});
    ASSERT_TRUE(std::holds_alternative<ExitNow>(parsed));
    EXPECT_EQ(std::get<ExitNow>(parsed).code, 0);
  }
  const auto help = std::get<ExitNow>(Parse({"--help"})).message;
  for (const char* text : {"--brokers", "TALLY_BROKERS", "--create-topics", "--instances"}) {
    EXPECT_THAT(help, HasSubstr(text));
  }
}

}  // namespace
}  // namespace tally
