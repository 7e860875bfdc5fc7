#include "processor/log_check.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "processor/remedy.h"

namespace tally {
namespace {

std::string PartitionName(const std::string& prefix, domain::Topic topic, int32_t partition) {
  return absl::StrCat(prefix, std::string(domain::TopicSuffix(topic)), "/", partition);
}

}  // namespace

std::vector<std::string> InputTopics(const std::string& prefix) {
  std::vector<std::string> names;
  for (const auto topic : domain::kTopics) {
    names.push_back(prefix + std::string(TopicSuffix(topic)));
  }
  return names;
}

std::vector<std::string> DeadLetterTopics(const std::string& prefix) {
  std::vector<std::string> names = InputTopics(prefix);
  for (auto& name : names) name += ".dlq";
  return names;
}

absl::StatusOr<int32_t> CheckTopics(const std::vector<TopicInfo>& inputs) {
  std::vector<std::string> missing, compacted, counts;
  bool different = false;
  for (const auto& topic : inputs) {
    if (topic.partitions == 0) {
      missing.push_back(topic.name);
      continue;
    }
    if (topic.cleanup_policy && topic.cleanup_policy->find("compact") != std::string::npos) {
      compacted.push_back(
          absl::StrCat(topic.name, " (cleanup.policy=", *topic.cleanup_policy, ")"));
    }
    counts.push_back(absl::StrCat(topic.name, " has ", topic.partitions));
    different = different || topic.partitions != inputs.front().partitions;
  }
  if (!missing.empty()) {
    return absl::NotFoundError(
        absl::StrCat(missing.size() == 1 ? "topic " : "topics ", absl::StrJoin(missing, ", "),
                     missing.size() == 1 ? " does not exist" : " do not exist",
                     "; create with `tally topics create`, or start tallyd with --create-topics "
                     "--partitions P"));
  }
  if (!compacted.empty()) {
    return absl::FailedPreconditionError(absl::StrCat(
        "compaction would erase participants from the history: ", absl::StrJoin(compacted, ", "),
        "; set cleanup.policy=delete, retention.ms=-1 and retention.bytes=-1 on them"));
  }
  if (different) {
    return absl::FailedPreconditionError(absl::StrCat(
        "the three input topics must have the same number of partitions, but ",
        absl::StrJoin(counts, ", "),
        "; create them anew with one partition count (adding partitions to a topic in use moves "
        "keys and is no remedy)"));
  }
  return inputs.front().partitions;
}

absl::Status CheckPartitions(const std::vector<TopicInfo>& inputs, int32_t partition_count) {
  std::vector<std::string> more;
  for (const auto& topic : inputs) {
    if (topic.partitions <= partition_count) continue;
    more.push_back(absl::StrCat(topic.name, " has ", topic.partitions));
  }
  if (more.empty()) return absl::OkStatus();
  return absl::FailedPreconditionError(absl::StrCat(
      "partitions were added: the state was made from ", partition_count, ", and now ",
      absl::StrJoin(more, ", "),
      ". Keys are placed by that number, so that from then on one event's records may lie in two "
      "partitions, and Kafka cannot take partitions away. Nothing is lost: stop the producers, "
      "make "
      "the three topics anew with one partition count under another prefix (`tally topics "
      "create`), send all records there again, each topic in its order, and start tallyd with that "
      "--topic-prefix and another --data-dir"));
}

std::vector<std::string> FiniteRetention(const std::vector<TopicInfo>& inputs) {
  std::vector<std::string> finite;
  for (const auto& topic : inputs) {
    if (topic.retention_ms.value_or(-1) >= 0 || topic.retention_bytes.value_or(-1) >= 0) {
      finite.push_back(topic.name);
    }
  }
  return finite;
}

absl::Status CheckResume(const std::string& prefix, int32_t partition, const Offsets& next,
                         const std::vector<LogRange>& ranges) {
  for (const auto topic : domain::kTopics) {
    const int64_t offset = next[domain::Index(topic)];
    const LogRange& range = ranges[static_cast<size_t>(domain::Index(topic))];
    const std::string name = PartitionName(prefix, topic, partition);
    if (offset < range.begin) {
      return absl::OutOfRangeError(absl::StrCat(
          name, ": the store is at offset ", offset, " but the log starts at ", range.begin, ": ",
          range.begin - offset,
          " offsets were deleted before they were read. Restore a backup that is at least that far "
          "(`tally restore`), and give the topic retention.ms=-1 and retention.bytes=-1"));
    }
    if (offset > range.end) {
      return ShortLog(prefix + std::string(domain::TopicSuffix(topic)), partition, offset,
                      range.end);
    }
  }
  return absl::OkStatus();
}

absl::Status CheckLogBase(const std::string& prefix, int32_t partition,
                          const std::vector<LogRange>& ranges) {
  std::vector<std::string> lost;
  for (const auto topic : domain::kTopics) {
    const LogRange& range = ranges[static_cast<size_t>(domain::Index(topic))];
    if (range.begin > 0) {
      lost.push_back(
          absl::StrCat(PartitionName(prefix, topic, partition), " starts at ", range.begin));
    }
  }
  if (lost.empty()) return absl::OkStatus();
  return absl::FailedPreconditionError(absl::StrCat(
      "the log no longer starts at 0 (", absl::StrJoin(lost, ", "),
      "), so a new store would count too little. Restore a backup into --data-dir, or accept what "
      "is missing with --accept-log-base (it is recorded in the store and shown)"));
}

}  // namespace tally
