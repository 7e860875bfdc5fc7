// LogAdmin over librdkafka.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "processor/kafka/client_config.h"
#include "processor/log_admin.h"

namespace tally::kafka {

// All calls from any thread; each opens what it needs and ends it. When no broker can be reached a
// call returns kUnavailable as soon as all addresses have been tried once, with the addresses and
// librdkafka's reason: retrying is the caller's business.
class KafkaLogAdmin : public LogAdmin {
 public:
  // kInvalidArgument: a property that librdkafka refuses. Does not wait for a connection.
  static absl::StatusOr<std::unique_ptr<KafkaLogAdmin>> Create(const ClientConfig& config);
  ~KafkaLogAdmin() override;

  absl::StatusOr<std::string> ClusterId(absl::Duration timeout) override;
  absl::StatusOr<std::vector<TopicInfo>> DescribeTopics(const std::vector<std::string>& names,
                                                        absl::Duration timeout) override;
  // Returns when the topics can be described. kUnimplemented on an embedded cluster
  // (EmbeddedCluster::CreateTopic does it).
  absl::Status CreateTopics(const std::vector<std::string>& names, int32_t partitions,
                            int16_t replication_factor, absl::Duration timeout) override;
  // kNotFound: no such topic or partition.
  absl::StatusOr<std::vector<LogRange>> Ranges(const std::string& topic, int32_t partitions,
                                               absl::Duration timeout) override;
  // A place below the log's start is read from its start. A place at or above the end, or of an
  // empty partition, has nothing to read. The same partition must not be named twice. kNotFound.
  absl::Status Read(const std::vector<PartitionAt>& from,
                    const std::function<bool(const PartitionAt&, const OwnedRecord&)>& visit,
                    absl::Duration timeout) override;
  // kNotFound.
  absl::StatusOr<std::vector<RecordAt>> ReadAt(const std::vector<PartitionAt>& places,
                                               absl::Duration timeout) override;

 private:
  class Impl;
  explicit KafkaLogAdmin(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace tally::kafka
