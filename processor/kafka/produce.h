// Handing one record to librdkafka's producer. Internal to this folder.
#pragma once

#include <librdkafka/rdkafka.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "processor/kafka/client.h"

namespace tally::kafka {

HeadersPtr NewHeaders(size_t count);
void AddHeader(rd_kafka_headers_t* headers, std::string_view name,
               std::optional<std::string_view> value);

struct Outgoing {
  rd_kafka_topic_t* topic = nullptr;
  int32_t partition = RD_KAFKA_PARTITION_UA;
  std::optional<std::string_view> key;
  std::optional<std::string_view> value;
  int64_t timestamp_ms = 0;  // 0: now
  HeadersPtr headers;        // may be null
  void* opaque = nullptr;    // rd_kafka_message_t::_private of the delivery report
};

// Copies key and value. Never blocks: RD_KAFKA_RESP_ERR__QUEUE_FULL when the client's queue is. On
// failure `outgoing` is unchanged and `reason` says why.
rd_kafka_resp_err_t Produce(rd_kafka_t* handle, Outgoing& outgoing, std::string& reason);

}  // namespace tally::kafka
