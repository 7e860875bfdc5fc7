// Registrations decoded a few records ahead of the fold, so that what they will look at can be
// brought near in time (Delta::Prepare).
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>

#include "processor/delta.h"
#include "processor/domain/decode.h"
#include "processor/domain/events.h"
#include "processor/domain/record.h"

namespace tally {

// One thread.
class RegistrationRun {
 public:
  // Decodes records for as long as they are valid registrations from offset `from` on, kPrepareMax
  // at most; the first one that is not is left to whoever can say what becomes of it. Replaces the
  // run before.
  void Decode(std::span<const domain::Record> records, int64_t from, domain::Decoder& decoder);

  // In the order of the records, from the first on. They have their own copies of all texts.
  std::span<const domain::ParticipantRegistered> events() const { return {events_.data(), size_}; }

  // The next one, if it was decoded from a record at `offset`; nullptr otherwise.
  const domain::ParticipantRegistered* Take(int64_t offset) {
    if (next_ == size_ || offsets_[next_] != offset) return nullptr;
    return &events_[next_++];
  }
  bool empty() const { return next_ == size_; }
  void Clear() { next_ = size_ = 0; }

 private:
  void Keep(const domain::ParticipantRegistered& event, int64_t offset);

  std::array<domain::ParticipantRegistered, Delta::kPrepareMax> events_;
  std::array<std::string, Delta::kPrepareMax> texts_;
  std::array<int64_t, Delta::kPrepareMax> offsets_{};
  size_t next_ = 0;
  size_t size_ = 0;
};

}  // namespace tally
