#include "processor/kafka/kafka_log_admin.h"

#include <algorithm>
#include <map>
#include <optional>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "processor/kafka/client.h"
#include "processor/kafka/log_range.h"
#include "processor/kafka/log_reader.h"
#include "processor/kafka/topic_admin.h"
#include "processor/steady_now.h"

namespace tally::kafka {
namespace {

struct MetadataDeleter {
  void operator()(const rd_kafka_metadata_t* metadata) const {
    rd_kafka_metadata_destroy(metadata);
  }
};
using MetadataPtr = std::unique_ptr<const rd_kafka_metadata_t, MetadataDeleter>;

constexpr absl::Duration kVisibleInterval = absl::Milliseconds(50);

std::optional<int64_t> ParseNumber(const std::map<std::string, std::string>& configs,
                                   const std::string& name) {
  const auto found = configs.find(name);
  int64_t number = 0;
  if (found == configs.end() || !absl::SimpleAtoi(found->second, &number)) return std::nullopt;
  return number;
}

absl::StatusOr<MetadataPtr> QueryMetadata(Client& client, rd_kafka_topic_t* topic, bool all,
                                          absl::Duration timeout, const std::string& context) {
  const rd_kafka_metadata_t* raw = nullptr;
  const rd_kafka_resp_err_t error =
      rd_kafka_metadata(client.get(), all ? 1 : 0, topic, &raw, std::max(TimeoutMs(timeout), 1));
  if (error == RD_KAFKA_RESP_ERR_NO_ERROR) return MetadataPtr(raw);
  client.Poll(0);
  if (absl::Status status = client.Connection(); !status.ok()) return status;
  return ToStatus(error, context);
}

absl::StatusOr<int32_t> PartitionsOf(const rd_kafka_metadata_topic_t& topic) {
  switch (topic.err) {
    case RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART:
    case RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC:
      return 0;
    case RD_KAFKA_RESP_ERR_NO_ERROR:
    case RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE:
      return topic.partition_cnt;
    default:
      return ToStatus(topic.err, absl::StrCat("topic ", topic.topic));
  }
}

}  // namespace

class KafkaLogAdmin::Impl {
 public:
  Impl(ClientConfig config, std::unique_ptr<Client> client)
      : config_(std::move(config)), client_(std::move(client)) {}

  Client& client() { return *client_; }
  const ClientConfig& config() const { return config_; }

  absl::StatusOr<std::map<std::string, int32_t>> Partitions(const std::vector<std::string>& names,
                                                            absl::Time deadline) {
    std::map<std::string, int32_t> partitions;
    for (const std::string& name : names) partitions[name] = 0;
    // The mock broker creates what it is asked for by name.
    if (config_.embedded) return PartitionsFromAll(std::move(partitions), deadline);
    for (auto& [name, count] : partitions) {
      TopicPtr topic(rd_kafka_topic_new(client_->get(), name.c_str(), nullptr));
      if (topic == nullptr) return ToStatus(rd_kafka_last_error(), absl::StrCat("topic ", name));
      auto metadata = QueryMetadata(*client_, topic.get(), false, deadline - SteadyNow(),
                                    absl::StrCat("describe topic ", name));
      if (!metadata.ok()) return metadata.status();
      if ((*metadata)->topic_cnt < 1) continue;
      auto found = PartitionsOf((*metadata)->topics[0]);
      if (!found.ok()) return found.status();
      count = *found;
    }
    return partitions;
  }

 private:
  absl::StatusOr<std::map<std::string, int32_t>> PartitionsFromAll(
      std::map<std::string, int32_t> partitions, absl::Time deadline) {
    auto metadata =
        QueryMetadata(*client_, nullptr, true, deadline - SteadyNow(), "describe topics");
    if (!metadata.ok()) return metadata.status();
    for (int i = 0; i < (*metadata)->topic_cnt; ++i) {
      const auto wanted = partitions.find((*metadata)->topics[i].topic);
      if (wanted == partitions.end()) continue;
      auto found = PartitionsOf((*metadata)->topics[i]);
      if (!found.ok()) return found.status();
      wanted->second = *found;
    }
    return partitions;
  }

