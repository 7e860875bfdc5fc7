#include "bench/topics/topic_reader.h"

#include <chrono>
#include <stdexcept>

namespace tally::bench {
namespace {

constexpr int kBrokerTimeoutMs = 30'000;
constexpr int kPollMs = 100;
constexpr int kSilentPollsMax = 600;  // a minute

// What a message's topic is known by: its opaque points here.
constexpr Topic kOpaques[kTopics] = {Topic::kCreated, Topic::kRegistered, Topic::kDistributed};
constexpr const char* kSuffixes[kTopics] = {"event.created", "participant.registered",
                                            "distribution.completed"};

[[noreturn]] void Fail(const std::string& what, rd_kafka_resp_err_t error) {
  throw std::runtime_error(what + ": " + rd_kafka_err2str(error));
}

void Set(rd_kafka_conf_t* conf, const std::string& name, const std::string& value) {
  char why[512];
  if (rd_kafka_conf_set(conf, name.c_str(), value.c_str(), why, sizeof why) != RD_KAFKA_CONF_OK) {
    throw std::runtime_error(why);
  }
}

// A broker that has just been started does not lead its partitions at once.
rd_kafka_resp_err_t AskForEnds(rd_kafka_t* client, const std::string& topic, Log& log) {
  const auto deadline =
      std::chrono::steady_clock::now() + std::chrono::milliseconds(kBrokerTimeoutMs);
  while (true) {
    const auto error = rd_kafka_query_watermark_offsets(client, topic.c_str(), log.partition,
                                                        &log.begin, &log.end, kBrokerTimeoutMs);
    const bool may_pass = error == RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION ||
                          error == RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE;
    if (!may_pass || std::chrono::steady_clock::now() > deadline) return error;
    rd_kafka_poll(client, kPollMs);
  }
}

rd_kafka_conf_t* Configure(const ReadOptions& options) {
  rd_kafka_conf_t* conf = rd_kafka_conf_new();
  Set(conf, "bootstrap.servers", options.brokers);
  Set(conf, "check.crcs", options.check_crcs ? "true" : "false");
  Set(conf, "isolation.level", "read_committed");
  Set(conf, "enable.partition.eof", "true");
  Set(conf, "enable.auto.commit", "false");
  Set(conf, "enable.auto.offset.store", "false");
  Set(conf, "allow.auto.create.topics", "false");
  Set(conf, "fetch.wait.max.ms", "50");
  Set(conf, "fetch.message.max.bytes", std::to_string(int64_t{options.fetch_partition_kib} << 10));
  Set(conf, "fetch.max.bytes", std::to_string(int64_t{options.fetch_kib} << 10));
  Set(conf, "receive.message.max.bytes",
      std::to_string((int64_t{options.fetch_kib} << 10) + (int64_t{64} << 20)));
  Set(conf, "queued.min.messages", "10000000");
  Set(conf, "queued.max.messages.kbytes", std::to_string(options.queue_kib));
  for (const std::string& setting : options.settings) {
    const size_t equals = setting.find('=');
    if (equals == std::string::npos) throw std::runtime_error(setting + ": must be name=value");
    Set(conf, setting.substr(0, equals), setting.substr(equals + 1));
  }
  return conf;
}

}  // namespace

struct TopicReader::Reading {
  OnRecord on_record = nullptr;
  void* opaque = nullptr;
  size_t open = 0;  // logs that have not been read to their end
  rd_kafka_resp_err_t error = RD_KAFKA_RESP_ERR_NO_ERROR;
};

TopicReader::TopicReader(const ReadOptions& options) : options_(options) {
  char why[512];
  client_ = rd_kafka_new(RD_KAFKA_CONSUMER, Configure(options_), why, sizeof why);
  if (client_ == nullptr) throw std::runtime_error(why);
  for (int i = 0; i < kTopics; ++i) {
    rd_kafka_topic_conf_t* conf = rd_kafka_topic_conf_new();
    rd_kafka_topic_conf_set_opaque(conf, const_cast<Topic*>(&kOpaques[i]));
    const std::string name = options_.topic_prefix + kSuffixes[i];
    topics_[i] = rd_kafka_topic_new(client_, name.c_str(), conf);
    if (topics_[i] == nullptr) Fail(name, rd_kafka_last_error());
  }
}

TopicReader::~TopicReader() {
  for (const Log& log : started_) {
    rd_kafka_consume_stop(topics_[static_cast<int>(log.topic)], log.partition);
  }
  if (queue_ != nullptr) rd_kafka_queue_destroy(queue_);
  for (rd_kafka_topic_t* topic : topics_) {
    if (topic != nullptr) rd_kafka_topic_destroy(topic);
  }
  if (client_ != nullptr) rd_kafka_destroy(client_);
}

std::vector<Log> TopicReader::Logs(int share, int shares) {
  std::vector<Log> logs;
  for (int i = 0; i < kTopics; ++i) {
    const std::string name = rd_kafka_topic_name(topics_[i]);
    const rd_kafka_metadata_t* metadata = nullptr;
    auto error = rd_kafka_metadata(client_, 0, topics_[i], &metadata, kBrokerTimeoutMs);
    if (error != RD_KAFKA_RESP_ERR_NO_ERROR) Fail(name, error);
    error = metadata->topics[0].err;
    const int32_t partitions = metadata->topics[0].partition_cnt;
    rd_kafka_metadata_destroy(metadata);
    if (error != RD_KAFKA_RESP_ERR_NO_ERROR) Fail(name, error);
    for (int32_t partition = share; partition < partitions; partition += shares) {
      Log log{.topic = static_cast<Topic>(i), .partition = partition};
      error = AskForEnds(client_, name, log);
      if (error != RD_KAFKA_RESP_ERR_NO_ERROR) Fail(name, error);
      if (log.end > log.begin) logs.push_back(log);
    }
  }
  return logs;
}

void TopicReader::Take(rd_kafka_message_t* message, void* opaque) {
  auto& reading = *static_cast<Reading*>(opaque);
  if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR) {
    const auto* topic = static_cast<const Topic*>(rd_kafka_topic_opaque(message->rkt));
    reading.on_record(*topic, *message, reading.opaque);
  } else if (message->err == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
    --reading.open;
  } else {
    reading.error = message->err;
  }
}

