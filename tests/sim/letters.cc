#include "tests/sim/letters.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "tests/sim/failure.h"

namespace tally::sim {

using domain::Index;

void LetterTopics::Add(const Place& place, const Letter& letter) {
  auto& letters = letters_[place];
  if (one_writer_ && !letters.empty() && letters.back().offset >= letter.offset) {
    Fail("letter", fmt::format("the dead letter of topic {} partition {} offset {} was written "
                               "after that of offset {}: repeated or out of order",
                               place.first, place.second, letter.offset, letters.back().offset));
  }
  letters.push_back(letter);
}

const LetterTopics::Letter* LetterTopics::Find(const Place& place, int64_t offset) const {
  const auto letters = letters_.find(place);
  if (letters == letters_.end()) return nullptr;
  const auto found = std::find_if(letters->second.begin(), letters->second.end(),
                                  [&](const Letter& letter) { return letter.offset == offset; });
  return found == letters->second.end() ? nullptr : &*found;
}

std::vector<int64_t> LetterTopics::OffsetsOf(const Place& place) const {
  std::set<int64_t> offsets;
  if (const auto letters = letters_.find(place); letters != letters_.end()) {
    for (const Letter& letter : letters->second) offsets.insert(letter.offset);
  }
  return {offsets.begin(), offsets.end()};
}

Offsets LetterTopics::WrittenBelow(int32_t partition) const {
  Offsets below{};
  for (const auto& [place, letters] : letters_) {
    if (place.second != partition) continue;
    int64_t& of_topic = below[static_cast<size_t>(place.first)];
    for (const Letter& letter : letters) of_topic = std::max(of_topic, letter.offset + 1);
  }
  return below;
}

bool Letters::Write(const domain::Record& record, const domain::Rejection& rejection, Done done) {
  if (full_) return false;
  in_flight_.push_back({.place = {Index(record.topic), record.partition},
                        .letter = {.offset = record.offset, .reason = rejection.reason},
                        .done = std::move(done)});
  return true;
}

void Letters::Acknowledge(int count) {
  for (; count > 0 && !in_flight_.empty(); --count) {
    InFlight letter = std::move(in_flight_.front());
    in_flight_.pop_front();
    topics_.Add(letter.place, letter.letter);
    letter.done(absl::OkStatus());
  }
}

void Letters::Lose(int32_t partition, Random& random) {
  std::deque<InFlight> kept, lost;
  for (InFlight& letter : in_flight_) {
    (letter.place.second == partition ? lost : kept).push_back(std::move(letter));
  }
  in_flight_ = std::move(kept);
  std::set<LetterTopics::Place> ended;  // where the prefix that the broker has is over
  for (InFlight& letter : lost) {
    if (!ended.contains(letter.place) && random.Percent(50)) {
      topics_.Add(letter.place, letter.letter);
    } else {
      ended.insert(letter.place);
    }
  }
  for (InFlight& letter : lost) letter.done(absl::UnavailableError("the broker did not answer"));
}

void Letters::Crash(Random& random) {
  std::set<LetterTopics::Place> ended;
  for (const InFlight& letter : in_flight_) {
    if (!ended.contains(letter.place) && random.Percent(50)) {
      topics_.Add(letter.place, letter.letter);
    } else {
      ended.insert(letter.place);
    }
  }
  in_flight_.clear();
}

}  // namespace tally::sim
