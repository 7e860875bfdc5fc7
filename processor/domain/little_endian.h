// Integers as little-endian bytes, whatever the machine: for hashes and encodings that must be the
// same everywhere.
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>

namespace tally::domain {

static_assert(std::endian::native == std::endian::little ||
              std::endian::native == std::endian::big);

inline uint64_t ToLittleEndian(uint64_t value) {
  if constexpr (std::endian::native == std::endian::big) return __builtin_bswap64(value);
  return value;
}

inline uint64_t LoadU64(const uint8_t* bytes) {
  uint64_t value;
  std::memcpy(&value, bytes, sizeof value);
  return ToLittleEndian(value);
}

inline void StoreU64(uint64_t value, uint8_t* bytes) {
  value = ToLittleEndian(value);
  std::memcpy(bytes, &value, sizeof value);
}

inline void StoreU32(uint32_t value, uint8_t* bytes) {
  if constexpr (std::endian::native == std::endian::big) value = __builtin_bswap32(value);
  std::memcpy(bytes, &value, sizeof value);
}

}  // namespace tally::domain
