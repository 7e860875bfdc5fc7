// tally_bench_ceiling: reads all records of the topics with bare librdkafka and counts them and
// their bytes. Nothing that reads the same topics through librdkafka can be faster.
//
// Standard output: {"phase":"ready"}, then {"phase":"done","records":N,…}.
#include <CLI/CLI.hpp>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <exception>
#include <memory>
#include <thread>

#include "bench/topics/topic_reader.h"

namespace tally::bench {
namespace {

struct Options {
  ReadOptions read;
  int clients = 2;
  std::string method = "callback";
};

struct alignas(64) Count {
  int64_t records = 0;
  int64_t bytes = 0;
};

void CountOne(Topic, const rd_kafka_message_t& message, void* opaque) {
  auto& count = *static_cast<Count*>(opaque);
  ++count.records;
  count.bytes += static_cast<int64_t>(message.key_len + message.len);
}

// Each client reads its share of the partitions on a thread of its own; librdkafka adds one thread
// per client that fetches and parses.
class Ceiling {
 public:
  explicit Ceiling(const Options& options) {
    for (int i = 0; i < options.clients; ++i) {
      readers_.push_back(std::make_unique<TopicReader>(options.read));
      logs_.push_back(readers_.back()->Logs(i, options.clients));
    }
    counts_.resize(readers_.size());
    errors_.resize(readers_.size());
  }

  void Run() {
    std::vector<std::thread> threads;
    for (size_t i = 0; i < readers_.size(); ++i) {
      threads.emplace_back([this, i] { RunOne(i); });
    }
    for (std::thread& thread : threads) thread.join();
    for (const std::exception_ptr& error : errors_) {
      if (error != nullptr) std::rethrow_exception(error);
    }
  }

  Count Sum() const {
    Count sum;
    for (const Count& count : counts_) {
      sum.records += count.records;
      sum.bytes += count.bytes;
    }
    return sum;
  }

 private:
  void RunOne(size_t i) {
    try {
      readers_[i]->Read(logs_[i], CountOne, &counts_[i]);
    } catch (...) {
      errors_[i] = std::current_exception();
    }
  }

  std::vector<std::unique_ptr<TopicReader>> readers_;
  std::vector<std::vector<Log>> logs_;
  std::vector<Count> counts_;
  std::vector<std::exception_ptr> errors_;
};

void Run(const Options& options) {
  Ceiling ceiling(options);
  std::puts(R"({"phase":"ready"})");
  std::fflush(stdout);
  const auto start = std::chrono::steady_clock::now();
  ceiling.Run();
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
  const Count sum = ceiling.Sum();
  std::printf(
      R"({"phase":"done","records":%lld,"seconds":%.6f,"bytes":%lld,"version":"librdkafka %s"})"
      "\n",
      static_cast<long long>(sum.records), took.count(), static_cast<long long>(sum.bytes),
      rd_kafka_version_str());
  std::fflush(stdout);
}

}  // namespace
}  // namespace tally::bench

int main(int argc, char** argv) {
  using tally::bench::Method;
  tally::bench::Options options;
  CLI::App app("Reads the topics as fast as librdkafka can, counting only.");
  const auto add = [&app](const char* name, auto& value, const char* help) {
    return app.add_option(name, value, help)->capture_default_str();
  };
  add("--brokers", options.read.brokers, "host:port")->required();
  add("--topic-prefix", options.read.topic_prefix, "of the three topics")->required();
  add("--threads", options.clients, "clients, each with a thread that reads and one that fetches")
      ->check(CLI::Range(1, 64));
  add("--method", options.method,
      "batch (consume_batch_queue) or callback (consume_callback_queue)")
      ->check(CLI::IsMember({"batch", "callback"}));
  add("--check-crcs", options.read.check_crcs, "verify the checksums of what is fetched");
  add("--batch-records", options.read.batch_records, "taken at once with --method batch");
  add("--fetch-partition-kib", options.read.fetch_partition_kib, "in one answer, of one partition");
  add("--fetch-kib", options.read.fetch_kib, "in one answer of the broker");
  add("--queue-kib", options.read.queue_kib, "waiting for the reader, of one partition");
  app.add_option("--set", options.read.settings, "one more setting of librdkafka, name=value");
  CLI11_PARSE(app, argc, argv);
  options.read.method = options.method == "batch" ? Method::kBatch : Method::kCallback;
  try {
    tally::bench::Run(options);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "tally_bench_ceiling: %s\n", error.what());
    return 1;
  }
}
