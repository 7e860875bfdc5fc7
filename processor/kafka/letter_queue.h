// The letters that are not acknowledged yet, in the order of their writing. Internal to this
// folder.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <list>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "processor/dead_letters.h"
#include "processor/kafka/letter.h"

namespace tally::kafka {

struct PendingLetter {
  Letter letter;
  DeadLetterSink::Done done;
  absl::Time deadline;
  size_t bytes = 0;        // as counted against the queue's bound
  bool under_way = false;  // handed to librdkafka
};

struct SettledLetter {
  DeadLetterSink::Done done;
  absl::Status status;
};

// Not thread-safe: the sink's lock guards it. Pointers to letters are stable until they are
// settled.
class LetterQueue {
 public:
  LetterQueue(size_t letters_max, size_t bytes_max)
      : letters_max_(letters_max), bytes_max_(bytes_max) {}

  bool empty() const { return letters_.empty(); }
  bool Push(Letter letter, DeadLetterSink::Done done, absl::Time deadline);

  // The letters that may be handed to librdkafka now, in order. A big letter may come back to be
  // cut, so it travels alone in its partition: behind what is under way, before what follows.
  std::vector<PendingLetter*> Sendable();

  SettledLetter Acknowledge(PendingLetter* letter);
  // The letter and all behind it in its partition are lost.
  std::vector<SettledLetter> Fail(PendingLetter* letter, const absl::Status& status);
  std::vector<SettledLetter> FailAll(const absl::Status& status);
  // The oldest whose deadline has passed; nullptr: none.
  PendingLetter* FirstLate(absl::Time now);
  // Everything is to be handed over again.
  void Rewind();

 private:
  using Place = std::pair<std::string, int32_t>;
  using Letters = std::list<PendingLetter>;
  static Place PlaceOf(const PendingLetter& letter);
  Letters::iterator Remove(Letters::iterator letter, const absl::Status& status,
                           std::vector<SettledLetter>& settled);

  const size_t letters_max_;
  const size_t bytes_max_;
  Letters letters_;
  size_t bytes_ = 0;
};

}  // namespace tally::kafka
