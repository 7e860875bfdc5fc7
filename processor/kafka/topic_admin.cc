#include "processor/kafka/topic_admin.h"

#include <algorithm>
#include <array>
#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"

namespace tally::kafka {
namespace {

using OptionsPtr = std::unique_ptr<rd_kafka_AdminOptions_t, Deleter<rd_kafka_AdminOptions_destroy>>;
using ResourcePtr =
    std::unique_ptr<rd_kafka_ConfigResource_t, Deleter<rd_kafka_ConfigResource_destroy>>;
using NewTopicPtr = std::unique_ptr<rd_kafka_NewTopic_t, Deleter<rd_kafka_NewTopic_destroy>>;

constexpr size_t kErrorTextBytes = 512;
// The answer to a request may be this late after the request's own timeout.
constexpr absl::Duration kAnswerMargin = absl::Milliseconds(500);

// What the input topics and their dead letters need: they are the history.
constexpr std::array<std::pair<const char*, const char*>, 3> kHistoryConfig = {
    {{"cleanup.policy", "delete"}, {"retention.ms", "-1"}, {"retention.bytes", "-1"}}};

absl::StatusOr<OptionsPtr> MakeOptions(Client& client, rd_kafka_admin_op_t operation,
                                       absl::Duration timeout) {
  OptionsPtr options(rd_kafka_AdminOptions_new(client.get(), operation));
  char text[kErrorTextBytes];
  const int timeout_ms = std::max(TimeoutMs(timeout), 1);
  if (rd_kafka_AdminOptions_set_request_timeout(options.get(), timeout_ms, text, sizeof text) !=
      RD_KAFKA_RESP_ERR_NO_ERROR) {
    return absl::InternalError(text);
  }
  if (operation == RD_KAFKA_ADMIN_OP_CREATETOPICS &&
      rd_kafka_AdminOptions_set_operation_timeout(options.get(), timeout_ms, text, sizeof text) !=
          RD_KAFKA_RESP_ERR_NO_ERROR) {
    return absl::InternalError(text);
  }
  return options;
}

absl::StatusOr<EventPtr> Await(Client& client, rd_kafka_queue_t* queue, absl::Duration timeout,
                               std::string_view context) {
  EventPtr event(rd_kafka_queue_poll(queue, TimeoutMs(timeout + kAnswerMargin)));
  client.Poll(0);
  if (event == nullptr) {
    if (absl::Status status = client.Connection(); !status.ok()) return status;
    return absl::DeadlineExceededError(absl::StrCat(std::string(context), ": no answer in time"));
  }
  const rd_kafka_resp_err_t error = rd_kafka_event_error(event.get());
  if (error == RD_KAFKA_RESP_ERR_NO_ERROR) return event;
  if (IsTransient(error)) {
    if (absl::Status status = client.Connection(); !status.ok()) return status;
  }
  return ToStatus(error, context, rd_kafka_event_error_string(event.get()));
}

std::map<std::string, std::string> EntriesOf(const rd_kafka_ConfigResource_t* resource) {
  size_t count = 0;
  const rd_kafka_ConfigEntry_t** entries = rd_kafka_ConfigResource_configs(resource, &count);
  std::map<std::string, std::string> configs;
  for (size_t i = 0; i < count; ++i) {
    const char* value = rd_kafka_ConfigEntry_value(entries[i]);
    if (value != nullptr) configs[rd_kafka_ConfigEntry_name(entries[i])] = value;
  }
  return configs;
}

bool NotTold(const absl::Status& status) {
  return absl::IsUnimplemented(status) || absl::IsPermissionDenied(status);
}

}  // namespace

absl::StatusOr<TopicConfigs> DescribeTopicConfigs(Client& client,
                                                  const std::vector<std::string>& names,
                                                  absl::Duration timeout) {
  TopicConfigs configs;
  if (names.empty()) return configs;
  std::vector<ResourcePtr> resources;
  std::vector<rd_kafka_ConfigResource_t*> pointers;
  for (const std::string& name : names) {
    resources.emplace_back(rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_TOPIC, name.c_str()));
    pointers.push_back(resources.back().get());
  }
  auto options = MakeOptions(client, RD_KAFKA_ADMIN_OP_DESCRIBECONFIGS, timeout);
  if (!options.ok()) return options.status();
  QueuePtr queue(rd_kafka_queue_new(client.get()));
  rd_kafka_DescribeConfigs(client.get(), pointers.data(), pointers.size(), options->get(),
                           queue.get());
  auto event = Await(client, queue.get(), timeout, "describe topic configuration");
  if (NotTold(event.status())) return configs;
  if (!event.ok()) return event.status();
  size_t count = 0;
  const rd_kafka_ConfigResource_t** results = rd_kafka_DescribeConfigs_result_resources(
      rd_kafka_event_DescribeConfigs_result(event->get()), &count);
  for (size_t i = 0; i < count; ++i) {
    if (rd_kafka_ConfigResource_error(results[i]) != RD_KAFKA_RESP_ERR_NO_ERROR) continue;
    configs[rd_kafka_ConfigResource_name(results[i])] = EntriesOf(results[i]);
  }
  return configs;
}

absl::Status CreateHistoryTopics(Client& client, const std::vector<std::string>& names,
                                 int32_t partitions, int16_t replication_factor,
                                 absl::Duration timeout) {
  std::vector<NewTopicPtr> topics;
  std::vector<rd_kafka_NewTopic_t*> pointers;
  for (const std::string& name : names) {
    char text[kErrorTextBytes];
    topics.emplace_back(
        rd_kafka_NewTopic_new(name.c_str(), partitions, replication_factor, text, sizeof text));
    if (topics.back() == nullptr) {
      return absl::InvalidArgumentError(absl::StrCat("create topic ", name, ": ", text));
    }
    for (const auto& [property, value] : kHistoryConfig) {
      if (rd_kafka_NewTopic_set_config(topics.back().get(), property, value) !=
          RD_KAFKA_RESP_ERR_NO_ERROR) {
        return absl::InternalError(absl::StrCat("create topic ", name, ": ", property));
      }
    }
    pointers.push_back(topics.back().get());
  }
  auto options = MakeOptions(client, RD_KAFKA_ADMIN_OP_CREATETOPICS, timeout);
  if (!options.ok()) return options.status();
  QueuePtr queue(rd_kafka_queue_new(client.get()));
  rd_kafka_CreateTopics(client.get(), pointers.data(), pointers.size(), options->get(),
                        queue.get());
  auto event = Await(client, queue.get(), timeout, "create topics");
  if (!event.ok()) return event.status();
  size_t count = 0;
  const rd_kafka_topic_result_t** results =
      rd_kafka_CreateTopics_result_topics(rd_kafka_event_CreateTopics_result(event->get()), &count);
  for (size_t i = 0; i < count; ++i) {
    const rd_kafka_resp_err_t error = rd_kafka_topic_result_error(results[i]);
    if (error == RD_KAFKA_RESP_ERR_NO_ERROR || error == RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS) {
      continue;
    }
    const char* reason = rd_kafka_topic_result_error_string(results[i]);
    return ToStatus(error, absl::StrCat("create topic ", rd_kafka_topic_result_name(results[i])),
                    reason == nullptr ? "" : reason);
  }
  return absl::OkStatus();
}

}  // namespace tally::kafka
