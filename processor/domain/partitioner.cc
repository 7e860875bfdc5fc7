#include "processor/domain/partitioner.h"

#include <array>

namespace tally::domain {
namespace {

constexpr std::array kAll = {Partitioner::kMurmur2, Partitioner::kCrc32, Partitioner::kFnv1a};

uint32_t ByteAt(std::string_view key, size_t index) { return static_cast<uint8_t>(key[index]); }

// org.apache.kafka.common.utils.Utils.murmur2, which librdkafka's rd_murmur2 follows.
uint32_t Murmur2(std::string_view key) {
  constexpr uint32_t kSeed = 0x9747b28c;
  constexpr uint32_t kMultiplier = 0x5bd1e995;
  uint32_t hash = kSeed ^ static_cast<uint32_t>(key.size());
  size_t i = 0;
  for (; i + 4 <= key.size(); i += 4) {
    uint32_t word = ByteAt(key, i) | ByteAt(key, i + 1) << 8 | ByteAt(key, i + 2) << 16 |
                    ByteAt(key, i + 3) << 24;
    word *= kMultiplier;
    word ^= word >> 24;
    word *= kMultiplier;
    hash = hash * kMultiplier ^ word;
  }
  const size_t rest = key.size() - i;
  if (rest >= 3) hash ^= ByteAt(key, i + 2) << 16;
  if (rest >= 2) hash ^= ByteAt(key, i + 1) << 8;
  if (rest >= 1) {
    hash ^= ByteAt(key, i);
    hash *= kMultiplier;
  }
  hash ^= hash >> 13;
  hash *= kMultiplier;
  return hash ^ hash >> 15;
}

constexpr std::array<uint32_t, 256> MakeCrcTable() {
  constexpr uint32_t kPolynomial = 0xedb88320;  // IEEE 802.3, reflected
  std::array<uint32_t, 256> table{};
  for (uint32_t byte = 0; byte < 256; ++byte) {
    uint32_t crc = byte;
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ ((crc & 1) != 0 ? kPolynomial : 0);
    table[byte] = crc;
  }
  return table;
}

uint32_t Crc32(std::string_view key) {
  static constexpr std::array<uint32_t, 256> kTable = MakeCrcTable();
  uint32_t crc = 0xffffffff;
  for (size_t i = 0; i < key.size(); ++i) {
    crc = kTable[(crc ^ ByteAt(key, i)) & 0xff] ^ (crc >> 8);
  }
  return ~crc;
}

// librdkafka's rd_fnv1a: the 32-bit hash taken as signed, then its absolute value (as Sarama's).
uint32_t Fnv1a(std::string_view key) {
  uint32_t hash = 0x811c9dc5;
  for (size_t i = 0; i < key.size(); ++i) hash = (hash ^ ByteAt(key, i)) * 0x01000193;
  return (hash >> 31) != 0 ? -hash : hash;
}

uint32_t Hash(Partitioner partitioner, std::string_view key) {
  switch (partitioner) {
    case Partitioner::kMurmur2:
      return Murmur2(key) & 0x7fffffff;
    case Partitioner::kCrc32:
      return Crc32(key);
    case Partitioner::kFnv1a:
      return Fnv1a(key);
  }
  return 0;
}

}  // namespace

std::optional<Partitioner> ParsePartitioner(std::string_view name) {
  if (name == "murmur2" || name == "murmur2_random") return Partitioner::kMurmur2;
  if (name == "consistent" || name == "consistent_random") return Partitioner::kCrc32;
  if (name == "fnv1a" || name == "fnv1a_random") return Partitioner::kFnv1a;
  return std::nullopt;
}

std::string_view PartitionerName(Partitioner partitioner) {
  switch (partitioner) {
    case Partitioner::kMurmur2:
      return "murmur2_random";
    case Partitioner::kCrc32:
      return "consistent_random";
    case Partitioner::kFnv1a:
      return "fnv1a_random";
  }
  return "";
}

std::span<const Partitioner> AllPartitioners() { return kAll; }

int32_t PartitionOf(Partitioner partitioner, std::string_view key, int32_t partitions) {
  return static_cast<int32_t>(Hash(partitioner, key) % static_cast<uint32_t>(partitions));
}

}  // namespace tally::domain
