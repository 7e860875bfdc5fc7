#include "processor/kafka/kafka_dead_letters.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <array>
#include <condition_variable>
#include <map>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "processor/kafka/client.h"
#include "processor/kafka/letter.h"
#include "processor/kafka/letter_queue.h"
#include "processor/kafka/produce.h"
#include "processor/kafka/running_clock.h"
#include "processor/steady_now.h"

namespace tally::kafka {
namespace {

constexpr auto kIdleWait = std::chrono::milliseconds(200);
constexpr auto kBusyWait = std::chrono::milliseconds(5);
constexpr absl::Duration kDrainTimeout = absl::Seconds(2);
constexpr absl::Duration kSessionBackoff = absl::Milliseconds(200);
constexpr size_t kProtocolMarginBytes = size_t{64} << 10;

// Small batches: a broker with a low limit judges a batch as a whole, and only big letters, which
// travel alone, can be cut for it.
Settings DeadLetterSettings(const DeadLetterOptions& options) {
  return {
      {"enable.idempotence", "true"},
      {"enable.gapless.guarantee", "true"},
      {"acks", "all"},
      {"linger.ms", "2"},
      {"batch.size", "16384"},
      {"compression.codec", "none"},
      // The sink has its own deadline, after which nothing of the partition is sent any more.
      {"message.timeout.ms", "0"},
      {"message.max.bytes", absl::StrCat(options.message_bytes_max + kProtocolMarginBytes)},
      {"queue.buffering.max.messages", absl::StrCat(options.queue_letters_max + 1)},
      {"queue.buffering.max.kbytes",
       absl::StrCat(((options.queue_bytes_max + options.message_bytes_max) >> 10) * 2)},
  };
}

// Failed only because the session ended or the broker was away: worth another session.
bool IsCollateral(rd_kafka_resp_err_t error) {
  switch (error) {
    case RD_KAFKA_RESP_ERR__PURGE_QUEUE:
    case RD_KAFKA_RESP_ERR__PURGE_INFLIGHT:
    case RD_KAFKA_RESP_ERR__FATAL:
    case RD_KAFKA_RESP_ERR__GAPLESS_GUARANTEE:
    case RD_KAFKA_RESP_ERR__STATE:
    case RD_KAFKA_RESP_ERR_OUT_OF_ORDER_SEQUENCE_NUMBER:
    case RD_KAFKA_RESP_ERR_UNKNOWN_PRODUCER_ID:
    case RD_KAFKA_RESP_ERR_INVALID_PRODUCER_EPOCH:
    case RD_KAFKA_RESP_ERR_INVALID_PRODUCER_ID_MAPPING:
      return true;
    default:
      return IsTransient(error);
  }
}

absl::Status FailureOf(const PendingLetter& letter, rd_kafka_resp_err_t error) {
  const std::string place = absl::StrCat(letter.letter.topic, "/", letter.letter.partition);
  const absl::Status status =
      ToStatus(error, absl::StrCat("dead letter cannot be written to ", place));
  const char* remedy = "";
  if (absl::IsNotFound(status)) {
    remedy =
        ". Create the topic with as many partitions as its input topic (`tally topics create`)";
  } else if (absl::IsPermissionDenied(status)) {
    remedy = ". Grant this client Write on the topic and IdempotentWrite on the cluster";
  }
  return absl::Status(status.code(),
                      absl::StrCat(std::string(status.message()), std::string(remedy)));
}

}  // namespace

std::string DeadLetterTopic(const std::string& topic) { return absl::StrCat(topic, ".dlq"); }

class KafkaDeadLetters::Impl {
 public:
  Impl(ClientConfig config, DeadLetterOptions options)
      : config_(std::move(config)),
        options_(std::move(options)),
        queue_(options_.queue_letters_max, options_.queue_bytes_max),
        clock_(options_.now()),
        letter_bytes_max_(options_.message_bytes_max) {
    config_.group_id.clear();
    for (int i = 0; i < domain::kTopicCount; ++i) {
      const std::string_view suffix = domain::TopicSuffix(static_cast<domain::Topic>(i));
      topic_names_[i] = absl::StrCat(options_.topic_prefix, std::string(suffix));
    }
  }

  ~Impl() {
    {
      std::lock_guard lock(mutex_);
      stopping_ = true;
    }
    wake_.notify_all();
    if (thread_.joinable()) thread_.join();
    EndSession();
    Settle(queue_.FailAll(absl::CancelledError("dead letters: shutting down")));
  }

  absl::Status Start() {
    if (absl::Status status = BeginSession(); !status.ok()) return status;
    thread_ = std::thread([this] { Run(); });
    return absl::OkStatus();
  }

