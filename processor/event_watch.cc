#include "processor/event_watch.h"

namespace tally {

void ShardProgress::Publish(const Offsets& next_offsets, bool caught_up) {
  for (size_t topic = 0; topic < next_offsets.size(); ++topic) {
    next_offsets_[topic].store(next_offsets[topic], std::memory_order_release);
  }
  caught_up_.store(caught_up, std::memory_order_release);
}

Offsets ShardProgress::next_offsets() const {
  Offsets offsets{};
  for (size_t topic = 0; topic < offsets.size(); ++topic) {
    offsets[topic] = next_offsets_[topic].load(std::memory_order_acquire);
  }
  return offsets;
}

}  // namespace tally
