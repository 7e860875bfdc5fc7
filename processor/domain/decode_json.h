// JSON values of the three topics into fields. The only user of simdjson.
//
// The value must be one JSON object (RFC 8259, UTF-8, no byte order mark) with nothing after it;
// all of it is checked, also what is ignored: unknown fields, to any depth. Of a key that is
// repeated the last one wins, as in Protobuf.
#pragma once

#include <memory>
#include <optional>
#include <string_view>

#include "processor/domain/decode.h"
#include "processor/domain/decode_fields.h"

namespace tally::domain {

// One thread. Keeps buffers as large as the largest value so far, so reading a usual one does not
// allocate. The fields' texts live until the next Read.
class JsonReader {
 public:
  JsonReader();
  ~JsonReader();

  [[nodiscard]] std::optional<Rejection> Read(std::string_view value, EventCreatedFields& fields);
  [[nodiscard]] std::optional<Rejection> Read(std::string_view value,
                                              ParticipantRegisteredFields& fields);
  [[nodiscard]] std::optional<Rejection> Read(std::string_view value,
                                              DistributionCompletedFields& fields,
                                              ChannelListSink& list);

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace tally::domain
