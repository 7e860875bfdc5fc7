// Kafka's admin requests: topic configuration and creation. Internal to this folder.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "processor/kafka/client.h"

namespace tally::kafka {

// Topic -> property -> value. Topics whose configuration the broker does not tell (not supported,
// not allowed) are left out.
using TopicConfigs = std::map<std::string, std::map<std::string, std::string>>;
absl::StatusOr<TopicConfigs> DescribeTopicConfigs(Client& client,
                                                  const std::vector<std::string>& names,
                                                  absl::Duration timeout);

// Existing topics are no error. The topics may become visible a little after this returns.
absl::Status CreateHistoryTopics(Client& client, const std::vector<std::string>& names,
                                 int32_t partitions, int16_t replication_factor,
                                 absl::Duration timeout);

}  // namespace tally::kafka
