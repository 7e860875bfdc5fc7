#include "tests/sim/life.h"

#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <new>

#include "tests/sim/world.h"

namespace tally::sim {
namespace {

// Memory that children write and their parent reads.
Report& SharedReport() {
  static Report* const report = [] {
    void* memory =
        mmap(nullptr, sizeof(Report), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) std::abort();
    return new (memory) Report;
  }();
  return *report;
}

[[noreturn]] void Live(uint64_t seed, const LifeOptions& options,
                       const std::vector<bool>& without) {
  alarm(static_cast<unsigned>(options.seconds_max));
  Story story = MakeStory(seed, options.limits);
  std::vector<Step> kept;
  for (size_t i = 0; i < story.steps.size(); ++i) {
    if (i >= without.size() || !without[i]) kept.push_back(story.steps[i]);
  }
  story.steps = std::move(kept);
  {
    World world(story, options.verbose);
    world.Live();
  }
  std::fflush(stdout);
  _exit(0);
}

}  // namespace

LifeResult LiveOnce(uint64_t seed, const LifeOptions& options, const std::vector<bool>& without) {
  Report& report = SharedReport();
  report = {};
  SetReport(&report);
  std::fflush(stdout);
  const pid_t child = fork();
  if (child < 0) std::abort();
  if (child == 0) Live(seed, options, without);
  int status = 0;
  while (waitpid(child, &status, 0) != child) {
  }
  LifeResult result;
  result.ok = WIFEXITED(status) && WEXITSTATUS(status) == 0;
  result.report = report;
  result.steps_done = report.steps_done;
  if (result.ok) return result;
  result.kind = report.kind;
  result.text = report.text;
  if (result.kind.empty() && WIFSIGNALED(status)) {
    result.kind = fmt::format("signal {}", WTERMSIG(status));
    result.text = WTERMSIG(status) == SIGALRM
                      ? fmt::format("it did not end within {} s", options.seconds_max)
                      : fmt::format("it was ended by {}", strsignal(WTERMSIG(status)));
  } else if (result.kind.empty()) {
    result.kind = fmt::format("exit {}", WEXITSTATUS(status));
    result.text = "it ended by itself; what it said is above";
  }
  return result;
}

}  // namespace tally::sim
