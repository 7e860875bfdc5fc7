#include "bench/live/live_producer.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"

namespace tally::bench {
namespace {

constexpr int kPollMs = 100;
constexpr int kFlushMs = 30'000;
// Records due within one of these are sent together: a timer for each record would cost more than
// the record.
constexpr std::chrono::milliseconds kTick{1};

}  // namespace

struct LiveProducer::Followed {
  std::string event_id;
  Clock::time_point produced;
};

LiveProducer::LiveProducer(ProducerOptions options, std::function<void(Delivered)> on_delivered)
    : options_(std::move(options)), on_delivered_(std::move(on_delivered)), load_(options_.load) {}

LiveProducer::~LiveProducer() {
  stop_ = true;
  if (poller_.joinable()) poller_.join();
  if (handle_ == nullptr) return;
  rd_kafka_purge(handle_, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
  rd_kafka_poll(handle_, 0);
  rd_kafka_destroy(handle_);
}

absl::Status LiveProducer::Connect() {
  rd_kafka_conf_t* conf = rd_kafka_conf_new();
  char error[512] = "";
  const std::pair<const char*, std::string> settings[] = {
      {"bootstrap.servers", options_.brokers},
      {"client.id", "tally_bench_live"},
      {"partitioner", "murmur2_random"},
      {"enable.idempotence", "true"},
      {"linger.ms", absl::StrCat(options_.linger_ms)},
      {"socket.nagle.disable", "true"},
  };
  for (const auto& [name, value] : settings) {
    if (rd_kafka_conf_set(conf, name, value.c_str(), error, sizeof error) != RD_KAFKA_CONF_OK) {
      rd_kafka_conf_destroy(conf);
      return absl::InvalidArgumentError(error);
    }
  }
  rd_kafka_conf_set_opaque(conf, this);
  rd_kafka_conf_set_dr_msg_cb(conf, &LiveProducer::OnDelivery);
  handle_ = rd_kafka_new(RD_KAFKA_PRODUCER, conf, error, sizeof error);
  if (handle_ == nullptr) {
    rd_kafka_conf_destroy(conf);
    return absl::InternalError(error);
  }
  poller_ = std::thread([this] {
    while (!stop_) rd_kafka_poll(handle_, kPollMs);
  });
  return absl::OkStatus();
}

void LiveProducer::OnDelivery(rd_kafka_t*, const rd_kafka_message_t* message, void* opaque) {
  auto& self = *static_cast<LiveProducer*>(opaque);
  const std::unique_ptr<Followed> followed(static_cast<Followed*>(message->_private));
  if (message->err != RD_KAFKA_RESP_ERR_NO_ERROR) {
    self.lost_ = message->err;
    return;
  }
  if (followed == nullptr) return;
  self.on_delivered_({.event_id = std::move(followed->event_id),
                      .topic = rd_kafka_topic_name(message->rkt),
                      .partition = message->partition,
                      .offset = message->offset,
                      .produced = followed->produced,
                      .delivered = Clock::now()});
}

absl::Status LiveProducer::Produce(bool follow) {
  auto followed =
      follow ? std::make_unique<Followed>(Followed{*record_.key, Clock::now()}) : nullptr;
  const auto& [header, header_value] = record_.headers.front();
  for (;;) {
    const auto error = rd_kafka_producev(
        handle_, RD_KAFKA_V_TOPIC(record_.topic.c_str()), RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY),
        RD_KAFKA_V_KEY(record_.key->data(), record_.key->size()),
        RD_KAFKA_V_VALUE(record_.value->data(), record_.value->size()),
        RD_KAFKA_V_TIMESTAMP(record_.timestamp_ms),
        RD_KAFKA_V_HEADER(header.c_str(), header_value->data(),
                          static_cast<ssize_t>(header_value->size())),
        RD_KAFKA_V_OPAQUE(followed.get()), RD_KAFKA_V_END);
    if (error == RD_KAFKA_RESP_ERR_NO_ERROR) break;
    if (error != RD_KAFKA_RESP_ERR__QUEUE_FULL) {
      return absl::InternalError(rd_kafka_err2str(error));
    }
    if (auto status = Flush(); !status.ok()) return status;
  }
  static_cast<void>(followed.release());  // OnDelivery's now
  return Lost();
}

absl::Status LiveProducer::SendEvents() {
  const int64_t events = options_.load.events;
  for (int64_t i = 0; i < events && load_.Next(&record_); ++i) {
    if (auto status = Produce(false); !status.ok()) return status;
  }
  return Flush();
}

absl::Status LiveProducer::SendLive(std::chrono::duration<double> time, bool following) {
  const auto begin = Clock::now();
  const auto end = begin + std::chrono::duration_cast<Clock::duration>(time);
  int64_t sent = 0;
  latest_ms_ = 0;
  for (auto tick = begin; tick < end; tick += kTick) {
    std::this_thread::sleep_until(tick);
    const std::chrono::duration<double> passed = tick - begin;
    const auto due = static_cast<int64_t>(passed.count() * options_.records_per_second);
    const std::chrono::duration<double, std::milli> late = Clock::now() - tick;
    latest_ms_ = std::max(latest_ms_, late.count());
    for (; sent < due; ++sent) {
      if (!load_.Next(&record_)) return absl::OutOfRangeError("the load has too few participants");
      const bool follow = following && sent % options_.follow_every == 0;
      if (auto status = Produce(follow); !status.ok()) return status;
    }
  }
  reached_ =
      static_cast<double>(sent) / std::chrono::duration<double>(Clock::now() - begin).count();
  return absl::OkStatus();
}

absl::Status LiveProducer::Flush() {
  if (const auto error = rd_kafka_flush(handle_, kFlushMs); error != RD_KAFKA_RESP_ERR_NO_ERROR) {
    return absl::DeadlineExceededError(rd_kafka_err2str(error));
  }
  return Lost();
}

absl::Status LiveProducer::Lost() const {
  const auto error = static_cast<rd_kafka_resp_err_t>(lost_.load());
  if (error == RD_KAFKA_RESP_ERR_NO_ERROR) return absl::OkStatus();
  return absl::InternalError(absl::StrCat("a record was lost: ", rd_kafka_err2str(error)));
}

}  // namespace tally::bench
