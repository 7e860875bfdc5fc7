// Copies a store row by row, as of one snapshot: for backups, which so need nothing of the process
// that writes the store, and may go to another file system.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "processor/rows.h"
#include "store/lineage.h"
#include "store/store.h"

namespace tally {

// What a whole store says of itself.
struct StoreIdentity {
  store::Lineage lineage;
  CheckpointRow checkpoint;
};

// Makes a store at `path`, where there is none, of all rows of `snapshot`; then looks at every row
// of the copy. So what it returns has been read from the copy and is right. `progress` is told the
// rows copied, then the rows looked at; false cancels (kCancelled). Errors: kDataLoss, the rows are
// wrong or cannot be read; those of the store that is written. What was made until then is left.
absl::StatusOr<StoreIdentity> CopyStore(const store::Snapshot& snapshot, const std::string& path,
                                        const std::function<bool(uint64_t rows)>& progress);

}  // namespace tally
