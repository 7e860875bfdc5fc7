#include "tools/tally/topics.h"

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "tools/tally/table.h"

namespace tally::cli {
namespace {

std::vector<std::string> AllTopics(const std::string& prefix) {
  std::vector<std::string> names;
  for (int i = 0; i < domain::kTopicCount; ++i) {
    names.push_back(TopicName(prefix, static_cast<domain::Topic>(i)));
    names.push_back(DeadLetterTopic(names.back()));
  }
  return names;
}

absl::Status CheckPartitions(const std::vector<TopicInfo>& topics, int32_t wanted) {
  for (const TopicInfo& topic : topics) {
    if (topic.partitions == 0 || topic.partitions == wanted) continue;
    return absl::FailedPreconditionError(
        absl::StrCat("topic ", topic.name, " exists with ", topic.partitions, " partitions, not ",
                     wanted, "; all topics need the same number: use --partitions ",
                     topic.partitions, ", or another --topic-prefix. Nothing was created"));
  }
  return absl::OkStatus();
}

void WarnOfLoss(const TopicInfo& topic, Console& console) {
  if (topic.cleanup_policy && topic.cleanup_policy->find("compact") != std::string::npos) {
    console.Message(absl::StrCat("warning: ", topic.name,
                                 " has cleanup.policy=", *topic.cleanup_policy,
                                 "; compaction erases participants, and tallyd refuses it; set "
                                 "cleanup.policy=delete"));
  }
  if (topic.retention_ms.value_or(-1) >= 0 || topic.retention_bytes.value_or(-1) >= 0) {
    console.Message(absl::StrCat("warning: ", topic.name,
                                 " has finite retention; the topics are the history: set "
                                 "retention.ms=-1 and retention.bytes=-1"));
  }
}

absl::Status Create(const TopicsCreateOptions& options, Console& console) {
  auto session = Connect(options.kafka);
  if (!session.ok()) return session.status();
  LogAdmin& admin = *session->admin;
  auto topics = admin.DescribeTopics(AllTopics(options.kafka.topic_prefix), options.kafka.timeout);
  if (!topics.ok()) return topics.status();
  if (auto status = CheckPartitions(*topics, options.partitions); !status.ok()) return status;

  Table table({{"topic"}, {"partitions", Align::kRight}, {"state"}});
  std::vector<std::string> missing;
  for (const TopicInfo& topic : *topics) {
    if (topic.partitions == 0) missing.push_back(topic.name);
    WarnOfLoss(topic, console);
    table.AddRow({topic.name, absl::StrCat(options.partitions),
                  topic.partitions == 0 ? "created" : "exists"});
  }
  if (!missing.empty()) {
    auto status = admin.CreateTopics(missing, options.partitions, options.replication_factor,
                                     options.kafka.timeout);
    if (!status.ok()) return status;
  }
  console.out << table.Render(console.out_color);
  return absl::OkStatus();
}

}  // namespace

int RunTopicsCreate(const TopicsCreateOptions& options, Console& console) {
  const absl::Status status = Create(options, console);
  if (status.ok()) return kOk;
  console.Message(std::string(status.message()));
  return kFailure;
}

}  // namespace tally::cli
