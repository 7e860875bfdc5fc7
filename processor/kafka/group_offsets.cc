#include "processor/kafka/group_offsets.h"

#include <spdlog/spdlog.h>

#include <algorithm>

#include "processor/steady_now.h"

namespace tally::kafka {

GroupOffsets::GroupOffsets(Client& client, std::string group)
    : client_(client), group_(std::move(group)), answers_(rd_kafka_queue_new(client.get())) {}

void GroupOffsets::Set(const std::string& topic, int32_t partition, int64_t next_offset) {
  if (group_.empty() || next_offset < 0) return;
  const std::pair<std::string, int32_t> place(topic, partition);
  const auto sent = sent_.find(place);
  if (sent != sent_.end() && sent->second == next_offset) return;
  waiting_[place] = next_offset;
}

void GroupOffsets::Serve() {
  if (under_way_) HandleAnswer(0);
  if (!under_way_ && !waiting_.empty()) Send();
}

void GroupOffsets::Flush(absl::Duration timeout) {
  constexpr int kSliceMs = 20;
  const absl::Time deadline = SteadyNow() + timeout;
  Serve();
  while (under_way_ && SteadyNow() < deadline) {
    HandleAnswer(kSliceMs);
    Serve();
  }
}

void GroupOffsets::HandleAnswer(int timeout_ms) {
  EventPtr event(rd_kafka_queue_poll(answers_.get(), timeout_ms));
  if (event == nullptr || rd_kafka_event_type(event.get()) != RD_KAFKA_EVENT_OFFSET_COMMIT) return;
  under_way_ = false;
  const rd_kafka_resp_err_t error = rd_kafka_event_error(event.get());
  if (error == RD_KAFKA_RESP_ERR_NO_ERROR || error == RD_KAFKA_RESP_ERR__NO_OFFSET) return;
  sent_.clear();
  spdlog::warn(
      "kafka: offsets could not be committed to group {}: {}; lag tools show old values, counts "
      "are not affected",
      group_, rd_kafka_err2str(error));
}

void GroupOffsets::Send() {
  PartitionListPtr list(rd_kafka_topic_partition_list_new(static_cast<int>(waiting_.size())));
  for (const auto& [place, next] : waiting_) {
    rd_kafka_topic_partition_list_add(list.get(), place.first.c_str(), place.second)->offset = next;
    sent_[place] = next;
  }
  waiting_.clear();
  under_way_ = rd_kafka_commit_queue(client_.get(), list.get(), answers_.get(), nullptr, nullptr) ==
               RD_KAFKA_RESP_ERR_NO_ERROR;
}

}  // namespace tally::kafka