  bool Write(const domain::Record& record, const domain::Rejection& rejection, Done done) {
    Letter letter = MakeLetter(record, topic_names_[domain::Index(record.topic)], rejection);
    {
      std::lock_guard lock(mutex_);
      if (stopping_) return false;
      CutToFit(letter, letter_bytes_max_);
      if (!queue_.Push(std::move(letter), std::move(done),
                       clock_.now() + options_.delivery_timeout)) {
        return false;
      }
    }
    wake_.notify_all();
    return true;
  }

 private:
  struct Result {
    PendingLetter* letter = nullptr;
    rd_kafka_resp_err_t error = RD_KAFKA_RESP_ERR_NO_ERROR;
  };

  // A session is one producer. It ends with the first letter that fails, so that nothing behind
  // that letter reaches the log without it; the next one starts with the oldest open letter.
  absl::Status BeginSession() {
    auto client = Client::Create(
        RD_KAFKA_PRODUCER, config_, DeadLetterSettings(options_),
        {.statistics = nullptr, .delivery = &Impl::OnDelivery, .delivery_opaque = this});
    if (!client.ok()) return client.status();
    client_ = *std::move(client);
    return absl::OkStatus();
  }

  // What the broker has acknowledged by then still counts.
  void EndSession() {
    if (client_ == nullptr) return;
    rd_kafka_purge(client_->get(), RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
    const absl::Time deadline = SteadyNow() + kDrainTimeout;
    while (rd_kafka_outq_len(client_->get()) > 0 && SteadyNow() < deadline) client_->Poll(10);
    topics_.clear();
    client_.reset();
  }

  void Run() {
    while (true) {
      std::vector<PendingLetter*> sendable;
      {
        std::unique_lock lock(mutex_);
        wake_.wait_for(lock, queue_.empty() ? kIdleWait : kBusyWait);
        if (stopping_) return;
        if (client_ != nullptr) sendable = queue_.Sendable();
      }
      if (client_ == nullptr && SteadyNow() >= session_not_before_ && !BeginSession().ok()) {
        session_not_before_ = SteadyNow() + kSessionBackoff;
      }
      for (PendingLetter* letter : sendable) {
        if (!Send(letter)) break;
      }
      if (client_ != nullptr) client_->Poll(0);
      HandleResults();
      HandleLate();
    }
  }

  bool Send(PendingLetter* pending) {
    const Letter& letter = pending->letter;
    Outgoing outgoing{
        .topic = Topic(letter.topic),
        .partition = letter.partition,
        .key = letter.key,
        .value = letter.value,
        .timestamp_ms = std::max<int64_t>(letter.timestamp_ms, 0),
        .headers = NewHeaders(letter.original_headers.size() + letter.tally_headers.size() + 1),
        .opaque = pending};
    for (const Letter::Headers* part : {&letter.original_headers, &letter.tally_headers}) {
      for (const auto& [name, value] : *part) AddHeader(outgoing.headers.get(), name, value);
    }
    if (const std::string note = CutNote(letter); !note.empty()) {
      AddHeader(outgoing.headers.get(), kCutHeader, note);
    }
    std::string reason;
    const rd_kafka_resp_err_t error = outgoing.topic == nullptr
                                          ? rd_kafka_last_error()
                                          : Produce(client_->get(), outgoing, reason);
    if (error == RD_KAFKA_RESP_ERR__QUEUE_FULL) return false;
    if (error != RD_KAFKA_RESP_ERR_NO_ERROR) {
      results_.push_back({pending, error});
      return false;
    }
    pending->under_way = true;
    return true;
  }

  rd_kafka_topic_t* Topic(const std::string& name) {
    TopicPtr& topic = topics_[name];
    if (topic == nullptr) topic.reset(rd_kafka_topic_new(client_->get(), name.c_str(), nullptr));
    return topic.get();
  }

  static void OnDelivery(rd_kafka_t*, const rd_kafka_message_t* message, void* opaque) {
    auto* impl = static_cast<Impl*>(Client::DeliveryOpaque(opaque));
    impl->results_.push_back({static_cast<PendingLetter*>(message->_private), message->err});
  }

  void HandleResults() {
    if (!SettleAcknowledged()) return;
    const absl::Status refused = Refused();
    EndSession();
    session_not_before_ = SteadyNow() + kSessionBackoff;
    SettleAcknowledged();
    std::vector<SettledLetter> settled;
    {
      std::lock_guard lock(mutex_);
      const std::vector<Result> failures = std::exchange(results_, {});
      if (!refused.ok()) settled = queue_.FailAll(refused);
      // Oldest first: letters behind a lost one are settled with it and must not be looked at.
      for (const Result& result : refused.ok() ? failures : std::vector<Result>()) {
        if (IsCollateral(result.error) || CutHarder(*result.letter, result.error)) continue;
        settled = queue_.Fail(result.letter, FailureOf(*result.letter, result.error));
        break;
      }
      queue_.Rewind();
    }
    Report(settled);
    Settle(std::move(settled));
  }

  // Why no session can ever write, e.g. missing permissions.
  absl::Status Refused() {
    char reason[512];
    if (client_ == nullptr) return absl::OkStatus();
    const rd_kafka_resp_err_t error = rd_kafka_fatal_error(client_->get(), reason, sizeof reason);
    if (error == RD_KAFKA_RESP_ERR_NO_ERROR || IsCollateral(error)) return absl::OkStatus();
    return ToStatus(error, "dead letters cannot be written", reason);
  }

  // Leaves the failures in results_; returns whether there are any.
  bool SettleAcknowledged() {
    std::vector<SettledLetter> settled;
    {
      std::lock_guard lock(mutex_);
      std::erase_if(results_, [&](const Result& result) {
        if (result.error != RD_KAFKA_RESP_ERR_NO_ERROR) return false;
        settled.push_back(queue_.Acknowledge(result.letter));
        return true;
      });
    }
    Settle(std::move(settled));
    return !results_.empty();
  }

  // Under mutex_.
  bool CutHarder(PendingLetter& pending, rd_kafka_resp_err_t error) {
    if (error != RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE) return false;
    const size_t bytes = BatchBytes(pending.letter);
    if (bytes <= kLetterBytesMin) return false;
    CutToFit(pending.letter, bytes / 2);
    letter_bytes_max_ = std::min(letter_bytes_max_, std::max(bytes / 2, kLetterBytesMin));
    spdlog::warn("kafka: {} takes no dead letter of {} bytes; cutting them to {} from now on",
                 pending.letter.topic, bytes, letter_bytes_max_);
    return true;
  }

  void HandleLate() {
    {
      std::lock_guard lock(mutex_);
      clock_.Turn(options_.now());
      if (queue_.FirstLate(clock_.now()) == nullptr) return;
    }
    const absl::Status connection = client_ == nullptr ? absl::OkStatus() : client_->Connection();
    EndSession();
    SettleAcknowledged();
    std::vector<SettledLetter> settled;
    {
      std::lock_guard lock(mutex_);
      results_.clear();
      if (PendingLetter* late = queue_.FirstLate(clock_.now()); late != nullptr) {
        settled = queue_.Fail(
            late, connection.ok() ? absl::DeadlineExceededError(absl::StrCat(
                                        "dead letter for ", late->letter.topic, "/",
                                        late->letter.partition, " was not acknowledged within ",
                                        absl::FormatDuration(options_.delivery_timeout)))
                                  : connection);
      }
      queue_.Rewind();
    }
    Report(settled);
    Settle(std::move(settled));
  }

  static void Report(const std::vector<SettledLetter>& settled) {
    if (settled.empty()) return;
    spdlog::error("kafka: {} dead letters are lost: {}", settled.size(),
                  std::string(settled.front().status.message()));
  }

  static void Settle(std::vector<SettledLetter> settled) {
    for (SettledLetter& letter : settled) {
      if (letter.done) letter.done(letter.status);
    }
  }

  ClientConfig config_;
  const DeadLetterOptions options_;
  std::array<std::string, domain::kTopicCount> topic_names_;

  std::mutex mutex_;
  std::condition_variable wake_;
  LetterQueue queue_;        // under mutex_
  RunningClock clock_;       // under mutex_; deadlines are by it
  size_t letter_bytes_max_;  // under mutex_
  bool stopping_ = false;    // under mutex_

  // The thread's own, and the destructor's after it.
  std::unique_ptr<Client> client_;
  std::map<std::string, TopicPtr> topics_;
  std::vector<Result> results_;
  absl::Time session_not_before_ = absl::InfinitePast();
  std::thread thread_;
};

KafkaDeadLetters::KafkaDeadLetters(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
KafkaDeadLetters::~KafkaDeadLetters() = default;

absl::StatusOr<std::unique_ptr<KafkaDeadLetters>> KafkaDeadLetters::Create(
    const ClientConfig& config, DeadLetterOptions options) {
  auto impl = std::make_unique<Impl>(config, std::move(options));
  if (absl::Status status = impl->Start(); !status.ok()) return status;
  return std::unique_ptr<KafkaDeadLetters>(new KafkaDeadLetters(std::move(impl)));
}

bool KafkaDeadLetters::Write(const domain::Record& record, const domain::Rejection& rejection,
                             Done done) {
  return impl_->Write(record, rejection, std::move(done));
}

}  // namespace tally::kafka
