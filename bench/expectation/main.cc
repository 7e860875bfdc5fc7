// tally_bench_expectation: reads the topics once and writes what every contestant must have counted
// at the end, one line of JSON per event (see bench/README.md). Also prints, as one JSON object,
// how much there was to read.
#include <CLI/CLI.hpp>
#include <chrono>
#include <cstdio>
#include <exception>
#include <fstream>
#include <memory>
#include <stdexcept>
#include <thread>

#include "bench/expectation/model.h"
#include "bench/topics/topic_reader.h"

namespace tally::bench {
namespace {

struct Options {
  ReadOptions read;
  int threads = 2;
  std::string answers;
};

// Some of the partitions: a connection, a model, a thread.
class Share {
 public:
  Share(const ReadOptions& options, int share, int shares)
      : reader_(options), logs_(reader_.Logs(share, shares)), model_(Registrations()) {}

  void Start() {
    thread_ = std::thread([this] {
      try {
        reader_.Read(logs_, OnRecord, this);
      } catch (...) {
        error_ = std::current_exception();
      }
    });
  }
  void Join() {
    thread_.join();
    if (error_ != nullptr) std::rethrow_exception(error_);
  }

  const Model& model() const { return model_; }
  int64_t records(int topic) const { return records_[topic]; }
  int64_t bytes() const { return bytes_; }

 private:
  size_t Registrations() const {
    int64_t sum = 0;
    for (const Log& log : logs_) {
      if (log.topic == Topic::kRegistered) sum += log.end - log.begin;
    }
    return static_cast<size_t>(sum);
  }

  static void OnRecord(Topic topic, const rd_kafka_message_t& message, void* opaque) {
    static_cast<Share*>(opaque)->Take(topic, message);
  }

  void Take(Topic topic, const rd_kafka_message_t& message) {
    const std::string_view value(static_cast<const char*>(message.payload), message.len);
    ++records_[static_cast<int>(topic)];
    bytes_ += static_cast<int64_t>(message.key_len + message.len);
    switch (topic) {
      case Topic::kCreated:
        model_.Created(decode_.CreatedEventId(value));
        break;
      case Topic::kRegistered:
        decode_.Read(value, registered_);
        model_.Apply(registered_);
        break;
      case Topic::kDistributed:
        decode_.Read(value, distributed_);
        model_.Apply(distributed_);
        break;
    }
  }

  TopicReader reader_;
  const std::vector<Log> logs_;
  Model model_;
  RecordReader decode_;
  Registered registered_;
  Distributed distributed_;
  int64_t records_[kTopics] = {};
  int64_t bytes_ = 0;
  std::thread thread_;
  std::exception_ptr error_;
};

void WriteAnswers(const std::map<std::string, std::string>& lines, const std::string& path) {
  std::ofstream file(path, std::ios::binary | std::ios::trunc);
  for (const auto& [event_id, line] : lines) file << line;
  if (!file.flush()) throw std::runtime_error("cannot write " + path);
}

void Run(const Options& options) {
  const auto start = std::chrono::steady_clock::now();
  std::vector<std::unique_ptr<Share>> shares;
  for (int i = 0; i < options.threads; ++i) {
    shares.push_back(std::make_unique<Share>(options.read, i, options.threads));
  }
  for (const auto& share : shares) share->Start();
  std::exception_ptr failed;
  for (const auto& share : shares) {
    try {
      share->Join();
    } catch (...) {
      failed = std::current_exception();
    }
  }
  if (failed != nullptr) std::rethrow_exception(failed);

  std::map<std::string, std::string> lines;
  int64_t records[kTopics] = {};
  int64_t bytes = 0;
  size_t events = 0;
  size_t participants = 0;
  for (const auto& share : shares) {
    share->model().AppendLines(lines);
    for (int topic = 0; topic < kTopics; ++topic) records[topic] += share->records(topic);
    bytes += share->bytes();
    events += share->model().events();
    participants += share->model().participants();
  }
  WriteAnswers(lines, options.answers);
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
  std::printf(R"({"records":%lld,"created":%lld,"registered":%lld,"distributed":%lld,"bytes":%lld,)"
              R"("events":%zu,"answers":%zu,"participants":%zu,"seconds":%.3f})"
              "\n",
              static_cast<long long>(records[0] + records[1] + records[2]),
              static_cast<long long>(records[0]), static_cast<long long>(records[1]),
              static_cast<long long>(records[2]), static_cast<long long>(bytes), events,
              lines.size(), participants, took.count());
}

}  // namespace
}  // namespace tally::bench

int main(int argc, char** argv) {
  tally::bench::Options options;
  CLI::App app("Writes what every contestant must have counted at the end of the topics.");
  app.add_option("--brokers", options.read.brokers, "host:port")->required();
  app.add_option("--topic-prefix", options.read.topic_prefix, "of the three topics")->required();
  app.add_option("--answers", options.answers, "file to write")->required();
  app.add_option("--threads", options.threads, "that share the partitions")
      ->check(CLI::Range(1, 64))
      ->capture_default_str();
  CLI11_PARSE(app, argc, argv);
  try {
    tally::bench::Run(options);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "tally_bench_expectation: %s\n", error.what());
    return 1;
  }
}
