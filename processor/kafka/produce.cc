#include "processor/kafka/produce.h"

#include <array>

namespace tally::kafka {
namespace {

// librdkafka takes a null pointer for "null", not for "empty".
const void* Data(const std::optional<std::string_view>& bytes) {
  if (!bytes) return nullptr;
  return bytes->data() == nullptr ? "" : bytes->data();
}
size_t Size(const std::optional<std::string_view>& bytes) { return bytes ? bytes->size() : 0; }

rd_kafka_vu_t Memory(rd_kafka_vtype_t type, const std::optional<std::string_view>& bytes) {
  rd_kafka_vu_t argument{};
  argument.vtype = type;
  argument.u.mem.ptr = const_cast<void*>(Data(bytes));
  argument.u.mem.size = Size(bytes);
  return argument;
}

}  // namespace

HeadersPtr NewHeaders(size_t count) { return HeadersPtr(rd_kafka_headers_new(count)); }

void AddHeader(rd_kafka_headers_t* headers, std::string_view name,
               std::optional<std::string_view> value) {
  rd_kafka_header_add(headers, name.data(), static_cast<ssize_t>(name.size()), Data(value),
                      static_cast<ssize_t>(Size(value)));
}

rd_kafka_resp_err_t Produce(rd_kafka_t* handle, Outgoing& outgoing, std::string& reason) {
  std::array<rd_kafka_vu_t, 8> arguments{};
  size_t count = 0;
  arguments[count].vtype = RD_KAFKA_VTYPE_RKT;
  arguments[count++].u.rkt = outgoing.topic;
  arguments[count].vtype = RD_KAFKA_VTYPE_PARTITION;
  arguments[count++].u.i32 = outgoing.partition;
  arguments[count++] = Memory(RD_KAFKA_VTYPE_KEY, outgoing.key);
  arguments[count++] = Memory(RD_KAFKA_VTYPE_VALUE, outgoing.value);
  arguments[count].vtype = RD_KAFKA_VTYPE_TIMESTAMP;
  arguments[count++].u.i64 = outgoing.timestamp_ms;
  arguments[count].vtype = RD_KAFKA_VTYPE_MSGFLAGS;
  arguments[count++].u.i = RD_KAFKA_MSG_F_COPY;
  arguments[count].vtype = RD_KAFKA_VTYPE_OPAQUE;
  arguments[count++].u.ptr = outgoing.opaque;
  if (outgoing.headers != nullptr) {
    arguments[count].vtype = RD_KAFKA_VTYPE_HEADERS;
    arguments[count++].u.headers = outgoing.headers.get();
  }
  ErrorPtr error(rd_kafka_produceva(handle, arguments.data(), count));
  if (error == nullptr) {
    (void)outgoing.headers.release();  // taken
    return RD_KAFKA_RESP_ERR_NO_ERROR;
  }
  reason = rd_kafka_error_string(error.get());
  return rd_kafka_error_code(error.get());
}

}  // namespace tally::kafka
