// What every fuzz target is: one function that keeps its promises for every input.
//
// libFuzzer calls it with inputs that it makes up (tests/fuzz/run), replay.cc with those of corpus
// and regressions and with mutations of them. A broken promise aborts; whoever calls keeps the
// input.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string_view>

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

namespace tally::fuzz {

// `promise` is what should have been so.
inline void Check(bool kept, std::string_view promise, std::string_view detail = "") {
  if (kept) return;
  for (const std::string_view text : {std::string_view("fuzz: not so: "), promise,
                                      std::string_view("\n"), detail, std::string_view("\n")}) {
    std::fwrite(text.data(), 1, text.size(), stderr);
  }
  std::abort();
}

// Takes an input apart from its front. What is not there any more is zero or empty. A view.
class Input {
 public:
  Input(const uint8_t* data, size_t size) : rest_(reinterpret_cast<const char*>(data), size) {}

  uint8_t Byte() { return static_cast<uint8_t>(Number(1)); }
  // Little-endian, of so many bytes, at most 8.
  uint64_t Number(size_t bytes) {
    uint64_t number = 0;
    const std::string_view taken = Bytes(bytes);
    for (size_t i = 0; i < taken.size(); ++i) {
      number |= uint64_t{static_cast<uint8_t>(taken[i])} << (8 * i);
    }
    return number;
  }
  // At most so many.
  std::string_view Bytes(size_t count) {
    const std::string_view taken = rest_.substr(0, std::min(count, rest_.size()));
    rest_.remove_prefix(taken.size());
    return taken;
  }
  // As long as a byte in front of it says.
  std::string_view Text() { return Bytes(Byte()); }
  // To a line feed, which is dropped.
  std::string_view Line() {
    const std::string_view line = Bytes(rest_.find('\n'));
    Bytes(1);
    return line;
  }
  std::string_view Rest() const { return rest_; }

 private:
  std::string_view rest_;
};

}  // namespace tally::fuzz
