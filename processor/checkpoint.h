// A checkpoint: turns a frozen delta into sorted rows and the new digest, for one atomic commit.
// Pure computation on immutable input; runs on a background thread while the fold goes on.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "processor/delta.h"
#include "processor/rows.h"
#include "store/store.h"

namespace tally {

// The rows of one checkpoint. One thread. Build it once per frozen delta: building moves the
// events' EventIdentity::row_digest on.
class CheckpointRows final : public store::CommitRows {
 public:
  // `before` is the checkpoint row that the frozen delta builds on, `snapshot` the rows it stands
  // for. Errors: the store's, when a replaced row cannot be read.
  static absl::StatusOr<std::unique_ptr<CheckpointRows>> Build(
      std::shared_ptr<const FrozenDelta> frozen, const CheckpointRow& before,
      const store::Snapshot& snapshot);

  // What the state is after this commit.
  const CheckpointRow& after() const { return after_; }

  // Back to the first row, for another try of the same commit.
  void Rewind() { next_ = 0; }

  std::optional<Row> Next() override;
  size_t SizeHint() const override;

 private:
  struct SmallRow {
    store::RowOp op;
    std::string key, value;
  };
  // A row of the table, as it is sorted: the number and the hash's beginning, then its end.
  struct Participant {
    uint64_t order;
    uint64_t order_end;
    domain::Contribution contribution;

    EventNumber number() const { return static_cast<EventNumber>(order >> 32); }
    ParticipantHashBytes hash() const;
  };

  CheckpointRows() = default;
  void AddEvents();
  absl::Status AddDistributions(const store::Snapshot& snapshot);
  void AddHours();
  void AddParticipants();
  void AddUsers();
  Row ParticipantAt(size_t index);

  std::shared_ptr<const FrozenDelta> frozen_;
  CheckpointRow after_;
  // Rows that sort before the participants' ('C', 'D', 'E', 'H') and after them ('U').
  std::vector<SmallRow> head_, tail_;
  std::vector<Participant> participants_;  // the bulk: encoded as they are handed out
  size_t next_ = 0;
  std::string key_, value_;
};

}  // namespace tally
