// A filter of the participants that a shard has counted: answers "certainly new" from memory, so
// that a registration of a new participant need not be looked up in the store.
//
// A compact, growing set of hash prefixes (a quotient filter over extendible pages): it answers
// "perhaps there" for about one new participant in a hundred, never "new" for one that was added.
// Of each hash a prefix is kept, spread over pages by its first bits; a page has the rest in
// Elias-Fano form, a unary count for each of its 256 buckets and the lower bits packed. A page that
// is full splits in two by the next bit, so the filter grows a page at a time, without the hashes
// and without a pause. It costs 1.2 to 1.5 bytes a participant beyond a million participants; small
// filters have longer remainders, up to 2.5 bytes a participant (and are wrong less often).
//
// Its memory is bounded: at the limit, remainders lose a bit each, page by page, which makes room
// and doubles the share of "perhaps"; nothing else changes. In the end it answers "perhaps" to
// everything and costs nothing more.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace tally {

// One thread.
class ParticipantFilter {
 public:
  // At most about `bytes_max` are used (one page and one doubling of the page table more at times).
  explicit ParticipantFilter(size_t bytes_max);
  ~ParticipantFilter();
  ParticipantFilter(const ParticipantFilter&) = delete;
  ParticipantFilter& operator=(const ParticipantFilter&) = delete;

  // `hash`: 64 uniform bits of the participant. True: it was certainly not added before; it is now.
  // False: perhaps it was, and it counts as added.
  bool Add(uint64_t hash);
  // False: it was certainly not added.
  bool MayContain(uint64_t hash) const;

  // Loads what Add or MayContain will look at into the processor's cache; first the page table's
  // entry, some time later the page.
  void PrefetchTable(uint64_t hash) const { __builtin_prefetch(&pages_[TableIndex(hash)]); }
  void PrefetchPage(uint64_t hash) const;

  // Memory in use.
  size_t bytes() const { return bytes_; }
  // Distinct entries; those of which the memory limit took the page are not among them.
  size_t size() const { return size_; }

 private:
  struct Page;
  struct Place;

  size_t TableIndex(uint64_t hash) const {
    return table_bits_ == 0 ? 0 : static_cast<size_t>(hash >> (64 - table_bits_));
  }
  static Page* NewPage(int depth, int low_bits, uint32_t capacity);
  static size_t BytesOf(const Page& page);
  static Place Find(const Page& page, uint64_t hash);

  Page* MakeRoom(uint64_t hash);
  int LowBitsAt(const Page& page) const;
  // These change the page that stands at `index` of the table.
  void Rebuild(size_t index, int low_bits, uint32_t capacity);
  void Split(size_t index);
  void Saturate(size_t index);
  void Replace(size_t index, Page* first_half, Page* second_half);
  void DoubleTable();
  void KeepWithinLimit();

  const size_t bytes_max_;
  int table_bits_ = 0;
  std::vector<Page*> pages_;  // by the hash's first table_bits_ bits; a page may stand repeatedly
  size_t bytes_ = 0;
  size_t size_ = 0;

  // Bits that every page has to give up, and up to which place in the table they have.
  int dropped_bits_ = 0;
  bool sweeping_ = false;
  size_t sweep_ = 0;
};

}  // namespace tally
