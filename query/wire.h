// Small binary encoding for tokens and status payloads: unsigned LEB128 numbers and strings with
// their length in front.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace tally::query {

inline void AppendVarint(uint64_t value, std::string* bytes) {
  while (value >= 0x80) {
    bytes->push_back(static_cast<char>(value | 0x80));
    value >>= 7;
  }
  bytes->push_back(static_cast<char>(value));
}

inline void AppendBytes(std::string_view value, std::string* bytes) {
  AppendVarint(value.size(), bytes);
  bytes->append(value);
}

// Reads what was appended. After the first malformed element every further read gives 0 or "" and
// ok() is false. A view: the bytes must outlive it.
class WireReader {
 public:
  explicit WireReader(std::string_view bytes) : rest_(bytes) {}

  // The shortest encoding only, so that equal values have equal bytes.
  uint64_t Varint() {
    uint64_t value = 0;
    for (int shift = 0; shift < 64; shift += 7) {
      if (rest_.empty()) return Fail();
      const auto byte = static_cast<unsigned char>(rest_.front());
      rest_.remove_prefix(1);
      if (shift == 63 && byte > 1) return Fail();
      value |= static_cast<uint64_t>(byte & 0x7f) << shift;
      if (byte < 0x80) return byte == 0 && shift > 0 ? Fail() : value;
    }
    return Fail();
  }

  // The number of elements that follow, each at least one byte: never more than there are bytes.
  size_t Count() {
    const uint64_t count = Varint();
    return count <= rest_.size() ? static_cast<size_t>(count) : static_cast<size_t>(Fail());
  }

  std::string_view Bytes() { return Take(Count()); }

  std::string_view Take(size_t size) {
    if (size > rest_.size()) {
      Fail();
      return {};
    }
    const std::string_view taken = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return taken;
  }

  bool ok() const { return ok_; }
  bool AtEnd() const { return ok_ && rest_.empty(); }

 private:
  uint64_t Fail() {
    ok_ = false;
    rest_ = {};
    return 0;
  }

  std::string_view rest_;
  bool ok_ = true;
};

}  // namespace tally::query
