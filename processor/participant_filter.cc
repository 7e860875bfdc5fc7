#include "processor/participant_filter.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstdlib>
#include <new>
#include <utility>

namespace tally {
namespace {

// Bits of a hash that are kept while there is room. More of them cost memory while the filter is
// small, fewer make it wrong more often when it is big: 29 are right for 1 to 50 million entries.
constexpr int kKeptBits = 29;
constexpr int kBucketBits = 8;
constexpr uint32_t kBuckets = 1 << kBucketBits;
constexpr int kLowBitsMax = kKeptBits - kBucketBits;
// Entries of a page: it splits at the greatest number. Room is made in steps.
constexpr uint32_t kEntriesMax = 384;
constexpr uint32_t kCapacityStep = 24;
constexpr uint32_t kExpectedLowWords = 38;
constexpr uint32_t kGuessErrorWords = 4;
constexpr size_t kAllocationOverhead = 16;
constexpr int kSweepPages = 2;

constexpr uint32_t WordsFor(uint32_t bits) { return (bits + 63) / 64; }
constexpr uint32_t RoundUp(uint32_t value, uint32_t step) {
  return (value + step - 1) / step * step;
}

constexpr uint64_t Mask(int bits) { return bits >= 64 ? ~uint64_t{0} : (uint64_t{1} << bits) - 1; }

uint64_t ReadBits(const uint64_t* words, uint32_t at, int width) {
  if (width == 0) return 0;
  const uint32_t word = at / 64;
  const uint32_t shift = at % 64;
  uint64_t value = words[word] >> shift;
  if (shift + static_cast<uint32_t>(width) > 64) value |= words[word + 1] << (64 - shift);
  return value & Mask(width);
}

// Moves the bits [at, used) up by `width` and writes `value` to where they began.
void InsertBits(uint64_t* words, uint32_t used, uint32_t at, int width, uint64_t value) {
  if (width == 0) return;
  const uint32_t first = at / 64;
  const uint32_t last = (used + static_cast<uint32_t>(width) - 1) / 64;
  const uint64_t below = words[first] & Mask(static_cast<int>(at % 64));
  const uint64_t moved = words[first] ^ below;
  for (uint32_t i = last; i > first + 1; --i) {
    words[i] = words[i] << width | words[i - 1] >> (64 - width);
  }
  if (last > first) words[first + 1] = words[first + 1] << width | moved >> (64 - width);
  words[first] = below | moved << width | value << (at % 64);
  if (at % 64 + static_cast<uint32_t>(width) > 64) words[first + 1] |= value >> (64 - at % 64);
}

// The bits from `at` on are zero.
void AppendBits(uint64_t* words, uint32_t at, int width, uint64_t value) {
  if (width == 0) return;
  words[at / 64] |= value << (at % 64);
  if (at % 64 + static_cast<uint32_t>(width) > 64) words[at / 64 + 1] |= value >> (64 - at % 64);
}

bool TestBit(const uint64_t* words, uint32_t bit) { return words[bit / 64] >> (bit % 64) & 1; }

// kSelectInByte[rank][byte]: position of the byte's set bit number `rank`, from 0.
constexpr auto kSelectInByte = [] {
  std::array<std::array<uint8_t, 256>, 8> table{};
  for (uint32_t byte = 0; byte < 256; ++byte) {
    for (uint32_t bit = 0, rank = 0; bit < 8; ++bit) {
      if (byte >> bit & 1) table[rank++][byte] = static_cast<uint8_t>(bit);
    }
  }
  return table;
}();

// Position of the set bit number `rank` (from 0) of a word that has as many, without branches: S.
// Vigna, "Broadword Implementation of Rank/Select Queries", 2008.
uint32_t SelectInWord(uint64_t word, uint32_t rank) {
  constexpr uint64_t kOnes = 0x0101010101010101;
  constexpr uint64_t kTops = 0x8080808080808080;
  uint64_t sums = word - (word >> 1 & 0x5555555555555555);
  sums = (sums & 0x3333333333333333) + (sums >> 2 & 0x3333333333333333);
  sums = ((sums + (sums >> 4)) & 0x0f0f0f0f0f0f0f0f) * kOnes;  // of this byte and those below
  const uint64_t not_above = ((rank * kOnes | kTops) - sums) & kTops;
  const uint32_t shift = static_cast<uint32_t>(std::popcount(not_above)) * 8;
  const uint32_t rank_in_byte = rank - static_cast<uint32_t>(sums << 8 >> shift & 0xff);
  return shift + kSelectInByte[rank_in_byte][word >> shift & 0xff];
}

// Position of the zero number `rank` (from 0); `words` words have as many.
uint32_t SelectZero(const uint64_t* bitmap, uint32_t words, uint32_t rank) {
  uint32_t word = 0;
  uint32_t before = 0;
  uint32_t zeros = 0;
  for (uint32_t i = 0; i < words; ++i) {
    zeros += static_cast<uint32_t>(std::popcount(~bitmap[i]));
    const bool passed = zeros <= rank;
    word += passed;
    before = passed ? zeros : before;
  }
  return word * 64 + SelectInWord(~bitmap[word], rank - before);
}

}  // namespace

// Followed by the bitmap's words (for each bucket a one an entry, then a zero) and those of the
// lower bits, in the order of the buckets.
struct ParticipantFilter::Page {
  uint16_t count = 0;
  uint16_t capacity = 0;
  uint8_t depth = 0;     // leading bits of the hash that all entries share
  uint8_t low_bits = 0;  // kept of each entry beside its bucket
  // No bits were left to split by: the entries are gone and the answer is always "perhaps".
  bool saturated = false;

