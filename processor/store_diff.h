// Names the rows in which two stores of one lineage differ, by what they mean: events by their ids
// and channels by their names, not by the numbers that each store gave them.
#pragma once

#include <cstdint>
#include <functional>

#include "absl/status/status.h"
#include "processor/finding.h"
#include "store/store.h"

namespace tally {

// Adds a finding for every difference: `stored` is what `store` has, `expected` what `right` has. A
// row that is damaged in `store` differs. Goes through both stores event by event, in memory
// bounded by one event's description and channels. `progress` is told the number of events now and
// then; false cancels (kCancelled). Errors: of rows that cannot be read, or are damaged in `right`.
absl::Status DiffStores(const store::Snapshot& store, const store::Snapshot& right,
                        Findings& findings,
                        const std::function<bool(uint64_t events)>& progress = {});

}  // namespace tally
