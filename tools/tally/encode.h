// The input messages as a service would write them: JSON text or Protobuf bytes. The reverse of
// processor/domain/decode.h. Pure; the output is appended, so that buffers can be reused.
#pragma once

#include <string>
#include <string_view>

#include "processor/domain/events.h"

namespace tally::cli {

inline constexpr std::string_view kContentTypeHeader = "content-type";
inline constexpr std::string_view kJsonContentType = "application/json";
inline constexpr std::string_view kProtobufContentType = "application/x-protobuf";

// Optional fields that have no value, an empty distributionId and an empty channelType are left
// out. Times are written at +09:00, with milliseconds only where there are any; money exactly.
// Strings must be valid UTF-8.
void AppendJson(const domain::EventCreated& event, std::string* out);
void AppendJson(const domain::ParticipantRegistered& event, std::string* out);
void AppendJson(const domain::DistributionCompleted& event, std::string* out);

void AppendProtobuf(const domain::EventCreated& event, std::string* out);
void AppendProtobuf(const domain::ParticipantRegistered& event, std::string* out);
void AppendProtobuf(const domain::DistributionCompleted& event, std::string* out);

// A JSON string with its quotes.
void AppendJsonString(std::string_view text, std::string* out);
// RFC 3339 at +09:00, e.g. 2026-01-01T09:30:00+09:00.
void AppendTime(domain::Millis time, std::string* out);

}  // namespace tally::cli
