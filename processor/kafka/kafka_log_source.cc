#include "processor/kafka/kafka_log_source.h"

#include <spdlog/spdlog.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <thread>
#include <utility>

#include "absl/strings/str_cat.h"
#include "processor/kafka/client.h"
#include "processor/kafka/group_offsets.h"
#include "processor/kafka/kafka_shard_source.h"
#include "processor/kafka/statistics.h"
#include "processor/latch.h"

namespace tally::kafka {
namespace {

constexpr char kStatisticsIntervalMs[] = "1000";
// Bounds how long librdkafka does not look at a queue that was full and has been drained, while
// other partitions are at their end. Short costs little in a replay; at the end nothing is full,
// and a record that arrives is answered at once whatever this is.
constexpr char kReplayFetchWaitMs[] = "5";
constexpr char kLiveFetchWaitMs[] = "250";
constexpr absl::Duration kCommitFlushTimeout = absl::Seconds(1);
constexpr absl::Duration kRetireTimeMax = absl::Seconds(2);

class OwnedFd {
 public:
  explicit OwnedFd(int fd) : fd_(fd) {}
  ~OwnedFd() {
    if (fd_ >= 0) close(fd_);
  }
  OwnedFd(const OwnedFd&) = delete;
  OwnedFd& operator=(const OwnedFd&) = delete;
  int get() const { return fd_; }

