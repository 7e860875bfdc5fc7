// Notices that a topic was written with another partitioner than configured, before such records
// are taken for bad input one by one.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "processor/domain/partitioner.h"
#include "processor/domain/record.h"

namespace tally {

// kFailedPrecondition that names the topic, both partitioners and the setting to use.
absl::Status WrittenWithAnother(const std::string& topic, domain::Partitioner configured,
                                domain::Partitioner written_by);

// Looks at the first records read of each topic, over all partitions. Thread-safe.
class PartitionerCheck {
 public:
  static constexpr int kRecordsLookedAt = 100;

  // `partitions` > 0.
  PartitionerCheck(domain::Partitioner configured, int32_t partitions);

  // A record of the topic was read. Records without a key tell nothing. Cheap once enough were
  // seen.
  void Observe(domain::Topic topic, std::string_view key, int32_t partition);

  // The topic's first records were read by an earlier run: no more is to be learnt.
  void Settle(domain::Topic topic) { done_[domain::Index(topic)] = true; }

  // The partitioner that wrote the topic, when most of the records looked at hash elsewhere and
  // this other one places every one of them right.
  std::optional<domain::Partitioner> WrittenBy(domain::Topic topic) const;

 private:
  struct Seen {
    int records = 0;
    int elsewhere = 0;
    std::array<bool, 3> places_all{true, true, true};  // by AllPartitioners()
  };

  const domain::Partitioner configured_;
  const int32_t partitions_;
  std::array<std::atomic<bool>, domain::kTopicCount> done_{};
  mutable std::mutex mutex_;
  std::array<Seen, domain::kTopicCount> seen_;
};

}  // namespace tally
