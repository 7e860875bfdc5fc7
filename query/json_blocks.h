// Blocks that several answers have.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "query/json_writer.h"
#include "query/views/common.h"

namespace tally::query {

// "eventId" or "userId".
void WriteSubject(JsonWriter& json, const Subject& subject);
// "period": the window's, null when nothing limits it.
void WritePeriod(JsonWriter& json, const Window& window);
// "period": this range.
void WritePeriod(JsonWriter& json, const std::optional<HourRange>& range, const Window& window);
void WriteChannels(JsonWriter& json, std::string_view key,
                   const std::vector<ChannelPerformance>& channels);
void WriteLastUpdatedAt(JsonWriter& json, const Frame& frame);

}  // namespace tally::query
