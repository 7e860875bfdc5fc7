#include "tests/sim/failure.h"

#include <unistd.h>

#include <algorithm>
#include <cstring>

namespace tally::sim {
namespace {

Report* report = nullptr;

template <size_t N>
void Copy(const std::string& from, char (&to)[N]) {
  const size_t size = std::min(from.size(), N - 1);
  std::memcpy(to, from.data(), size);
  to[size] = '\0';
}

}  // namespace

void SetReport(Report* where) { report = where; }

Report& CurrentReport() { return *report; }

void Fail(const std::string& kind, const std::string& text) {
  Copy(kind, report->kind);
  Copy(text, report->text);
  _exit(1);
}

void Observe(uint64_t value) {
  uint64_t& trace = report->trace;
  trace = (trace ^ value) * 0x9e3779b97f4a7c15;
  trace ^= trace >> 29;
}

void Observe(const std::string& text) {
  uint64_t hash = 1469598103934665603;
  for (const char c : text) hash = (hash ^ static_cast<uint8_t>(c)) * 1099511628211;
  Observe(hash);
}

}  // namespace tally::sim
