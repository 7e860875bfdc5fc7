// How readers on other threads find out that what they have read is still so, without asking the
// shard's thread: whoever folds marks what it changes, and then says how far it has come.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>

#include "processor/log_source.h"

namespace tally {

// Whether one event has changed since somebody looked. Any thread.
class EventWatch {
 public:
  // Before the change is published by ShardProgress.
  void Change() { changed_.store(true, std::memory_order_release); }
  bool changed() const { return changed_.load(std::memory_order_acquire); }

 private:
  std::atomic<bool> changed_{false};
};

// How far a shard has come. Written by its thread, read by any.
class ShardProgress {
 public:
  // What was marked as changed before is seen as changed by whoever sees these offsets.
  void Publish(const Offsets& next_offsets, bool caught_up);
  // The shard answers no more.
  void Stop() { answers_.store(false, std::memory_order_release); }
  // Some user has got or lost an event.
  void MarkUsersChanged() { users_version_.fetch_add(1, std::memory_order_release); }

  bool answers() const { return answers_.load(std::memory_order_acquire); }
  Offsets next_offsets() const;
  bool caught_up() const { return caught_up_.load(std::memory_order_acquire); }
  uint64_t users_version() const { return users_version_.load(std::memory_order_acquire); }

 private:
  std::array<std::atomic<int64_t>, domain::kTopicCount> next_offsets_{};
  std::atomic<bool> caught_up_{false};
  std::atomic<bool> answers_{true};
  std::atomic<uint64_t> users_version_{0};
};

}  // namespace tally
