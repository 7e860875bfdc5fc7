// LogAdmin of a MemoryLog.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "processor/log_admin.h"
#include "tests/fakes/memory_log.h"

namespace tally {

// One thread.
class MemoryLogAdmin final : public LogAdmin {
 public:
  MemoryLogAdmin(MemoryLog& log, std::string prefix) : log_(log), prefix_(std::move(prefix)) {}

  // Of every topic.
  int32_t partitions = 1;
  // Calls fail with it while it is not OK.
  absl::Status failure;
  absl::Duration needed;  // by ReadAt; nobody waits for it
  int reads = 0;
  int describes = 0;

  absl::StatusOr<std::string> ClusterId(absl::Duration) override { return "memory"; }
  absl::StatusOr<std::vector<TopicInfo>> DescribeTopics(const std::vector<std::string>& names,
                                                        absl::Duration) override {
    ++describes;
    if (!failure.ok()) return failure;
    std::vector<TopicInfo> infos;
    for (const auto& name : names) infos.push_back({.name = name, .partitions = partitions});
    return infos;
  }
  absl::Status CreateTopics(const std::vector<std::string>&, int32_t, int16_t,
                            absl::Duration) override {
    return absl::UnimplementedError("a log in memory has all topics");
  }
  absl::StatusOr<std::vector<LogRange>> Ranges(const std::string& topic, int32_t count,
                                               absl::Duration) override {
    std::vector<LogRange> ranges;
    for (int32_t p = 0; p < count; ++p) ranges.push_back(log_.At(p, TopicOf(topic), 0).range);
    return ranges;
  }
  absl::Status Read(const std::vector<PartitionAt>&,
                    const std::function<bool(const PartitionAt&, const OwnedRecord&)>&,
                    absl::Duration) override {
    return absl::UnimplementedError("see ReadAt");
  }
  absl::StatusOr<std::vector<RecordAt>> ReadAt(const std::vector<PartitionAt>& places,
                                               absl::Duration timeout) override {
    ++reads;
    if (!failure.ok()) return failure;
    if (timeout < needed) return absl::UnavailableError("it took too long");
    std::vector<RecordAt> found;
    for (const auto& place : places) {
      if (place.partition >= partitions) return absl::NotFoundError("no such partition");
      found.push_back(log_.At(place.partition, TopicOf(place.topic), place.offset));
    }
    return found;
  }

 private:
  domain::Topic TopicOf(const std::string& name) const {
    for (const auto topic : domain::kTopics) {
      if (name == prefix_ + std::string(domain::TopicSuffix(topic))) return topic;
    }
    return domain::Topic::kEventCreated;
  }

  MemoryLog& log_;
  const std::string prefix_;
};

}  // namespace tally
