// FoldState over maps. Strict about the contract: whatever the contract says may become invalid
// does, so that a fold that holds on to it fails here, and not only over the real delta.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>

#include "absl/status/statusor.h"
#include "processor/domain/digest.h"
#include "processor/domain/fold.h"
#include "processor/domain/participant_hash.h"
#include "tests/fakes/input_record.h"
#include "tests/fakes/logical_state.h"

namespace tally::domain {

class MapFoldState : public FoldState {
 public:
  absl::StatusOr<const EventAggregate*> OpenEvent(std::string_view event_id) override;
  EventAggregate& Mutate() override;
  absl::StatusOr<Contribution*> InsertParticipant(std::string_view participant_id) override;
  absl::StatusOr<const Distribution*> FindDistribution(std::string_view channel_as_sent,
                                                       std::string_view distribution_id) override;
  void PutDistribution(std::string_view channel_as_sent, std::string_view distribution_id,
                       Distribution distribution) override;
  void AddToHour(Hour hour, ChannelIndex channel, const HourCounts& change) override;
  void MoveToUser(std::string_view from_user, std::string_view to_user) override;

  // Lets `calls` calls that can fail pass, and the one after them fail with kInternal.
  void FailAfter(int calls) { calls_until_failure_ = calls; }

  LogicalState Logical();
  // From the rows as they stand.
  Digest DigestOfRows(const HashKey& key);
  // The timeline's part, as the sum of the terms of all changes so far.
  Digest digest_of_hour_changes() const { return digest_of_hour_changes_; }
  // The timeline's part, from the cells as they stand.
  Digest DigestOfHours();

 private:
  struct Event {
    std::unique_ptr<EventAggregate> aggregate;
    std::map<std::string, Contribution> participants;
    std::map<std::pair<std::string, std::string>, Distribution> distributions;
    std::map<std::pair<Hour, ChannelIndex>, HourCounts> timeline;
  };
  // A contribution that the fold has been handed to fill in.
  struct Inserted {
    std::string participant_id;
    std::unique_ptr<Contribution> contribution;
  };

  Event& Opened();
  // Every call: what was valid until the next one is not any more.
  void EndLastCall();
  absl::Status MaybeFail();

  std::map<std::string, Event> events_;
  std::map<std::string, std::set<std::string>> events_of_user_;
  std::string opened_;
  std::optional<Inserted> inserted_;
  std::unique_ptr<Distribution> found_;
  Digest digest_of_hour_changes_;
  int calls_until_failure_ = -1;
};

// Folds a record of any topic.
absl::StatusOr<Outcome> FoldAny(const InputRecord& record, FoldState& state);

}  // namespace tally::domain