  uint64_t* bitmap() { return reinterpret_cast<uint64_t*>(this + 1); }
  const uint64_t* bitmap() const { return reinterpret_cast<const uint64_t*>(this + 1); }
  uint32_t bitmap_words() const { return WordsFor(kBuckets + capacity); }
  uint64_t* lows() { return bitmap() + bitmap_words(); }
  const uint64_t* lows() const { return bitmap() + bitmap_words(); }
  uint32_t low_words() const { return WordsFor(uint32_t{capacity} * low_bits); }

  // Appends an entry, bucket on top; not smaller than those before.
  void Append(uint32_t entry) {
    const uint32_t bit = (entry >> low_bits) + count;
    bitmap()[bit / 64] |= uint64_t{1} << (bit % 64);
    AppendBits(lows(), uint32_t{count} * low_bits, low_bits, entry & Mask(low_bits));
    ++count;
  }
};

struct ParticipantFilter::Place {
  uint32_t bit = 0;    // of the bitmap, where the bucket begins
  uint32_t entry = 0;  // the bucket's first
  uint64_t low = 0;
  bool found = false;
};

ParticipantFilter::Page* ParticipantFilter::NewPage(int depth, int low_bits, uint32_t capacity) {
  Page shape;
  shape.capacity = static_cast<uint16_t>(capacity);
  shape.depth = static_cast<uint8_t>(depth);
  shape.low_bits = static_cast<uint8_t>(low_bits);
  void* memory = std::calloc(1, BytesOf(shape));
  if (memory == nullptr) throw std::bad_alloc();
  return new (memory) Page(shape);
}

size_t ParticipantFilter::BytesOf(const Page& page) {
  return sizeof(Page) + sizeof(uint64_t) * (page.bitmap_words() + page.low_words());
}

ParticipantFilter::ParticipantFilter(size_t bytes_max) : bytes_max_(bytes_max) {
  pages_.push_back(NewPage(0, kLowBitsMax, kCapacityStep));
  bytes_ = BytesOf(*pages_[0]) + kAllocationOverhead + sizeof(Page*);
}

ParticipantFilter::~ParticipantFilter() {
  Page* last = nullptr;
  for (Page* page : pages_) {
    if (page != last) std::free(page);
    last = page;
  }
}

void ParticipantFilter::PrefetchPage(uint64_t hash) const {
  const Page* page = pages_[TableIndex(hash)];
  __builtin_prefetch(page);
  __builtin_prefetch(page->bitmap() + 7);
  // About where the lower bits are, were the page three quarters full and the buckets alike. The
  // page itself is not looked at, since it is not in the cache yet.
  const uint64_t bucket = hash << table_bits_ >> (64 - kBucketBits);
  const uint64_t* lows = page->bitmap() + WordsFor(kBuckets + kEntriesMax * 3 / 4);
  const uint64_t guess = bucket * kExpectedLowWords / kBuckets;
  __builtin_prefetch(lows + guess - kGuessErrorWords);
  __builtin_prefetch(lows + guess + kGuessErrorWords);
  __builtin_prefetch(lows + kExpectedLowWords);
}

ParticipantFilter::Place ParticipantFilter::Find(const Page& page, uint64_t hash) {
  const uint64_t rest = hash << page.depth;
  const auto bucket = static_cast<uint32_t>(rest >> (64 - kBucketBits));
  Place place;
  place.low = page.low_bits == 0 ? 0 : rest << kBucketBits >> (64 - page.low_bits);
  place.bit = bucket == 0 ? 0 : SelectZero(page.bitmap(), page.bitmap_words(), bucket - 1) + 1;
  place.entry = place.bit - bucket;
  uint32_t at = place.entry * page.low_bits;
  for (uint32_t bit = place.bit; TestBit(page.bitmap(), bit); ++bit, at += page.low_bits) {
    if (ReadBits(page.lows(), at, page.low_bits) == place.low) {
      place.found = true;
      break;
    }
  }
  return place;
}

bool ParticipantFilter::MayContain(uint64_t hash) const {
  const Page& page = *pages_[TableIndex(hash)];
  return page.saturated || Find(page, hash).found;
}

bool ParticipantFilter::Add(uint64_t hash) {
  Page* page = pages_[TableIndex(hash)];
  if (page->saturated) return false;
  Place place = Find(*page, hash);
  if (place.found) return false;
  const bool limited = sweeping_ || bytes_ > bytes_max_;
  if (limited) KeepWithinLimit();
  if (limited || page->count == page->capacity) {
    page = MakeRoom(hash);
    if (page->saturated) return true;
    place = Find(*page, hash);
  }
  InsertBits(page->bitmap(), kBuckets + page->count, place.bit, 1, 1);
  InsertBits(page->lows(), uint32_t{page->count} * page->low_bits, place.entry * page->low_bits,
             page->low_bits, place.low);
  ++page->count;
  ++size_;
  return true;
}

// The hash's page, with room for one more or saturated.
ParticipantFilter::Page* ParticipantFilter::MakeRoom(uint64_t hash) {
  for (;;) {
    const size_t index = TableIndex(hash);
    Page* page = pages_[index];
    if (page->saturated || page->count < page->capacity) return page;
    if (page->count < kEntriesMax) {
      Rebuild(index, LowBitsAt(*page), std::min(page->capacity + kCapacityStep, kEntriesMax));
    } else {
      Split(index);
    }
  }
}

int ParticipantFilter::LowBitsAt(const Page& page) const {
  return std::min<int>(page.low_bits, std::max(0, kLowBitsMax - page.depth - dropped_bits_));
}

void ParticipantFilter::Rebuild(size_t index, int low_bits, uint32_t capacity) {
  const Page& old = *pages_[index];
  Page* page = NewPage(old.depth, low_bits, capacity);
  std::copy_n(old.bitmap(), WordsFor(kBuckets + old.count), page->bitmap());
  if (low_bits == old.low_bits) {
    std::copy_n(old.lows(), WordsFor(uint32_t{old.count} * old.low_bits), page->lows());
  } else {
    for (uint32_t i = 0; i < old.count; ++i) {
      const uint64_t low = ReadBits(old.lows(), i * old.low_bits, old.low_bits);
      AppendBits(page->lows(), i * page->low_bits, low_bits, low >> (old.low_bits - low_bits));
    }
  }
  page->count = old.count;
  Replace(index, page, page);
}

void ParticipantFilter::Split(size_t index) {
  const Page& old = *pages_[index];
  if (old.low_bits == 0) return Saturate(index);
  if (old.depth == table_bits_) {
    DoubleTable();
    index *= 2;
  }
  // Entries with their bucket on top; within a bucket they are in no order.
  std::array<uint32_t, kEntriesMax> entries;
  uint32_t count = 0;
  for (uint32_t bit = 0, bucket = 0; count < old.count; ++bit) {
    if (!TestBit(old.bitmap(), bit)) {
      ++bucket;
      continue;
    }
    const uint64_t low = ReadBits(old.lows(), count * old.low_bits, old.low_bits);
    entries[count++] = bucket << old.low_bits | static_cast<uint32_t>(low);
  }
  std::sort(entries.begin(), entries.begin() + count);

  const int value_bits = kBucketBits + old.low_bits - 1;  // the first of them chooses the page
  const auto* begin = entries.data();
  const auto* end = begin + count;
  const auto* middle = std::lower_bound(begin, end, uint32_t{1} << value_bits);
  const auto half = [&](const uint32_t* from, const uint32_t* to) {
    const auto size = static_cast<uint32_t>(to - from);
    Page* page = NewPage(old.depth + 1, old.low_bits - 1,
                         std::min(RoundUp(size + 1, kCapacityStep), kEntriesMax));
    for (; from != to; ++from) {
      page->Append(*from & static_cast<uint32_t>(Mask(value_bits)));
    }
    return page;
  };
  Page* first = half(begin, middle);
  Replace(index, first, half(middle, end));
}

// There are no bits to split by.
void ParticipantFilter::Saturate(size_t index) {
  const Page& old = *pages_[index];
  size_ -= old.count;
  Page* page = NewPage(old.depth, 0, 0);
  page->saturated = true;
  Replace(index, page, page);
}

void ParticipantFilter::Replace(size_t index, Page* first_half, Page* second_half) {
  Page* old = pages_[index];
  const size_t span = size_t{1} << (table_bits_ - old->depth);
  const size_t begin = index & ~(span - 1);
  const auto at = pages_.begin() + static_cast<std::ptrdiff_t>(begin);
  std::fill_n(at, span, second_half);
  std::fill_n(at, (span + 1) / 2, first_half);
  bytes_ -= BytesOf(*old) + kAllocationOverhead;
  bytes_ += BytesOf(*first_half) + kAllocationOverhead;
  if (second_half != first_half) bytes_ += BytesOf(*second_half) + kAllocationOverhead;
  std::free(old);
}

void ParticipantFilter::DoubleTable() {
  std::vector<Page*> doubled(2 * pages_.size());
  for (size_t i = 0; i < doubled.size(); ++i) doubled[i] = pages_[i / 2];
  bytes_ += sizeof(Page*) * pages_.size();
  pages_ = std::move(doubled);
  ++table_bits_;
  sweep_ *= 2;
}

// A bounded step: the pages give up their bits one by one as entries come.
void ParticipantFilter::KeepWithinLimit() {
  if (!sweeping_) {
    if (dropped_bits_ > kLowBitsMax) return;  // there is nothing left to give up
    ++dropped_bits_;
    sweeping_ = true;
    sweep_ = 0;
  }
  for (int step = 0; step < kSweepPages && sweep_ < pages_.size(); ++step) {
    const Page& page = *pages_[sweep_];
    const size_t index = sweep_;
    sweep_ += size_t{1} << (table_bits_ - page.depth);
    if (LowBitsAt(page) < page.low_bits) Rebuild(index, LowBitsAt(page), page.capacity);
  }
  sweeping_ = sweep_ < pages_.size();
}

}  // namespace tally
