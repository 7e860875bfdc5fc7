#include "processor/memory_governor.h"

#include <unistd.h>

#include <algorithm>
#include <cstdio>

// jemalloc's, where it is linked. Arena 4096 stands for all of them (MALLCTL_ARENAS_ALL).
extern "C" __attribute__((weak)) int mallctl(const char* name, void* old_value, size_t* old_bytes,
                                             void* new_value, size_t new_bytes);

namespace tally {
namespace {

constexpr double kShrink = 0.75;
constexpr double kGrow = 1.1;

size_t HighMark(size_t budget) { return budget / 16 * 14; }
size_t LowMark(size_t budget) { return budget / 16 * 13; }

// Memory that was freed, and that the allocator keeps for a while.
void ReturnFreedMemory() {
  if (mallctl != nullptr) mallctl("arena.4096.purge", nullptr, nullptr, nullptr, 0);
}

}  // namespace

size_t ResidentBytes() {
  std::FILE* file = std::fopen("/proc/self/statm", "r");
  if (file == nullptr) return 0;
  size_t total = 0, resident = 0;
  const bool read = std::fscanf(file, "%zu %zu", &total, &resident) == 2;
  std::fclose(file);
  return read ? resident * static_cast<size_t>(sysconf(_SC_PAGESIZE)) : 0;
}

double MemoryGovernor::NextPart(double part, size_t resident_bytes, size_t budget_bytes) {
  if (resident_bytes > HighMark(budget_bytes)) return std::max(part * kShrink, kPartMin);
  if (resident_bytes < LowMark(budget_bytes)) return std::min(part * kGrow, 1.0);
  return part;
}

void MemoryGovernor::Look() {
  size_t resident = ResidentBytes();
  if (resident > HighMark(budget_bytes_)) {
    ReturnFreedMemory();
    resident = ResidentBytes();
  }
  delta_part_.store(NextPart(delta_part(), resident, budget_bytes_), std::memory_order_relaxed);
}

}  // namespace tally
