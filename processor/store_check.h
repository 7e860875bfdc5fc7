// Looks at every row of a store, in small steps and bounded memory, and checks all that can be
// known of it without the log: that rows parse and their checksums are right, that each belongs to
// what there is, that sums are the sums of their rows, and that all of it has the digest and the
// counts that the checkpoint says. The ground of `tally verify`, `tally inspect --scan` and
// tallyd's audit.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "processor/domain/digest.h"
#include "processor/event_check.h"
#include "processor/finding.h"
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

struct StoreCheckOptions {
  // For the events looked at together; their rows and all users' are gone through once for each
  // such group. An event with very many channels may take more.
  size_t memory_bytes = size_t{64} << 20;
  size_t findings_kept_max = 100;
};

// One thread at a time.
class StoreCheck {
 public:
  // `snapshot` outlives it.
  explicit StoreCheck(const store::Snapshot& snapshot, StoreCheckOptions options = {});
  ~StoreCheck();
  StoreCheck(const StoreCheck&) = delete;
  StoreCheck& operator=(const StoreCheck&) = delete;

  // Looks at up to `rows_max` rows; holds no iterator in between. True: there are more. Errors are
  // of rows that cannot be read, and end the check: kDataLoss (a block's checksum, no checkpoint),
  // kUnavailable (I/O).
  absl::StatusOr<bool> Step(size_t rows_max);

  // Rows looked at until now; some are looked at more than once.
  uint64_t rows() const { return rows_; }
  const Findings& findings() const { return findings_; }
  // Complete once Step returned false.
  const StoreScan& scan() const { return scan_; }

 private:
  struct Phase;
  static const std::array<Phase, 5> kPhases;

  absl::Status Start();
  absl::Status ReadCheckpoint();
  absl::Status StepPhase(size_t rows_max);
  absl::Status CheckGaps();
  void StartWindow(uint64_t begin);
  void FinishWindow();
  void Finish();
  std::string PhaseBound(uint64_t number) const;
  void EndPhase();

  void AddEvent(std::string_view key, std::string_view value);
  void AddDistribution(std::string_view key, std::string_view value);
  void AddHour(std::string_view key, std::string_view value);
  void AddParticipant(std::string_view key, std::string_view value);
  void AddUser(std::string_view key, std::string_view value);
  void CheckMarks(const EventRow& row);
  void ShrinkWindow();
  bool InWindow(EventNumber number) const {
    return number >= window_begin_ && number < window_end_;
  }
  EventCheck* Find(EventNumber number);
  void AddDamaged(std::string event_id, std::string row, const absl::Status& why);
  void AddOrphan(const EventCheck* event, std::string row);

  const store::Snapshot& snapshot_;
  const StoreCheckOptions options_;
  std::optional<CheckpointRow> checkpoint_;
  Findings findings_;
  StoreScan scan_;
  uint64_t rows_ = 0;

  // Events of numbers [begin, end) are looked at together; what is beyond has its turn later.
  uint64_t window_begin_ = 0;
  uint64_t window_end_ = 0;
  size_t window_bytes_ = 0;
  absl::flat_hash_map<EventNumber, std::unique_ptr<EventCheck>> events_;
  bool started_ = false;
  size_t phase_ = 0;
  std::string next_key_;  // empty: at the phase's beginning
  bool finished_ = false;

  EventCheck* last_ = nullptr;
  EventNumber last_number_ = 0;
  std::vector<HourCell> cells_;
};

// Checks all of it at once. kDataLoss: the first of what was found, or a row that cannot be read.
// `rows_seen` is told the number of rows now and then; false cancels (kCancelled).
absl::StatusOr<StoreScan> ScanStore(const store::Snapshot& snapshot,
                                    const std::function<bool(uint64_t rows_seen)>& progress = {});

}  // namespace tally
