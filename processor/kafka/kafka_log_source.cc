#include "processor/kafka/kafka_log_source.h"

#include <spdlog/spdlog.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "absl/strings/str_cat.h"
#include "processor/kafka/client.h"
#include "processor/kafka/group_offsets.h"
#include "processor/kafka/kafka_shard_source.h"
#include "processor/kafka/statistics.h"

namespace tally::kafka {
namespace {

constexpr char kStatisticsIntervalMs[] = "1000";
constexpr absl::Duration kCommitFlushTimeout = absl::Seconds(1);

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
    if (group_ != nullptr && shared_->client->Connection().ok()) group_->Flush(kCommitFlushTimeout);
  }

  absl::Status Start(const ClientConfig& config) {
    if (wake_.get() < 0) {
      return absl::InternalError(absl::StrCat("eventfd: ", std::strerror(errno)));
    }
    Settings settings = ConsumerSettings(config);
    settings.emplace_back("statistics.interval.ms", kStatisticsIntervalMs);
    auto client = Client::Create(RD_KAFKA_CONSUMER, config, settings,
                                 {.statistics = [this](std::string_view json) { Apply(json); }});
    if (!client.ok()) return client.status();
    shared_->client = *std::move(client);
    for (int i = 0; i < domain::kTopicCount; ++i) {
      shared_->topics[i].reset(
          rd_kafka_topic_new(shared_->client->get(), shared_->topic_names[i].c_str(), nullptr));
      if (shared_->topics[i] == nullptr) {
        return ToStatus(rd_kafka_last_error(), absl::StrCat("topic ", shared_->topic_names[i]));
      }
    }
    group_ = std::make_unique<GroupOffsets>(*shared_->client, config.group_id);
    return absl::OkStatus();
  }

  const std::shared_ptr<SharedSource>& shared() const { return shared_; }
  int wake_fd() const { return wake_.get(); }
  absl::Status Connection() const { return shared_->client->Connection(); }

  void Serve() {
    shared_->client->Poll(0);
    group_->Serve();
  }

  void Commit(int32_t partition, const Offsets& next) {
    for (int i = 0; i < domain::kTopicCount; ++i) {
      group_->Set(shared_->topic_names[i], partition, next[i]);
    }
    group_->Serve();
  }

 private:
  void Apply(std::string_view json) {
    const bool up = statistics_.Parse(json, [this](const PartitionStatistics& partition) {
      for (int i = 0; i < domain::kTopicCount; ++i) {
        if (partition.topic == shared_->topic_names[i]) {
          Dispatch(static_cast<domain::Topic>(i), partition);
        }
      }
    });
    for (KafkaShardSource* shard : shared_->shards) shard->OnStatisticsEnd(up);
    if (up) shared_->client->MarkUp();
  }

  void Dispatch(domain::Topic topic, const PartitionStatistics& partition) {
    for (KafkaShardSource* shard : shared_->shards) {
      if (shard->partition() == partition.partition) shard->OnStatistics(topic, partition);
    }
  }

  OwnedFd wake_;
  StatisticsParser statistics_;
  std::shared_ptr<SharedSource> shared_ = std::make_shared<SharedSource>();
  std::unique_ptr<GroupOffsets> group_;
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

absl::Status KafkaLogSource::Connection() const { return impl_->Connection(); }

}  // namespace tally::kafka
