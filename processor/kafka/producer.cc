#include "processor/kafka/producer.h"

#include <algorithm>
#include <atomic>
#include <mutex>

#include "absl/strings/str_cat.h"
#include "processor/kafka/client.h"
#include "processor/kafka/produce.h"
#include "processor/steady_now.h"

namespace tally::kafka {
namespace {

constexpr int kSliceMs = 50;
// Beyond what brokers accept by default; they decide.
constexpr char kMessageBytesMax[] = "16777216";

Settings ProducerSettings(const ProducerOptions& options) {
  const size_t kbytes = std::clamp<size_t>(options.queue_bytes_max >> 10, 1, 2'147'483'647);
  Settings settings = {
      {"enable.idempotence", "true"},
      {"acks", "all"},
      {"partitioner", options.partitioner},
      {"linger.ms", absl::StrCat(std::max(TimeoutMs(options.linger), 0))},
      {"delivery.timeout.ms", absl::StrCat(std::max(TimeoutMs(options.delivery_timeout), 1))},
      {"compression.codec", options.compression},
      {"queue.buffering.max.messages", absl::StrCat(options.queue_records_max)},
      {"queue.buffering.max.kbytes", absl::StrCat(kbytes)},
      {"message.max.bytes", kMessageBytesMax},
  };
  if (!options.transactional_id.empty()) {
    settings.emplace_back("transactional.id", options.transactional_id);
    settings.emplace_back("transaction.timeout.ms",
                          absl::StrCat(std::max(TimeoutMs(options.delivery_timeout), 1'000)));
  }
  return settings;
}

absl::Status FromError(ErrorPtr error, std::string_view context) {
  if (error == nullptr) return absl::OkStatus();
  return ToStatus(rd_kafka_error_code(error.get()), context, rd_kafka_error_string(error.get()));
}

}  // namespace

class Producer::Impl {
 public:
  absl::Status Start(const ClientConfig& config, const ProducerOptions& options) {
    ClientConfig own = config;
    own.group_id.clear();
    delivery_timeout_ = options.delivery_timeout;
    auto client = Client::Create(
        RD_KAFKA_PRODUCER, own, ProducerSettings(options),
        {.statistics = nullptr, .delivery = &Impl::OnDelivery, .delivery_opaque = this});
    if (!client.ok()) return client.status();
    client_ = *std::move(client);
    return absl::OkStatus();
  }

  ~Impl() {
    if (client_ == nullptr) return;
    rd_kafka_purge(client_->get(), RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
    topics_.clear();
  }

  absl::Status Send(const ProducerRecord& record) {
    Outgoing outgoing{.topic = Topic(record.topic),
                      .partition = record.partition.value_or(RD_KAFKA_PARTITION_UA),
                      .key = record.key,
                      .value = record.value,
                      .timestamp_ms = record.timestamp_ms.value_or(0),
                      .headers = nullptr,
                      .opaque = nullptr};
    if (outgoing.topic == nullptr) {
      return ToStatus(rd_kafka_last_error(), absl::StrCat("topic ", std::string(record.topic)));
    }
    if (!record.headers.empty()) {
      outgoing.headers = NewHeaders(record.headers.size());
      for (const auto& [name, value] : record.headers) {
        AddHeader(outgoing.headers.get(), name, value);
      }
    }
    return Enqueue(outgoing);
  }

  absl::Status Flush(absl::Duration timeout) {
    const absl::Time deadline = SteadyNow() + timeout;
    while (acknowledged_ + failed_ < sent_) {
      const int left_ms = std::clamp(TimeoutMs(deadline - SteadyNow()), 1, kSliceMs);
      rd_kafka_flush(client_->get(), left_ms);
      if (SteadyNow() >= deadline && acknowledged_ + failed_ < sent_) {
        if (absl::Status status = client_->Connection(); !status.ok()) return status;
        return absl::DeadlineExceededError(
            absl::StrCat(sent_ - acknowledged_ - failed_, " records are not acknowledged in time"));
      }
    }
    std::lock_guard lock(mutex_);
    return failures_.empty() ? absl::OkStatus() : failures_.front().status;
  }

  absl::Status Connection() {
    client_->Poll(0);
    return client_->Connection();
  }

  rd_kafka_t* handle() { return client_->get(); }

  std::atomic<uint64_t> sent_ = 0;
  std::atomic<uint64_t> acknowledged_ = 0;
  std::atomic<uint64_t> failed_ = 0;
  mutable std::mutex mutex_;
  Positions positions_;                    // under mutex_
  std::vector<DeliveryFailure> failures_;  // under mutex_

 private:
  rd_kafka_topic_t* Topic(std::string_view name) {
    std::lock_guard lock(mutex_);
    const auto found = topics_.find(name);
    if (found != topics_.end()) return found->second.get();
    const std::string text(name);
    TopicPtr topic(rd_kafka_topic_new(client_->get(), text.c_str(), nullptr));
    if (topic == nullptr) return nullptr;
    return topics_.emplace(text, std::move(topic)).first->second.get();
  }

  absl::Status Enqueue(Outgoing& outgoing) {
    const absl::Time deadline = SteadyNow() + delivery_timeout_;
    const uint64_t sequence = sent_.fetch_add(1);
    outgoing.opaque = reinterpret_cast<void*>(static_cast<uintptr_t>(sequence));
    std::string reason;
    client_->Poll(0);
    rd_kafka_resp_err_t error = Produce(client_->get(), outgoing, reason);
    while (error == RD_KAFKA_RESP_ERR__QUEUE_FULL && SteadyNow() < deadline) {
      client_->Poll(kSliceMs);
      error = Produce(client_->get(), outgoing, reason);
    }
    if (error == RD_KAFKA_RESP_ERR_NO_ERROR) return absl::OkStatus();
    ++failed_;
    if (error == RD_KAFKA_RESP_ERR__QUEUE_FULL) {
      if (absl::Status status = client_->Connection(); !status.ok()) return status;
      return absl::UnavailableError("the brokers do not keep up: the send queue stays full");
    }
    return ToStatus(error, absl::StrCat("send to ", rd_kafka_topic_name(outgoing.topic)), reason);
  }

  static void OnDelivery(rd_kafka_t*, const rd_kafka_message_t* message, void* opaque) {
    static_cast<Impl*>(Client::DeliveryOpaque(opaque))->Settle(*message);
  }

  void Settle(const rd_kafka_message_t& message) {
    const char* topic = rd_kafka_topic_name(message.rkt);
    std::lock_guard lock(mutex_);
    if (message.err == RD_KAFKA_RESP_ERR_NO_ERROR) {
      int64_t& position = positions_[{topic, message.partition}];
      position = std::max(position, message.offset + 1);
      ++acknowledged_;
      return;
    }
    ++failed_;
    if (failures_.size() >= kFailuresKeptMax) return;
    failures_.push_back({.sequence = reinterpret_cast<uintptr_t>(message._private),
                         .topic = topic,
                         .status = ToStatus(message.err, absl::StrCat("send to ", topic))});
  }

  absl::Duration delivery_timeout_;
  std::unique_ptr<Client> client_;
  std::map<std::string, TopicPtr, std::less<>> topics_;  // under mutex_
};

Producer::Producer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Producer::~Producer() = default;

absl::StatusOr<std::unique_ptr<Producer>> Producer::Create(const ClientConfig& config,
                                                           const ProducerOptions& options) {
  auto impl = std::make_unique<Impl>();
  if (absl::Status status = impl->Start(config, options); !status.ok()) return status;
  return std::unique_ptr<Producer>(new Producer(std::move(impl)));
}

absl::Status Producer::Send(const ProducerRecord& record) { return impl_->Send(record); }
absl::Status Producer::Flush(absl::Duration timeout) { return impl_->Flush(timeout); }
uint64_t Producer::sent() const { return impl_->sent_; }
uint64_t Producer::acknowledged() const { return impl_->acknowledged_; }
uint64_t Producer::failed() const { return impl_->failed_; }
absl::Status Producer::Connection() { return impl_->Connection(); }

Producer::Positions Producer::positions() const {
  std::lock_guard lock(impl_->mutex_);
  return impl_->positions_;
}

std::vector<DeliveryFailure> Producer::failures() const {
  std::lock_guard lock(impl_->mutex_);
  return impl_->failures_;
}

absl::Status Producer::InitTransactions(absl::Duration timeout) {
  return FromError(ErrorPtr(rd_kafka_init_transactions(impl_->handle(), TimeoutMs(timeout))),
                   "init transactions");
}

absl::Status Producer::BeginTransaction() {
  return FromError(ErrorPtr(rd_kafka_begin_transaction(impl_->handle())), "begin transaction");
}

absl::Status Producer::CommitTransaction(absl::Duration timeout) {
  return FromError(ErrorPtr(rd_kafka_commit_transaction(impl_->handle(), TimeoutMs(timeout))),
                   "commit transaction");
}

absl::Status Producer::AbortTransaction(absl::Duration timeout) {
  return FromError(ErrorPtr(rd_kafka_abort_transaction(impl_->handle(), TimeoutMs(timeout))),
                   "abort transaction");
}

}  // namespace tally::kafka
