// How inspect shows what it read: tables, or JSON.
#pragma once

#include <string>
#include <vector>

#include "tools/tally/shard_report.h"

namespace tally::cli {

std::string ShardsText(const std::string& data_dir, const std::vector<ShardReport>& shards,
                       bool color);
std::string ShardsJson(const std::string& data_dir, const std::vector<ShardReport>& shards);

std::string EventText(const EventReport& event, bool color);
std::string EventJson(const EventReport& event);

// 24 lower-case hexadecimal digits.
std::string HashHex(const ParticipantHashBytes& hash);
// The start of an hour, RFC 3339, UTC.
std::string HourText(domain::Hour hour);

}  // namespace tally::cli
