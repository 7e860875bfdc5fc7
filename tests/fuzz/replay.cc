// Runs a target without libFuzzer, so that every build has it: all files of folders, then mutations
// of them. Deterministic: the seed, the folders and the number of runs say what is tried.
//
//   <target>_fuzz [--runs N] [--seed N] [--dictionary FILE] FOLDER|FILE…
//
// An input that breaks a promise is written to found-<target>-<run>.
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <string>
#include <vector>

#include "tests/fuzz/mutate.h"
#include "tests/fuzz/target.h"

extern "C" void __sanitizer_set_death_callback(void (*)()) __attribute__((weak));

namespace tally::fuzz {
namespace {

std::string current;
std::string found_name;

// Only what a signal handler may do.
void KeepInput() {
  const int file = open(found_name.c_str(), O_CREAT | O_TRUNC | O_WRONLY, 0644);
  if (file < 0) return;
  const bool kept = write(file, current.data(), current.size()) >= 0;
  close(file);
  constexpr std::string_view kText = "fuzz: the input is in ";
  if (kept && write(STDERR_FILENO, kText.data(), kText.size()) >= 0 &&
      write(STDERR_FILENO, found_name.data(), found_name.size()) >= 0 &&
      write(STDERR_FILENO, "\n", 1) >= 0) {
    return;
  }
}

void OnSignal(int signal) {
  KeepInput();
  std::signal(signal, SIG_DFL);
  std::raise(signal);
}

void KeepInputOfCrashes() {
  if (__sanitizer_set_death_callback != nullptr) {
    __sanitizer_set_death_callback(KeepInput);
    std::signal(SIGABRT, OnSignal);
    return;
  }
  for (const int signal : {SIGABRT, SIGSEGV, SIGFPE, SIGILL, SIGBUS}) {
    std::signal(signal, OnSignal);
  }
}

std::string ReadFile(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

std::vector<std::string> ReadInputs(const std::vector<std::string>& places) {
  std::vector<std::filesystem::path> paths;
  for (const std::string& place : places) {
    if (std::filesystem::is_directory(place)) {
      for (const auto& entry : std::filesystem::directory_iterator(place)) {
        if (entry.is_regular_file()) paths.push_back(entry.path());
      }
    } else if (std::filesystem::exists(place)) {
      paths.emplace_back(place);
    }
  }
  std::sort(paths.begin(), paths.end());
  std::vector<std::string> inputs;
  inputs.reserve(paths.size());
  for (const auto& path : paths) inputs.push_back(ReadFile(path));
  return inputs;
}

struct Options {
  uint64_t runs = 0;
  uint64_t seed = 1;
  std::string dictionary;
  std::vector<std::string> places;
};

Options ReadOptions(const std::vector<std::string>& arguments) {
  Options options;
  for (size_t i = 0; i < arguments.size(); ++i) {
    const bool has_value = i + 1 < arguments.size();
    if (arguments[i] == "--runs" && has_value) {
      options.runs = std::stoull(arguments[++i]);
    } else if (arguments[i] == "--seed" && has_value) {
      options.seed = std::stoull(arguments[++i]);
    } else if (arguments[i] == "--dictionary" && has_value) {
      options.dictionary = arguments[++i];
    } else {
      options.places.push_back(arguments[i]);
    }
  }
  return options;
}

void RunOne(const std::string& target, uint64_t run, std::string input) {
  current = std::move(input);
  found_name = "found-" + target + "-" + std::to_string(run);
  // A copy of exactly its size: a sanitizer sees a read beyond its end.
  const std::vector<uint8_t> bytes(current.begin(), current.end());
  LLVMFuzzerTestOneInput(bytes.data(), bytes.size());
}

int Main(const std::string& target, const Options& options) {
  KeepInputOfCrashes();
  const std::vector<std::string> inputs = ReadInputs(options.places);
  if (inputs.empty()) {
    std::cerr << "fuzz: there is no input; name folders that have some\n";
    return 2;
  }
  uint64_t run = 0;
  for (const std::string& input : inputs) RunOne(target, run++, input);
  Mutator mutator(options.seed, inputs, ReadDictionary(ReadFile(options.dictionary)));
  for (uint64_t i = 0; i < options.runs; ++i) RunOne(target, run++, mutator.Next());
  std::cout << target << ": " << inputs.size() << " inputs and " << options.runs
            << " mutations of them, seed " << options.seed << "\n";
  return 0;
}

}  // namespace
}  // namespace tally::fuzz

int main(int argc, char** argv) {
  const std::string target = std::filesystem::path(argv[0]).filename();
  const std::vector<std::string> arguments(argv + 1, argv + argc);
  return tally::fuzz::Main(target, tally::fuzz::ReadOptions(arguments));
}
