#include "processor/kafka/log_range.h"

#include "absl/strings/str_cat.h"
#include "processor/steady_now.h"

namespace tally::kafka {
namespace {

constexpr absl::Duration kRetryInterval = absl::Milliseconds(50);

std::string NameOf(const std::vector<Place>& places) {
  std::string text = absl::StrCat(places.front().topic, "/", places.front().partition);
  if (places.size() > 1) absl::StrAppend(&text, " and ", places.size() - 1, " more");
  return text;
}

// rd_kafka_offsets_for_times sends the "timestamps" as they are, and the protocol's special values
// for a log's begin and end are librdkafka's logical offsets.
absl::StatusOr<std::vector<int64_t>> QueryOnce(Client& client, const std::vector<Place>& places,
                                               int64_t logical, absl::Duration timeout) {
  const std::string context = absl::StrCat("offsets of ", NameOf(places));
  PartitionListPtr list(rd_kafka_topic_partition_list_new(static_cast<int>(places.size())));
  for (const Place& place : places) {
    rd_kafka_topic_partition_list_add(list.get(), place.topic.c_str(), place.partition)->offset =
        logical;
  }
  const rd_kafka_resp_err_t error =
      rd_kafka_offsets_for_times(client.get(), list.get(), TimeoutMs(timeout));
  if (error != RD_KAFKA_RESP_ERR_NO_ERROR) return ToStatus(error, context);
  std::vector<int64_t> offsets;
  for (const Place& place : places) {
    const auto* found =
        rd_kafka_topic_partition_list_find(list.get(), place.topic.c_str(), place.partition);
    if (found->err != RD_KAFKA_RESP_ERR_NO_ERROR) {
      return ToStatus(found->err, absl::StrCat("offsets of ", place.topic, "/", place.partition));
    }
    if (found->offset < 0) return absl::UnavailableError(absl::StrCat(context, ": no answer"));
    offsets.push_back(found->offset);
  }
  return offsets;
}

// Leaders move, and those of a new topic settle a moment after it can be described.
absl::StatusOr<std::vector<int64_t>> QueryOffsets(Client& client, const std::vector<Place>& places,
                                                  int64_t logical, absl::Time deadline) {
  while (true) {
    auto offsets = QueryOnce(client, places, logical, deadline - SteadyNow());
    if (!absl::IsUnavailable(offsets.status())) return offsets;
    client.Poll(0);
    if (absl::Status status = client.Connection(); !status.ok()) return status;
    if (SteadyNow() + kRetryInterval >= deadline) return offsets;
    absl::SleepFor(kRetryInterval);
  }
}

}  // namespace

absl::StatusOr<std::vector<LogRange>> QueryRanges(Client& client, const std::vector<Place>& places,
                                                  absl::Duration timeout) {
  if (places.empty()) return std::vector<LogRange>();
  const absl::Time deadline = SteadyNow() + timeout;
  // The end first: a log that grows or is cut meanwhile must not look as if it began after its end.
  auto ends = QueryOffsets(client, places, RD_KAFKA_OFFSET_END, deadline);
  if (!ends.ok()) return ends.status();
  auto begins = QueryOffsets(client, places, RD_KAFKA_OFFSET_BEGINNING, deadline);
  if (!begins.ok()) return begins.status();
  std::vector<LogRange> ranges;
  for (size_t i = 0; i < places.size(); ++i) {
    ranges.push_back({.begin = (*begins)[i], .end = std::max((*ends)[i], (*begins)[i])});
  }
  return ranges;
}

absl::StatusOr<LogRange> QueryRange(Client& client, const std::string& topic, int32_t partition,
                                    absl::Duration timeout) {
  auto ranges = QueryRanges(client, {{topic, partition}}, timeout);
  if (!ranges.ok()) return ranges.status();
  return ranges->front();
}

}  // namespace tally::kafka