 private:
  const int fd_;
};

}  // namespace

class KafkaLogSource::Impl {
 public:
  explicit Impl(const std::string& topic_prefix) : wake_(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {
    shared_->wake_fd = wake_.get();
    shared_->serve = [this] { Serve(); };
    for (int i = 0; i < domain::kTopicCount; ++i) {
      const std::string_view suffix = domain::TopicSuffix(static_cast<domain::Topic>(i));
      shared_->topic_names[i] = absl::StrCat(topic_prefix, std::string(suffix));
    }
  }

  ~Impl() {
    if (group_ != nullptr && Connection().ok()) group_->Flush(kCommitFlushTimeout);
    AwaitRetired(kRetireTimeMax);
  }

  absl::Status Start(const ClientConfig& config) {
    config_ = config;
    if (wake_.get() < 0) {
      return absl::InternalError(absl::StrCat("eventfd: ", std::strerror(errno)));
    }
    for (Consumer* consumer : {&shared_->live, &shared_->replay}) {
      if (absl::Status status = Start(*consumer); !status.ok()) return status;
    }
    group_ = std::make_unique<GroupOffsets>(*shared_->live.client, config.group_id);
    return absl::OkStatus();
  }

  const std::shared_ptr<SharedSource>& shared() const { return shared_; }
  bool replaying() const { return shared_->reading == &shared_->replay; }
  int wake_fd() const { return wake_.get(); }
  absl::Status Connection() const { return shared_->live.client->Connection(); }

  void Serve() {
    shared_->live.client->Poll(0);
    if (shared_->replay.client != nullptr) shared_->replay.client->Poll(0);
    group_->Serve();
    ChooseConsumer();
  }

  void Commit(int32_t partition, const Offsets& next) {
    for (int i = 0; i < domain::kTopicCount; ++i) {
      group_->Set(shared_->topic_names[i], partition, next[i]);
    }
    group_->Serve();
  }

 private:
  absl::Status Start(Consumer& consumer) {
    const bool live = &consumer == &shared_->live;
    Settings settings = ConsumerSettings(config_);
    settings.emplace_back("statistics.interval.ms", kStatisticsIntervalMs);
    settings.emplace_back("fetch.wait.max.ms", live ? kLiveFetchWaitMs : kReplayFetchWaitMs);
    auto client = Client::Create(
        RD_KAFKA_CONSUMER, config_, settings,
        {.statistics = [this, &consumer](std::string_view json) { Apply(consumer, json); },
         .log_generation = shared_->log_generation});
    if (!client.ok()) return client.status();
    consumer.client = *std::move(client);
    for (int i = 0; i < domain::kTopicCount; ++i) {
      const std::string& name = shared_->topic_names[i];
      consumer.topics[i].reset(rd_kafka_topic_new(consumer.client->get(), name.c_str(), nullptr));
      if (consumer.topics[i] == nullptr) {
        return ToStatus(rd_kafka_last_error(), absl::StrCat("topic ", name));
      }
    }
    return absl::OkStatus();
  }

  // Shards change over when they are polled next.
  void ChooseConsumer() {
    const auto& shards = shared_->shards;
    if (shared_->reading == &shared_->replay) {
      const bool at_end = std::all_of(shards.begin(), shards.end(),
                                      [](const auto* shard) { return shard->AtEnd(); });
      if (at_end) shared_->reading = &shared_->live;
      return;
    }
    if (std::any_of(shards.begin(), shards.end(),
                    [](const auto* shard) { return shard->FarBehind(); })) {
      if (shared_->replay.client != nullptr || StartReplay()) shared_->reading = &shared_->replay;
    } else if (shared_->replay.client != nullptr &&
               std::none_of(shards.begin(), shards.end(),
                            [&](const auto* shard) { return shard->Uses(shared_->replay); })) {
      Retire(std::exchange(shared_->replay, {}));
    }
  }

  bool StartReplay() {
    const bool started = Start(shared_->replay).ok();
    if (!started) Release(shared_->replay);  // half of one would be taken for it
    return started;
  }

  // Topics belong to their client.
  static void Release(Consumer& consumer) {
    consumer.topics = {};
    consumer.client.reset();
  }

  // An idle client costs a tenth of a percent of a core. Elsewhere, because saying goodbye to
  // brokers that do not answer takes long.
  void Retire(Consumer consumer) {
    AwaitRetired(absl::ZeroDuration());  // the worker's thread has shards to serve
    retired_ = std::make_shared<Latch>();
    retiring_ = std::thread([consumer = std::move(consumer), retired = retired_]() mutable {
      Release(consumer);
      retired->Set();
    });
  }

  // librdkafka waits by the wall clock in it: when that is set back meanwhile, for as long. Nobody
  // needs the client any more, so it is left alone with that.
  void AwaitRetired(absl::Duration limit) {
    if (!retiring_.joinable()) return;
    retired_->WaitFor(limit) ? retiring_.join() : retiring_.detach();
  }

  void Apply(Consumer& consumer, std::string_view json) {
    const bool up = statistics_.Parse(json, [&](const PartitionStatistics& partition) {
      for (int i = 0; i < domain::kTopicCount; ++i) {
        if (partition.topic == shared_->topic_names[i]) {
          Dispatch(consumer, static_cast<domain::Topic>(i), partition);
        }
      }
    });
    for (KafkaShardSource* shard : shared_->shards) shard->OnStatisticsEnd(consumer, up);
    if (up) consumer.client->MarkUp();
  }

  void Dispatch(const Consumer& consumer, domain::Topic topic,
                const PartitionStatistics& partition) {
    for (KafkaShardSource* shard : shared_->shards) {
      if (shard->partition() == partition.partition) {
        shard->OnStatistics(consumer, topic, partition);
      }
    }
  }

  ClientConfig config_;
  OwnedFd wake_;
  StatisticsParser statistics_;
  std::shared_ptr<SharedSource> shared_ = std::make_shared<SharedSource>();
  std::unique_ptr<GroupOffsets> group_;
  std::thread retiring_;
  std::shared_ptr<Latch> retired_;  // of retiring_
};

KafkaLogSource::KafkaLogSource(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
KafkaLogSource::~KafkaLogSource() = default;

absl::StatusOr<std::unique_ptr<KafkaLogSource>> KafkaLogSource::Create(
    const ClientConfig& config, const std::string& topic_prefix) {
  auto impl = std::make_unique<Impl>(topic_prefix);
  if (absl::Status status = impl->Start(config); !status.ok()) return status;
  return std::unique_ptr<KafkaLogSource>(new KafkaLogSource(std::move(impl)));
}

absl::StatusOr<std::unique_ptr<ShardSource>> KafkaLogSource::Open(int32_t partition,
                                                                  const Offsets& from) {
  return KafkaShardSource::Start(impl_->shared(), partition, from);
}

int KafkaLogSource::WakeFd() const { return impl_->wake_fd(); }

void KafkaLogSource::Serve() { impl_->Serve(); }

void KafkaLogSource::CommitGroupOffsets(int32_t partition, const Offsets& next) {
  impl_->Commit(partition, next);
}

bool KafkaLogSource::Replaying() const { return impl_->replaying(); }

absl::Status KafkaLogSource::Connection() const { return impl_->Connection(); }

}  // namespace tally::kafka
