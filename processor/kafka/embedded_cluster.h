// librdkafka's in-process mock cluster, for `tallyd --embedded`, the demo and fast tests.
//
// For trying out only: a partition keeps at most kPartitionBytesMax and kPartitionBatchesMax record
// batches and then drops its oldest silently; all is forgotten when the process ends; no ACLs, no
// topic configuration, no transactions that a reader would respect. It listens on 127.0.0.1 on a
// port that the system chooses.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace tally::kafka {

class EmbeddedCluster {
 public:
  static constexpr size_t kPartitionBytesMax = size_t{5} << 20;
  static constexpr size_t kPartitionBatchesMax = 100'000;

  static absl::StatusOr<std::unique_ptr<EmbeddedCluster>> Start(int brokers = 1);
  // Ends all connections. Destroy the clients first.
  ~EmbeddedCluster();
  EmbeddedCluster(const EmbeddedCluster&) = delete;
  EmbeddedCluster& operator=(const EmbeddedCluster&) = delete;

  // "127.0.0.1:port[,…]" for ClientConfig::brokers; set ClientConfig::embedded as well.
  const std::string& brokers() const { return brokers_; }

  // kAlreadyExists, kInvalidArgument.
  absl::Status CreateTopic(const std::string& name, int32_t partitions);

  // For tests: brokers refuse connections and end the existing ones, until SetUp.
  void SetDown();
  void SetUp();

 private:
  class Impl;
  EmbeddedCluster(std::unique_ptr<Impl> impl, std::string brokers);
  std::unique_ptr<Impl> impl_;
  std::string brokers_;
};

}  // namespace tally::kafka