  const ClientConfig config_;
  const std::unique_ptr<Client> client_;
};

KafkaLogAdmin::KafkaLogAdmin(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
KafkaLogAdmin::~KafkaLogAdmin() = default;

absl::StatusOr<std::unique_ptr<KafkaLogAdmin>> KafkaLogAdmin::Create(const ClientConfig& config) {
  ClientConfig own = config;
  own.group_id.clear();
  auto client = Client::Create(RD_KAFKA_CONSUMER, own, ConsumerSettings(own), {});
  if (!client.ok()) return client.status();
  return std::unique_ptr<KafkaLogAdmin>(
      new KafkaLogAdmin(std::make_unique<Impl>(std::move(own), *std::move(client))));
}

absl::StatusOr<std::string> KafkaLogAdmin::ClusterId(absl::Duration timeout) {
  const absl::Time deadline = SteadyNow() + timeout;
  Client& client = impl_->client();
  if (absl::Status status = client.WaitConnected(timeout); !status.ok()) return status;
  char* id = rd_kafka_clusterid(client.get(), TimeoutMs(deadline - SteadyNow()));
  if (id == nullptr) return absl::DeadlineExceededError("the brokers do not tell the cluster's id");
  std::string text(id);
  rd_kafka_mem_free(client.get(), id);
  return text;
}

absl::StatusOr<std::vector<TopicInfo>> KafkaLogAdmin::DescribeTopics(
    const std::vector<std::string>& names, absl::Duration timeout) {
  const absl::Time deadline = SteadyNow() + timeout;
  Client& client = impl_->client();
  if (absl::Status status = client.WaitConnected(timeout); !status.ok()) return status;
  auto partitions = impl_->Partitions(names, deadline);
  if (!partitions.ok()) return partitions.status();
  std::vector<std::string> existing;
  for (const auto& [name, count] : *partitions) {
    if (count > 0) existing.push_back(name);
  }
  TopicConfigs configs;
  if (!impl_->config().embedded) {
    auto described = DescribeTopicConfigs(client, existing, deadline - SteadyNow());
    if (!described.ok()) return described.status();
    configs = *std::move(described);
  }
  std::vector<TopicInfo> infos;
  for (const std::string& name : names) {
    TopicInfo info{.name = name, .partitions = partitions->at(name)};
    if (const auto found = configs.find(name); found != configs.end()) {
      const auto policy = found->second.find("cleanup.policy");
      if (policy != found->second.end()) info.cleanup_policy = policy->second;
      info.retention_ms = ParseNumber(found->second, "retention.ms");
      info.retention_bytes = ParseNumber(found->second, "retention.bytes");
    }
    infos.push_back(std::move(info));
  }
  return infos;
}

absl::Status KafkaLogAdmin::CreateTopics(const std::vector<std::string>& names, int32_t partitions,
                                         int16_t replication_factor, absl::Duration timeout) {
  if (impl_->config().embedded) {
    return absl::UnimplementedError("the embedded broker has no request to create topics");
  }
  const absl::Time deadline = SteadyNow() + timeout;
  Client& client = impl_->client();
  if (absl::Status status = client.WaitConnected(timeout); !status.ok()) return status;
  if (absl::Status status = CreateHistoryTopics(client, names, partitions, replication_factor,
                                                deadline - SteadyNow());
      !status.ok()) {
    return status;
  }
  // Brokers learn of new topics a little later than the controller that made them.
  while (SteadyNow() < deadline) {
    auto found = impl_->Partitions(names, deadline);
    if (!found.ok()) return found.status();
    if (std::all_of(found->begin(), found->end(), [](const auto& f) { return f.second > 0; })) {
      return absl::OkStatus();
    }
    absl::SleepFor(kVisibleInterval);
  }
  return absl::DeadlineExceededError("the topics were created but are not visible yet");
}

absl::StatusOr<std::vector<LogRange>> KafkaLogAdmin::Ranges(const std::string& topic,
                                                            int32_t partitions,
                                                            absl::Duration timeout) {
  const absl::Time deadline = SteadyNow() + timeout;
  if (absl::Status status = impl_->client().WaitConnected(timeout); !status.ok()) return status;
  std::vector<Place> places;
  for (int32_t p = 0; p < partitions; ++p) places.push_back({topic, p});
  return QueryRanges(impl_->client(), places, deadline - SteadyNow());
}

absl::Status KafkaLogAdmin::Read(
    const std::vector<PartitionAt>& from,
    const std::function<bool(const PartitionAt&, const OwnedRecord&)>& visit,
    absl::Duration timeout) {
  return ReadLog(impl_->config(), from, visit, timeout);
}

absl::StatusOr<std::vector<RecordAt>> KafkaLogAdmin::ReadAt(const std::vector<PartitionAt>& places,
                                                            absl::Duration timeout) {
  return ReadLogAt(impl_->config(), places, timeout);
}

}  // namespace tally::kafka
