#include "processor/domain/identifier.h"

#include <utf8proc.h>

#include "processor/domain/little_endian.h"

namespace tally::domain {
namespace {

constexpr size_t kWord = sizeof(uint64_t);

uint64_t WordAt(std::string_view text, size_t index) {
  return LoadU64(reinterpret_cast<const uint8_t*>(text.data() + index));
}

uint8_t ByteAt(std::string_view text, size_t index) { return static_cast<uint8_t>(text[index]); }

bool IsContinuation(uint8_t byte) { return (byte & 0xc0) == 0x80; }

// The length of the well-formed sequence that begins with the non-ASCII byte text[0], 0 if none
// does (Unicode 15, table 3-7).
size_t SequenceLength(std::string_view text) {
  const uint8_t lead = ByteAt(text, 0);
  const size_t length = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
  if (lead < 0xc2 || lead > 0xf4 || text.size() < length) return 0;
  const uint8_t second = ByteAt(text, 1);
  const uint8_t second_min = lead == 0xe0 ? 0xa0 : lead == 0xf0 ? 0x90 : 0x80;
  const uint8_t second_max = lead == 0xed ? 0x9f : lead == 0xf4 ? 0x8f : 0xbf;
  if (second < second_min || second > second_max) return 0;
  for (size_t i = 2; i < length; ++i) {
    if (!IsContinuation(ByteAt(text, i))) return 0;
  }
  return length;
}

bool IsC1(std::string_view text) { return ByteAt(text, 0) == 0xc2 && ByteAt(text, 1) < 0xa0; }

// The same for eight bytes. The sums carry into the next byte only where `word` has a bit 7 itself.
bool IsPlain(uint64_t word) {
  constexpr uint64_t kEach = 0x0101010101010101;
  const uint64_t not_below_space = word + (0x80 - 0x20) * kEach;
  const uint64_t delete_or_above = word + (0x80 - 0x7f) * kEach;
  return ((word | ~not_below_space | delete_or_above) & (0x80 * kEach)) == 0;
}

// ASCII without control characters: nearly every identifier, and the cheapest to know.
bool IsPlainAscii(std::string_view text) {
  if (text.size() < kWord) {
    bool plain = true;
    for (const char c : text) plain &= c >= 0x20 && c < 0x7f;
    return plain;
  }
  for (size_t i = 0; i + kWord < text.size(); i += kWord) {
    if (!IsPlain(WordAt(text, i))) return false;
  }
  return IsPlain(WordAt(text, text.size() - kWord));
}

// Spreads names over the slots of a cache; equal hashes cost time, nothing else.
uint64_t Hash(std::string_view text) {
  constexpr uint64_t kOdd = 0x9e3779b97f4a7c15;
  uint64_t hash = text.size();
  if (text.size() < kWord) {
    for (const char c : text) hash = hash * kOdd + static_cast<uint8_t>(c);
    return (hash * kOdd) >> 32;
  }
  for (size_t i = 0; i + kWord < text.size(); i += kWord) hash = (hash ^ WordAt(text, i)) * kOdd;
  hash = (hash ^ WordAt(text, text.size() - kWord)) * kOdd;
  return hash >> 32;
}

bool IsAscii(std::string_view text) {
  uint8_t bits = 0;
  for (const char c : text) bits |= static_cast<uint8_t>(c);
  return bits < 0x80;
}

TextStatus CheckSize(std::string_view text) {
  if (text.empty()) return TextStatus::kEmpty;
  return text.size() > kIdentifierBytesMax ? TextStatus::kTooLong : TextStatus::kOk;
}

TextStatus CheckCharacters(std::string_view text) {
  bool control = false;
  while (!text.empty()) {
    const uint8_t byte = ByteAt(text, 0);
    size_t length = 1;
    if (byte < 0x80) {
      control |= byte < 0x20 || byte == 0x7f;
    } else {
      length = SequenceLength(text);
      if (length == 0) return TextStatus::kNotUtf8;
      control |= IsC1(text);
    }
    text.remove_prefix(length);
  }
  return control ? TextStatus::kControlCharacter : TextStatus::kOk;
}

}  // namespace

bool IsUtf8(std::string_view text) {
  const TextStatus status = CheckCharacters(text);
  return status == TextStatus::kOk || status == TextStatus::kControlCharacter;
}

TextStatus CheckIdentifier(std::string_view text) {
  const TextStatus size = CheckSize(text);
  return size != TextStatus::kOk || IsPlainAscii(text) ? size : CheckCharacters(text);
}

// No code point's canonical decomposition is longer than four, and utf8proc_reencode needs one
// more.
ChannelNames::ChannelNames() : code_points_(4 * kRawChannelBytesMax + 1) {}

TextStatus ChannelNames::Normalize(std::string_view raw, std::string_view& name) {
  name = raw;
  if (IsPlainAscii(raw)) return CheckSize(raw);
  if (raw.size() > kRawChannelBytesMax) return TextStatus::kTooLong;
  Slot& slot = slots_[Hash(raw) % kSlots];
  if (slot.raw != raw) {
    if (IsAscii(raw)) return CheckIdentifier(raw);
    const TextStatus status = NormalizeInto(raw, slot);
    if (status != TextStatus::kOk) return status;
  }
  if (!slot.nfc.empty()) name = Copy(slot.nfc);
  return TextStatus::kOk;
}

TextStatus ChannelNames::NormalizeInto(std::string_view raw, Slot& slot) {
  const TextStatus status = CheckCharacters(raw);
  if (status != TextStatus::kOk) return status;
  constexpr auto kOptions = static_cast<utf8proc_option_t>(UTF8PROC_STABLE | UTF8PROC_COMPOSE);
  const auto capacity = static_cast<utf8proc_ssize_t>(code_points_.size() - 1);
  const utf8proc_ssize_t count = utf8proc_decompose(
      reinterpret_cast<const utf8proc_uint8_t*>(raw.data()),
      static_cast<utf8proc_ssize_t>(raw.size()), code_points_.data(), capacity, kOptions);
  if (count < 0 || count > capacity) return TextStatus::kNotUtf8;
  const utf8proc_ssize_t bytes = utf8proc_reencode(code_points_.data(), count, kOptions);
  if (bytes < 0) return TextStatus::kNotUtf8;
  const std::string_view nfc(reinterpret_cast<const char*>(code_points_.data()),
                             static_cast<size_t>(bytes));
  if (nfc.size() > kIdentifierBytesMax) return TextStatus::kTooLong;
  slot.raw = raw;
  slot.nfc = nfc == raw ? std::string_view() : nfc;
  return TextStatus::kOk;
}

std::string_view ChannelNames::Copy(std::string_view text) {
  if (copies_used_ == 0 && copies_.size() > kCopiesKept) copies_.resize(kCopiesKept);
  if (copies_used_ == copies_.size()) copies_.emplace_back();
  return copies_[copies_used_++].assign(text);
}

}  // namespace tally::domain
