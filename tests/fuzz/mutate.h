// Inputs made of others by small changes. Deterministic for a seed, on every machine.
#pragma once

#include <cstdint>
#include <random>
#include <string>
#include <string_view>
#include <vector>

namespace tally::fuzz {

inline constexpr size_t kInputBytesMax = 4096;

// The words of a dictionary as libFuzzer reads it: lines `name="word"`, with \\, \" and \xAB.
std::vector<std::string> ReadDictionary(std::string_view text);

class Mutator {
 public:
  // `inputs` must not be empty.
  Mutator(uint64_t seed, std::vector<std::string> inputs, std::vector<std::string> words);

  // One of the inputs with one to eight changes.
  std::string Next();

 private:
  // 0 to `count` - 1; 0 of nothing.
  size_t Below(size_t count) { return count == 0 ? 0 : static_cast<size_t>(random_() % count); }
  void Change(std::string& input);
  void Insert(std::string& input);
  void Erase(std::string& input);
  void Replace(std::string& input);
  // What is written over or into an input: a word, bytes of another input, numbers, chance.
  std::string Piece();

  std::mt19937_64 random_;
  const std::vector<std::string> inputs_;
  const std::vector<std::string> words_;
};

}  // namespace tally::fuzz
