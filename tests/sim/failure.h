// How a life ends early. A life is a child process: it writes down what is wrong and is gone, from
// wherever it was; nothing has to unwind.
#pragma once

#include <cstdint>
#include <string>

namespace tally::sim {

// Written by the child, read by the parent that started it: memory that both map.
struct Report {
  char kind[64];     // what sort of failure, the same for the same fault: shrinking keeps it
  char text[16384];  // for people; cut where it does not fit
  int32_t steps_done;
  // Of a life that ended well, too.
  uint64_t trace;  // a hash of everything that was observed: the same for the same seed
  uint64_t reads, jobs, crashes, records;
};

// Where Fail writes; never null while a life runs.
void SetReport(Report* report);
Report& CurrentReport();

// Ends the process. `kind` is one of a few words, e.g. "read", "store", "stuck".
[[noreturn]] void Fail(const std::string& kind, const std::string& text);

// Mixes something observed into the trace.
void Observe(uint64_t value);
void Observe(const std::string& text);

}  // namespace tally::sim
