// Positions as callers see them: tokens (`Tally-Position`) and minimal positions
// (`Tally-Min-Position`).
//
// A token is base64url without padding of
//   version (1 byte, 1), log identity (6 bytes of its hash), number of shards, then for each shard
//   ascending: partition - previous partition - 1 (the first: partition), set of topics (bit i is
//   topic i), next offset of each topic in the set, ascending
// with all numbers as unsigned LEB128. Topics are numbered, so that a further topic fits.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "query/problem.h"
#include "query/reader.h"

namespace tally::query {

inline constexpr std::string_view kMinPositionParameter = "Tally-Min-Position";
inline constexpr size_t kMinPositionEntriesMax = 1000;

// What positions are positions of.
struct LogFacts {
  std::string identity;  // Reader::LogIdentity
  std::string topic_prefix;
  int32_t partition_count = 0;  // > 0
};

std::string EncodePosition(const Position& position, std::string_view log_identity);

// Parses the value of Tally-Min-Position: tokens and `topic/partition@nextOffset`, by commas, in
// any mix; empty elements are skipped as in every HTTP list. Gives the greatest offset of each
// (topic, partition) named, ascending; what is wrong is appended to `errors`.
std::vector<MinOffset> ParseMinPosition(std::string_view value, const LogFacts& log,
                                        std::vector<ParameterError>& errors);

}  // namespace tally::query
