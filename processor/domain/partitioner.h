// Key-based partitioners by librdkafka's names, as pure functions.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace tally::domain {

// `consistent` and `consistent_random` (CRC32), `murmur2` and `murmur2_random` (Java's default),
// `fnv1a` and `fnv1a_random` differ only for records without a key, which Tally refuses anyway.
enum class Partitioner : uint8_t { kMurmur2 = 0, kCrc32 = 1, kFnv1a = 2 };

// nullopt: not a key-based partitioner's name.
std::optional<Partitioner> ParsePartitioner(std::string_view name);
// The `_random` form: "murmur2_random", "consistent_random", "fnv1a_random".
std::string_view PartitionerName(Partitioner partitioner);
std::span<const Partitioner> AllPartitioners();

// The partition of a non-empty key. 1 <= partitions.
int32_t PartitionOf(Partitioner partitioner, std::string_view key, int32_t partitions);

}  // namespace tally::domain
