#include "processor/kafka/statistics.h"

#include <simdjson.h>

namespace tally::kafka {
namespace {

bool AnyBrokerUp(const simdjson::dom::element& root) {
  simdjson::dom::object brokers;
  if (root["brokers"].get(brokers)) return false;
  for (const auto& broker : brokers) {
    std::string_view state;
    int64_t node = -1;
    if (broker.value["state"].get(state) || broker.value["nodeid"].get(node)) continue;
    if (node >= 0 && (state == "UP" || state == "UPDATE")) return true;
  }
  return false;
}

PartitionStatistics PartitionFrom(std::string_view topic, const simdjson::dom::element& json) {
  PartitionStatistics partition{.topic = topic};
  int64_t number = -1;
  bool unknown = true;
  if (json["partition"].get(number)) number = -1;
  if (json["unknown"].get(unknown)) unknown = true;
  if (json["ls_offset"].get(partition.last_stable_offset)) partition.last_stable_offset = -1;
  if (partition.last_stable_offset < 0) partition.last_stable_offset = -1;
  partition.partition = static_cast<int32_t>(number);
  partition.known = !unknown;
  return partition;
}

}  // namespace

struct StatisticsParser::Impl {
  simdjson::dom::parser parser;
};

StatisticsParser::StatisticsParser() : impl_(std::make_unique<Impl>()) {}
StatisticsParser::~StatisticsParser() = default;

bool StatisticsParser::Parse(std::string_view json,
                             const std::function<void(const PartitionStatistics&)>& visit) {
  simdjson::dom::element root;
  simdjson::dom::object topics;
  if (impl_->parser.parse(json.data(), json.size()).get(root)) return false;
  const bool up = AnyBrokerUp(root);
  if (root["topics"].get(topics)) return up;
  for (const auto& topic : topics) {
    simdjson::dom::object partitions;
    if (topic.value["partitions"].get(partitions)) continue;
    for (const auto& partition : partitions) visit(PartitionFrom(topic.key, partition.value));
  }
  return up;
}

}  // namespace tally::kafka
