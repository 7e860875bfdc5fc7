#include "processor/partitioner_check.h"

#include "absl/strings/str_cat.h"

namespace tally {

using domain::Index;

absl::Status WrittenWithAnother(const std::string& topic, domain::Partitioner configured,
                                domain::Partitioner written_by) {
  const std::string is(domain::PartitionerName(written_by));
  const std::string wanted(domain::PartitionerName(configured));
  return absl::FailedPreconditionError(absl::StrCat(
      "topic ", topic, " was written with another partitioner (wrong_partition): its records lie ",
      "where ", is, " puts them, not where ", wanted, " does. Start with --partitioner ", is,
      " (and a new --data-dir if this one was made with another), or let all producers use ",
      wanted, ". No record was skipped and no dead letter written."));
}

PartitionerCheck::PartitionerCheck(domain::Partitioner configured, int32_t partitions)
    : configured_(configured), partitions_(partitions) {}

void PartitionerCheck::Observe(domain::Topic topic, std::string_view key, int32_t partition) {
  if (key.empty() || done_[Index(topic)].load(std::memory_order_relaxed)) return;
  std::lock_guard lock(mutex_);
  Seen& seen = seen_[Index(topic)];
  if (seen.records >= kRecordsLookedAt) return;
  ++seen.records;
  if (domain::PartitionOf(configured_, key, partitions_) != partition) ++seen.elsewhere;
  size_t i = 0;
  for (const auto partitioner : domain::AllPartitioners()) {
    if (domain::PartitionOf(partitioner, key, partitions_) != partition) {
      seen.places_all[i] = false;
    }
    ++i;
  }
  if (seen.records >= kRecordsLookedAt) done_[Index(topic)] = true;
}

std::optional<domain::Partitioner> PartitionerCheck::WrittenBy(domain::Topic topic) const {
  std::lock_guard lock(mutex_);
  const Seen& seen = seen_[Index(topic)];
  if (seen.elsewhere * 2 <= seen.records) return std::nullopt;
  size_t i = 0;
  for (const auto partitioner : domain::AllPartitioners()) {
    if (partitioner != configured_ && seen.places_all[i]) return partitioner;
    ++i;
  }
  return std::nullopt;
}

}  // namespace tally
