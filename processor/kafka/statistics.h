// The parts of librdkafka's statistics that Tally uses. Internal to this folder.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string_view>

namespace tally::kafka {

struct PartitionStatistics {
  std::string_view topic;
  int32_t partition = 0;
  bool known = false;               // the brokers list it
  int64_t last_stable_offset = -1;  // -1: not heard of yet
};

// Keeps its buffers between calls. One thread.
class StatisticsParser {
 public:
  StatisticsParser();
  ~StatisticsParser();

  // Calls `visit` for every partition; returns whether a connection to any broker is up. Malformed
  // input: false, no calls.
  bool Parse(std::string_view json, const std::function<void(const PartitionStatistics&)>& visit);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace tally::kafka
