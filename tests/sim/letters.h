// The dead-letter topics, and one process's sink into them.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <utility>
#include <vector>

#include "processor/dead_letters.h"
#include "processor/log_source.h"
#include "tests/sim/random.h"

namespace tally::sim {

// What the broker has. Outlives every sink.
class LetterTopics {
 public:
  struct Letter {
    int64_t offset;
    domain::Reason reason;
  };
  using Place = std::pair<int, int32_t>;  // topic index, partition

  // `one_writer`: letters must not be repeated.
  explicit LetterTopics(bool one_writer) : one_writer_(one_writer) {}

  // Fails the life when a letter is repeated that must not be.
  void Add(const Place& place, const Letter& letter);
  // nullptr: there is none.
  const Letter* Find(const Place& place, int64_t offset) const;
  // In the order of the log, each once.
  std::vector<int64_t> OffsetsOf(const Place& place) const;
  // What start-up finds out from the topics' ends.
  Offsets WrittenBelow(int32_t partition) const;

 private:
  const bool one_writer_;
  std::map<Place, std::vector<Letter>> letters_;
};

// As the real one: the letters that a topic's partition gets are always a prefix of those that were
// written to the sink.
class Letters final : public DeadLetterSink {
 public:
  explicit Letters(LetterTopics& topics) : topics_(topics) {}

  bool Write(const domain::Record& record, const domain::Rejection& rejection, Done done) override;

  // The broker acknowledges up to `count` of the oldest.
  void Acknowledge(int count);
  // Those of a partition are lost; the broker may have some of them all the same.
  void Lose(int32_t partition, Random& random);
  // The process is gone; as above, and nobody is told.
  void Crash(Random& random);
  void SetFull(bool full) { full_ = full; }
  size_t in_flight() const { return in_flight_.size(); }

 private:
  struct InFlight {
    LetterTopics::Place place;
    LetterTopics::Letter letter;
    Done done;
  };
  LetterTopics& topics_;
  bool full_ = false;
  std::deque<InFlight> in_flight_;
};

}  // namespace tally::sim
