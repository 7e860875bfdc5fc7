// 128-bit integers, for sums: 10^15 hundredths of money (or 10^12 views) times any number of
// records does not overflow them.
#pragma once

namespace tally::domain {

__extension__ typedef __int128 Int128;
__extension__ typedef unsigned __int128 Uint128;

}  // namespace tally::domain
