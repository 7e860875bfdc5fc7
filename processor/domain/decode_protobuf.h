// Protobuf values of the three topics (proto/tally/v1/events.proto) into fields.
//
// A string without `optional` that is empty is absent, as proto3 sends it. Unknown fields are
// ignored; strings that are not UTF-8 make the value undecodable.
#pragma once

#include <optional>
#include <string_view>

#include "processor/domain/decode.h"
#include "processor/domain/decode_fields.h"
#include "tally/v1/events.pb.h"

namespace tally::domain {

// One thread. Reuses its messages, so reading a usual value does not allocate. The fields' texts
// live until the next Read.
class ProtobufReader {
 public:
  ProtobufReader();

  [[nodiscard]] std::optional<Rejection> Read(std::string_view value, EventCreatedFields& fields);
  [[nodiscard]] std::optional<Rejection> Read(std::string_view value,
                                              ParticipantRegisteredFields& fields);
  [[nodiscard]] std::optional<Rejection> Read(std::string_view value,
                                              DistributionCompletedFields& fields,
                                              ChannelListSink& list);

 private:
  v1::EventCreated created_;
  v1::ParticipantRegistered registered_;
  v1::DistributionCompleted completed_;
};

}  // namespace tally::domain
