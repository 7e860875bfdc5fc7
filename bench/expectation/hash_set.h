// A set of 128-bit hashes: 16 bytes a slot, no pointers, so that 10^8 participants fit into memory.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace tally::bench {

struct Hash128 {
  uint64_t low = 0;
  uint64_t high = 0;
  friend bool operator==(const Hash128&, const Hash128&) = default;
};

class HashSet {
 public:
  // Room for so many without growing. Three quarters full at most.
  explicit HashSet(size_t expected)
      : slots_(std::bit_ceil(expected + expected / 3 + 16)), mask_(slots_.size() - 1) {}

  // Whether it is new.
  bool Insert(Hash128 hash) {
    if (hash == Hash128{}) hash.low = 1;  // an empty slot
    if (size_ + size_ / 3 >= slots_.size()) Grow();
    if (!Put(hash)) return false;
    ++size_;
    return true;
  }

  size_t size() const { return size_; }

 private:
  bool Put(const Hash128& hash) {
    size_t at = hash.low & mask_;
    while (slots_[at] != Hash128{}) {
      if (slots_[at] == hash) return false;
      at = (at + 1) & mask_;
    }
    slots_[at] = hash;
    return true;
  }

  void Grow() {
    std::vector<Hash128> old(slots_.size() * 2);
    old.swap(slots_);
    mask_ = slots_.size() - 1;
    for (const Hash128& hash : old) {
      if (hash != Hash128{}) Put(hash);
    }
  }

  std::vector<Hash128> slots_;
  size_t mask_;
  size_t size_ = 0;
};

}  // namespace tally::bench
