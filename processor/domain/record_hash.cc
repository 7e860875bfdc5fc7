#include "processor/domain/record_hash.h"

#include <xxhash.h>

#include <array>

#include "processor/domain/little_endian.h"

namespace tally::domain {
namespace {

constexpr size_t kPart = sizeof(uint64_t);

// Null and empty are not the same.
void Put(const std::optional<std::string_view>& bytes, uint8_t* to) {
  StoreU64(bytes ? 1 : 0, to);
  StoreU64(bytes ? XXH3_64bits(bytes->data(), bytes->size()) : 0, to + kPart);
}

}  // namespace

uint64_t RecordHash(std::optional<std::string_view> key, std::optional<std::string_view> value,
                    int64_t timestamp_ms) {
  std::array<uint8_t, 5 * kPart> parts;
  Put(key, parts.data());
  Put(value, parts.data() + 2 * kPart);
  StoreU64(static_cast<uint64_t>(timestamp_ms), parts.data() + 4 * kPart);
  return XXH3_64bits(parts.data(), parts.size());
}

}  // namespace tally::domain
