#include "tests/fuzz/mutate.h"

#include <algorithm>
#include <utility>

namespace tally::fuzz {
namespace {

constexpr size_t kChangesMax = 8;
constexpr const char* kNumbers[] = {"0",           "-1",      "1e18",  "9223372036854775807",
                                    "2147483648",  "65536",   "0.005", "1000000000000000",
                                    "-2147483649", "1e99999", "00",    "18446744073709551616"};

int HexValue(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  return (c | 0x20) - 'a' + 10;
}

// From the opening quote to the last of the line.
std::string Unquote(std::string_view line) {
  std::string word;
  const size_t begin = line.find('"');
  const size_t end = line.rfind('"');
  if (begin == std::string_view::npos) return word;
  for (size_t i = begin + 1; i < end; ++i) {
    if (line[i] != '\\') {
      word += line[i];
    } else if (line[i + 1] == 'x') {
      word += static_cast<char>(HexValue(line[i + 2]) * 16 + HexValue(line[i + 3]));
      i += 3;
    } else {
      word += line[++i];
    }
  }
  return word;
}

}  // namespace

std::vector<std::string> ReadDictionary(std::string_view text) {
  std::vector<std::string> words;
  while (!text.empty()) {
    const size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (line.empty() || line.front() == '#') continue;
    if (std::string word = Unquote(line); !word.empty()) words.push_back(std::move(word));
  }
  return words;
}

Mutator::Mutator(uint64_t seed, std::vector<std::string> inputs, std::vector<std::string> words)
    : random_(seed), inputs_(std::move(inputs)), words_(std::move(words)) {}

std::string Mutator::Next() {
  std::string input = inputs_[Below(inputs_.size())];
  for (size_t changes = 1 + Below(kChangesMax); changes > 0; --changes) Change(input);
  if (input.size() > kInputBytesMax) input.resize(kInputBytesMax);
  return input;
}

void Mutator::Change(std::string& input) {
  switch (Below(5)) {
    case 0:
      return Insert(input);
    case 1:
      return Erase(input);
    case 2:
      return Replace(input);
    case 3:
      if (!input.empty()) input[Below(input.size())] ^= static_cast<char>(1 << Below(8));
      return;
    default:
      if (!input.empty()) input[Below(input.size())] = static_cast<char>(Below(256));
      return;
  }
}

void Mutator::Insert(std::string& input) { input.insert(Below(input.size() + 1), Piece()); }

void Mutator::Erase(std::string& input) {
  const size_t begin = Below(input.size());
  input.erase(begin, 1 + Below(std::min<size_t>(input.size() - begin, 16)));
}

void Mutator::Replace(std::string& input) {
  const std::string piece = Piece();
  const size_t begin = Below(input.size());
  input.replace(begin, std::min(piece.size(), input.size() - begin), piece);
}

std::string Mutator::Piece() {
  switch (Below(4)) {
    case 0:
      return words_.empty() ? "" : words_[Below(words_.size())];
    case 1: {
      const std::string& other = inputs_[Below(inputs_.size())];
      const size_t begin = Below(other.size());
      return other.substr(begin, 1 + Below(64));
    }
    case 2:
      return kNumbers[Below(std::size(kNumbers))];
    default: {
      std::string bytes(1 + Below(8), '\0');
      for (char& byte : bytes) byte = static_cast<char>(Below(256));
      return bytes;
    }
  }
}

}  // namespace tally::fuzz
