#include "processor/kafka/letter_queue.h"

#include <set>

#include "absl/strings/str_cat.h"

namespace tally::kafka {
namespace {

// librdkafka's batches are kept below this too, see kafka_dead_letters.cc.
constexpr size_t kBigLetterBytes = 16 << 10;

}  // namespace

bool LetterQueue::Push(Letter letter, DeadLetterSink::Done done, absl::Time deadline) {
  const size_t bytes = BatchBytes(letter);
  if (letters_.size() >= letters_max_) return false;
  // One letter always fits, however small the bound.
  if (!letters_.empty() && bytes_ + bytes > bytes_max_) return false;
  bytes_ += bytes;
  letters_.push_back({std::move(letter), std::move(done), deadline, bytes, false});
  return true;
}

LetterQueue::Place LetterQueue::PlaceOf(const PendingLetter& letter) {
  return {letter.letter.topic, letter.letter.partition};
}

std::vector<PendingLetter*> LetterQueue::Sendable() {
  std::vector<PendingLetter*> sendable;
  std::set<Place> busy;     // something is under way or about to be
  std::set<Place> blocked;  // nothing more may follow
  for (PendingLetter& letter : letters_) {
    const Place place = PlaceOf(letter);
    const bool big = BatchBytes(letter.letter) > kBigLetterBytes;
    if (!letter.under_way) {
      if (blocked.contains(place) || (big && busy.contains(place))) {
        blocked.insert(place);
        continue;
      }
      sendable.push_back(&letter);
    }
    busy.insert(place);
    if (big) blocked.insert(place);
  }
  return sendable;
}

LetterQueue::Letters::iterator LetterQueue::Remove(Letters::iterator letter,
                                                   const absl::Status& status,
                                                   std::vector<SettledLetter>& settled) {
  bytes_ -= letter->bytes;
  settled.push_back({std::move(letter->done), status});
  return letters_.erase(letter);
}

SettledLetter LetterQueue::Acknowledge(PendingLetter* letter) {
  std::vector<SettledLetter> settled;
  for (auto it = letters_.begin(); it != letters_.end(); ++it) {
    if (&*it != letter) continue;
    Remove(it, absl::OkStatus(), settled);
    return std::move(settled.front());
  }
  return {};
}

std::vector<SettledLetter> LetterQueue::Fail(PendingLetter* letter, const absl::Status& status) {
  std::vector<SettledLetter> settled;
  const Place place = PlaceOf(*letter);
  bool found = false;
  for (auto it = letters_.begin(); it != letters_.end();) {
    found = found || &*it == letter;
    if (found && PlaceOf(*it) == place) {
      it = Remove(it, status, settled);
    } else {
      ++it;
    }
  }
  return settled;
}

std::vector<SettledLetter> LetterQueue::FailAll(const absl::Status& status) {
  std::vector<SettledLetter> settled;
  for (auto it = letters_.begin(); it != letters_.end();) it = Remove(it, status, settled);
  return settled;
}

PendingLetter* LetterQueue::FirstLate(absl::Time now) {
  for (PendingLetter& letter : letters_) {
    if (letter.deadline <= now) return &letter;
  }
  return nullptr;
}

void LetterQueue::Rewind() {
  for (PendingLetter& letter : letters_) letter.under_way = false;
}

}  // namespace tally::kafka
