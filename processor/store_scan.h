// Recomputes what a store says of itself by looking at every row: the ground of `tally inspect` and
// of every proof that a store is right.
#pragma once

#include <cstdint>
#include <functional>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "processor/domain/digest.h"
#include "processor/rows.h"
#include "store/store.h"

namespace tally {

struct StoreScan {
  domain::Digest digest;
  uint64_t events = 0;
  uint64_t participants = 0;
  uint64_t distributions = 0;
  uint64_t hours = 0;  // timeline rows
  uint64_t user_rows = 0;
};

// Reads all rows once, in key order but for participants' events, which are kept in memory (their
// keys and channel digests, not their aggregates' text). kDataLoss: a damaged row, a row of an
// event that there is none of, or a user's row that the event's description does not bear out;
// named. `rows_seen` is told the number of rows now and then; false cancels (kCancelled).
absl::StatusOr<StoreScan> ScanStore(const store::Snapshot& snapshot,
                                    const std::function<bool(uint64_t rows_seen)>& progress = {});

}  // namespace tally
