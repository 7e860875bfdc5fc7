// tally_bench_live: asks a running tallyd while it works. `latency` sends a steady load and
// measures how soon it shows; `reads` reads dashboards at a steady rate, while tallyd replays.
#include <CLI/CLI.hpp>
#include <boost/asio/ip/address.hpp>
#include <cstdio>
#include <fstream>
#include <string>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/time/clock.h"
#include "bench/live/latency.h"
#include "bench/live/output.h"
#include "bench/live/reads.h"

namespace tally::bench {
namespace {

using Endpoint = boost::asio::ip::tcp::endpoint;

// Room for what the load needs beyond its rate times its time.
constexpr double kParticipantsFactor = 1.2;

struct Options {
  std::string server;
  std::string admin;
  std::string json;
  LatencyOptions latency;
  ReadOptions reads;
};

int Fail(const std::string& why) {
  std::fprintf(stderr, "tally_bench_live: %s\n", why.c_str());
  return 1;
}

// "127.0.0.1:8080"
bool ParseEndpoint(const std::string& text, Endpoint* endpoint) {
  const size_t colon = text.rfind(':');
  int port = 0;
  if (colon == text.npos || !absl::SimpleAtoi(text.substr(colon + 1), &port)) return false;
  boost::system::error_code error;
  const auto address = boost::asio::ip::make_address(text.substr(0, colon), error);
  if (error || port < 1 || port > 65535) return false;
  *endpoint = Endpoint(address, static_cast<uint16_t>(port));
  return true;
}

bool SetEndpoints(const Options& options, Endpoint* server, Endpoint* admin) {
  return ParseEndpoint(options.server, server) &&
         ParseEndpoint(options.admin.empty() ? options.server : options.admin, admin);
}

template <typename WriteFields>
int WriteJson(const std::string& path, WriteFields write) {
  if (path.empty()) return 0;
  rapidjson::StringBuffer buffer;
  JsonWriter json(buffer);
  json.SetMaxDecimalPlaces(3);
  json.StartObject();
  write(json);
  json.EndObject();
  std::ofstream file(path);
  file << buffer.GetString() << '\n';
  return file.flush() ? 0 : Fail("cannot write " + path);
}

int RunLatency(Options options) {
  LatencyOptions& latency = options.latency;
  if (!SetEndpoints(options, &latency.server, &latency.admin)) return Fail("--server: HOST:PORT");
  auto& load = latency.producer.load;
  const double seconds = latency.warm_up_seconds + latency.seconds;
  load.participants =
      static_cast<int64_t>(latency.producer.records_per_second * seconds * kParticipantsFactor);
  // Registrations of now: the load's first is at the first second of the run.
  load.start = absl::ToUnixMillis(absl::Now());
  load.span = static_cast<int64_t>(seconds * kParticipantsFactor * 1000);

  const auto result = MeasureLatency(latency);
  if (!result.ok()) return Fail(result.status().ToString());
  std::fputs(absl::StrFormat("live: %.0f records/s for %.0f s, linger.ms %d, %d shards\n",
                             result->records_per_second, latency.seconds,
                             latency.producer.linger_ms, result->shards)
                 .c_str(),
             stdout);
  std::fputs(Line("produced to answered", result->produce_to_answer_ms).c_str(), stdout);
  std::fputs(Line("produced to acknowledged", result->produce_to_ack_ms).c_str(), stdout);
  std::fputs(Line("acknowledged to answered", result->ack_to_answer_ms).c_str(), stdout);
  std::fputs(Line("read without a position", result->plain_read_ms).c_str(), stdout);
  std::fputs(absl::StrFormat("  checkpoints: %.2f a second and shard, %.1f ms each on average; "
                             "asked again %d, failed %d, produced late at most %.1f ms\n",
                             result->checkpoints_per_second, result->checkpoint_mean_ms,
                             result->asked_again, result->failed, result->produced_late_max_ms)
                 .c_str(),
             stdout);
  const int written = WriteJson(options.json, [&](JsonWriter& json) {
    WriteNumber("records_per_second", result->records_per_second, json);
    WriteNumber("seconds", latency.seconds, json);
    WriteNumber("linger_ms", latency.producer.linger_ms, json);
    WriteMilliseconds("produce_to_answer_ms", result->produce_to_answer_ms, json);
    WriteMilliseconds("produce_to_ack_ms", result->produce_to_ack_ms, json);
    WriteMilliseconds("ack_to_answer_ms", result->ack_to_answer_ms, json);
    WriteMilliseconds("plain_read_ms", result->plain_read_ms, json);
    WriteNumber("shards", result->shards, json);
    WriteNumber("checkpoints_per_second_and_shard", result->checkpoints_per_second, json);
    WriteNumber("checkpoint_mean_ms", result->checkpoint_mean_ms, json);
    WriteNumber("asked_again", static_cast<double>(result->asked_again), json);
    WriteNumber("failed", static_cast<double>(result->failed), json);
    WriteNumber("produced_late_max_ms", result->produced_late_max_ms, json);
  });
  if (result->failed > 0) return Fail(absl::StrCat(result->failed, " records were never answered"));
  return written;
}

int RunReads(Options options) {
  ReadOptions& reads = options.reads;
  if (!SetEndpoints(options, &reads.server, &reads.admin)) return Fail("--server: HOST:PORT");
  const ReadResult result = MeasureReads(reads);
  int64_t refused = 0;
  for (const auto& [status, count] : result.other) refused += count;
  std::fputs(absl::StrFormat("reads: %.0f requests/s for %.1f s%s\n", reads.requests_per_second,
                             result.seconds, result.ready ? ", until ready" : "")
                 .c_str(),
             stdout);
  std::fputs(Line("event dashboard", result.answered_ms).c_str(), stdout);
  std::fputs(Line("of it: asked late", result.asked_late_ms).c_str(), stdout);
  for (const auto& [status, count] : result.other) {
    std::fputs(absl::StrFormat("  status %d: %d\n", status, count).c_str(), stdout);
  }
  if (refused > 0) {
    std::fputs(
        absl::StrFormat("  the last of these after %.2f s\n", result.other_until_seconds).c_str(),
        stdout);
  }
  return WriteJson(options.json, [&](JsonWriter& json) {
    WriteNumber("requests_per_second", reads.requests_per_second, json);
    WriteNumber("seconds", result.seconds, json);
    json.Key("ready");
    json.Bool(result.ready);
    WriteMilliseconds("dashboard_ms", result.answered_ms, json);
    WriteMilliseconds("asked_late_ms", result.asked_late_ms, json);
    WriteNumber("not_200", static_cast<double>(refused), json);
    WriteNumber("not_200_until_seconds", result.other_until_seconds, json);
  });
}

template <typename Value>
void Add(CLI::App* app, const char* name, Value& value, const char* help) {
  app->add_option(name, value, help)->capture_default_str();
}

void AddServer(CLI::App* app, Options& options) {
  app->add_option("--server", options.server, "tallyd's HTTP address, IP:PORT")->required();
  app->add_option("--admin", options.admin, "address of probes and metrics, if it is another one");
  app->add_option("--json", options.json, "also write the numbers to this file");
}

void AddLatency(CLI::App* app, Options& options) {
  LatencyOptions& latency = options.latency;
  ProducerOptions& producer = latency.producer;
  producer.load.events = 1'000;
  producer.load.distributions = 0;
  producer.load.skew = 1;
  producer.records_per_second = 20'000;
  producer.linger_ms = 1;
  producer.follow_every = 80;
  AddServer(app, options);
  app->add_option("--brokers", producer.brokers, "where tallyd reads")->required();
  app->add_option("--topic-prefix", producer.load.topic_prefix, "what tallyd reads")->required();
  Add(app, "--seed", producer.load.seed, "seed; another one for each run on the same topics");
  Add(app, "--events", producer.load.events, "events that the participants take part in");
  Add(app, "--skew", producer.load.skew, "Zipf exponent of participants over events");
  Add(app, "--rate", producer.records_per_second, "records a second");
  Add(app, "--linger-ms", producer.linger_ms, "the producer's linger.ms");
  Add(app, "--follow-every", producer.follow_every, "every so many records one is asked for");
  Add(app, "--warm-up", latency.warm_up_seconds, "seconds before anything is measured");
  Add(app, "--seconds", latency.seconds, "seconds measured");
  Add(app, "--plain-reads", latency.plain_reads_per_second,
      "reads a second without a position, to compare with");
  app->add_option("--trace", latency.trace,
                  "a line per followed record: produced at (ms), to acknowledged, to answered, "
                  "partition");
}

void AddReads(CLI::App* app, Options& options) {
  ReadOptions& reads = options.reads;
  AddServer(app, options);
  Add(app, "--seed", reads.seed, "seed of the load that is replayed");
  Add(app, "--events", reads.events, "events of the load");
  Add(app, "--rate", reads.requests_per_second, "requests a second");
  Add(app, "--seconds-max", reads.seconds_max, "longest time");
  app->add_flag("!--whole-time", reads.until_ready, "go on when tallyd is ready");
}

}  // namespace
}  // namespace tally::bench

int main(int argc, char** argv) {
  tally::bench::Options options;
  CLI::App app("Asks a running tallyd while it works.");
  app.require_subcommand(1);
  auto* latency = app.add_subcommand("latency", "produce at a steady rate, see when it shows");
  auto* reads = app.add_subcommand("reads", "read dashboards at a steady rate");
  tally::bench::AddLatency(latency, options);
  tally::bench::AddReads(reads, options);
  CLI11_PARSE(app, argc, argv);
  return latency->parsed() ? tally::bench::RunLatency(options) : tally::bench::RunReads(options);
}
