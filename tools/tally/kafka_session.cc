#include "tools/tally/kafka_session.h"

#include "absl/strings/str_cat.h"
#include "processor/kafka/kafka_log_admin.h"

namespace tally::cli {
namespace {

// How the mock cluster of librdkafka names itself.
constexpr std::string_view kEmbeddedClusterId = "mockCluster";

}  // namespace

std::string TopicName(std::string_view prefix, domain::Topic topic) {
  return std::string(prefix) + std::string(domain::TopicSuffix(topic));
}

absl::StatusOr<KafkaSession> Connect(const KafkaOptions& options) {
  KafkaSession session;
  session.config.brokers = options.brokers;
  session.config.client_id = "tally-cli";
  session.config.extra = options.properties;
  auto admin = kafka::KafkaLogAdmin::Create(session.config);
  if (!admin.ok()) return admin.status();
  auto cluster_id = (*admin)->ClusterId(options.timeout);
  if (!cluster_id.ok()) return cluster_id.status();
  session.cluster_id = *std::move(cluster_id);
  session.embedded = session.cluster_id.starts_with(kEmbeddedClusterId);
  if (session.embedded) {
    session.config.embedded = true;
    admin = kafka::KafkaLogAdmin::Create(session.config);
    if (!admin.ok()) return admin.status();
  }
  session.admin = *std::move(admin);
  return session;
}

absl::StatusOr<int32_t> PartitionsOf(const std::string& topic, const KafkaOptions& options,
                                     KafkaSession& session) {
  auto described = session.admin->DescribeTopics({topic}, options.timeout);
  if (!described.ok()) return described.status();
  if (described->front().partitions > 0) return described->front().partitions;
  return absl::NotFoundError(
      absl::StrCat("topic ", topic, " does not exist at ", options.brokers,
                   "; `tally topics create` or `tallyd --create-topics` makes the input topics"));
}

}  // namespace tally::cli
