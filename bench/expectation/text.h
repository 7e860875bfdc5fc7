// The few formats that the workloads use, read by code of the expectation's own: what it has in
// common with tallyd would prove nothing. All throw std::runtime_error at what they do not know.
#pragma once

#include <cstdint>
#include <string_view>

namespace tally::bench {

// RFC 3339 with a zone, e.g. 2026-01-01T09:30:00.250+09:00, to milliseconds since 1970.
int64_t ParseTime(std::string_view text);

// A decimal number without exponent and with at most two decimals, to hundredths.
int64_t ParseMoney(std::string_view text);

}  // namespace tally::bench
