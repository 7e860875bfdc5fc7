// SipHash-2-4 with 128-bit output (Aumasson, Bernstein: "SipHash: a fast short-input PRF"), checked
// against the reference implementation's vectors.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace tally::domain {

using SipKey = std::array<uint8_t, 16>;
using SipHash128Bytes = std::array<uint8_t, 16>;

SipHash128Bytes SipHash128(const SipKey& key, std::string_view message);

}  // namespace tally::domain