void TopicReader::Read(const std::vector<Log>& logs, OnRecord on_record, void* opaque) {
  Reading reading{.on_record = on_record, .opaque = opaque, .open = logs.size()};
  queue_ = rd_kafka_queue_new(client_);
  started_ = logs;
  for (const Log& log : logs) {
    rd_kafka_consume_start_queue(topics_[static_cast<int>(log.topic)], log.partition,
                                 RD_KAFKA_OFFSET_BEGINNING, queue_);
  }
  std::vector<rd_kafka_message_t*> batch(static_cast<size_t>(options_.batch_records));
  int silent_polls = 0;
  while (reading.open > 0 && reading.error == RD_KAFKA_RESP_ERR_NO_ERROR) {
    ssize_t count = 0;
    if (options_.method == Method::kCallback) {
      count = rd_kafka_consume_callback_queue(queue_, kPollMs, &TopicReader::Take, &reading);
    } else {
      // With a timeout it would wait to fill the array.
      count = rd_kafka_consume_batch_queue(queue_, 0, batch.data(), batch.size());
      if (count == 0) {
        rd_kafka_message_t* one = rd_kafka_consume_queue(queue_, kPollMs);
        if (one != nullptr) batch[static_cast<size_t>(count++)] = one;
      }
      for (ssize_t i = 0; i < count; ++i) {
        Take(batch[static_cast<size_t>(i)], &reading);
        rd_kafka_message_destroy(batch[static_cast<size_t>(i)]);
      }
    }
    silent_polls = count > 0 ? 0 : silent_polls + 1;
    if (silent_polls > kSilentPollsMax) reading.error = RD_KAFKA_RESP_ERR__TIMED_OUT;
  }
  if (reading.error != RD_KAFKA_RESP_ERR_NO_ERROR) Fail("reading", reading.error);
}

}  // namespace tally::bench
