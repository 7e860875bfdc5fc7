#include "processor/domain/siphash.h"

#include <bit>
#include <cstddef>

#include "processor/domain/little_endian.h"

namespace tally::domain {
namespace {

struct State {
  uint64_t v0, v1, v2, v3;

  void Round() {
    v0 += v1;
    v1 = std::rotl(v1, 13) ^ v0;
    v0 = std::rotl(v0, 32);
    v2 += v3;
    v3 = std::rotl(v3, 16) ^ v2;
    v0 += v3;
    v3 = std::rotl(v3, 21) ^ v0;
    v2 += v1;
    v1 = std::rotl(v1, 17) ^ v2;
    v2 = std::rotl(v2, 32);
  }
  void Absorb(uint64_t word) {
    v3 ^= word;
    Round();
    Round();
    v0 ^= word;
  }
  uint64_t Squeeze() {
    for (int i = 0; i < 4; ++i) Round();
    return v0 ^ v1 ^ v2 ^ v3;
  }
};

State Start(const SipKey& key) {
  const uint64_t k0 = LoadU64(key.data());
  const uint64_t k1 = LoadU64(key.data() + 8);
  return {.v0 = k0 ^ 0x736f6d6570736575,
          .v1 = k1 ^ 0x646f72616e646f6d ^ 0xee,  // 0xee: the variant with 128 bits
          .v2 = k0 ^ 0x6c7967656e657261,
          .v3 = k1 ^ 0x7465646279746573};
}

// The last up to 7 bytes, with the message's length in the top byte.
uint64_t LastWord(const uint8_t* tail, size_t length) {
  uint64_t word = static_cast<uint64_t>(length) << 56;
  for (size_t i = 0; i < length % 8; ++i) word |= static_cast<uint64_t>(tail[i]) << (8 * i);
  return word;
}

}  // namespace

SipHash128Bytes SipHash128(const SipKey& key, std::string_view message) {
  const auto* bytes = reinterpret_cast<const uint8_t*>(message.data());
  const size_t whole = message.size() / 8 * 8;
  State state = Start(key);
  for (size_t i = 0; i < whole; i += 8) state.Absorb(LoadU64(bytes + i));
  state.Absorb(LastWord(bytes + whole, message.size()));

  SipHash128Bytes hash;
  state.v2 ^= 0xee;
  StoreU64(state.Squeeze(), hash.data());
  state.v1 ^= 0xdd;
  StoreU64(state.Squeeze(), hash.data() + 8);
  return hash;
}

}  // namespace tally::domain
