// Folding decoded registrations into a delta over a store.
#include <benchmark/benchmark.h>

#include <cstdlib>
#include <memory>

#include "bench/micro/delta_life.h"
#include "bench/micro/input.h"

namespace tally::bench {
namespace {

constexpr int64_t kFolded = 200'000;
constexpr int64_t kStored = 1'000'000;

const Registrations& Input() {
  static const Registrations input(kStored + kFolded);
  return input;
}
std::span<const domain::ParticipantRegistered> Stored() {
  return std::span(Input().all()).first(kStored);
}
std::span<const domain::ParticipantRegistered> New() {
  return std::span(Input().all()).subspan(kStored);
}

std::unique_ptr<DeltaLife> WithStored() {
  auto life = std::make_unique<DeltaLife>();
  life->Fold(Stored());
  life->Commit(life->Build());
  return life;
}

// Folds `range(0)` times the same; `expected` of each round must count.
template <typename MakeLife>
void Fold(benchmark::State& state, std::span<const domain::ParticipantRegistered> registrations,
          int64_t expected, MakeLife make_life) {
  for (auto _ : state) {
    state.PauseTiming();
    auto life = make_life();
    state.ResumeTiming();
    if (life->Fold(registrations) != expected) std::abort();
    state.PauseTiming();
    life.reset();
    state.ResumeTiming();
  }
  state.SetItemsProcessed(static_cast<int64_t>(state.iterations()) *
                          static_cast<int64_t>(registrations.size()));
}

void FoldNewIntoEmptyStore(benchmark::State& state) {
  Fold(state, New(), kFolded, [] { return std::make_unique<DeltaLife>(); });
}
// The ordinary case: the events are known, the participants are not.
void FoldNewBesideStored(benchmark::State& state) { Fold(state, New(), kFolded, WithStored); }

// Redelivered at once: they are still in the delta.
void FoldRepeatsInDelta(benchmark::State& state) {
  Fold(state, New(), 0, [] {
    auto life = std::make_unique<DeltaLife>();
    life->Fold(New());
    return life;
  });
}
// Sent again later: each has to be looked up in the store.
void FoldRepeatsInStore(benchmark::State& state) {
  Fold(state, Stored().first(kFolded), 0, WithStored);
}
// After a restart, before anything is in memory.
void FoldNewAfterRestart(benchmark::State& state) {
  Fold(state, New(), kFolded, [] {
    auto life = WithStored();
    life->Restart();
    return life;
  });
}
BENCHMARK(FoldNewIntoEmptyStore)->Unit(benchmark::kMillisecond);
BENCHMARK(FoldNewBesideStored)->Unit(benchmark::kMillisecond)->Iterations(5);
BENCHMARK(FoldRepeatsInDelta)->Unit(benchmark::kMillisecond);
BENCHMARK(FoldRepeatsInStore)->Unit(benchmark::kMillisecond)->Iterations(5);
BENCHMARK(FoldNewAfterRestart)->Unit(benchmark::kMillisecond)->Iterations(5);

}  // namespace
}  // namespace tally::bench
