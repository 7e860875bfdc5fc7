// What verify found out about one shard.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "processor/finding.h"
#include "processor/store_check.h"
#include "store/lineage.h"
#include "store/store.h"

namespace tally::cli {

enum class Verdict : uint8_t { kEqual, kDiffers, kUnchecked };

struct ShardVerdict {
  int32_t partition = 0;
  Verdict verdict = Verdict::kUnchecked;
  // Why it could not be checked, or what is too damaged to be looked at; empty otherwise.
  std::string why;
  std::optional<store::Lineage> lineage;
  std::optional<CheckpointRow> checkpoint;
  std::optional<StoreScan> scan;             // when all rows were looked at
  std::optional<domain::Digest> log_digest;  // when the log was replayed
  uint64_t rows = 0;
  std::vector<Finding> findings;  // the first ones
  uint64_t findings_count = 0;
};

// kDataLoss is damage, so a difference; anything else means that it could not be checked.
Verdict VerdictOf(const absl::Status& status);

// False cancels.
using RowsProgress = std::function<bool(uint64_t rows)>;

// Reads lineage and checkpoint and looks at all rows.
void CheckRows(const store::Snapshot& snapshot, size_t findings_max, const RowsProgress& progress,
               ShardVerdict* verdict);

// The worst of all: a difference before what is unchecked. Unchecked when there is none.
Verdict Worst(const std::vector<ShardVerdict>& shards);

std::string VerdictsText(const std::string& data_dir, const std::vector<ShardVerdict>& shards,
                         bool color);
std::string VerdictsJson(const std::string& data_dir, const std::vector<ShardVerdict>& shards);

}  // namespace tally::cli
