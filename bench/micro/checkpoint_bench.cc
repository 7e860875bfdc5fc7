// From a delta to a durable commit: freeze, build the rows, commit them.
#include <benchmark/benchmark.h>

#include <memory>

#include "bench/micro/delta_life.h"
#include "bench/micro/input.h"

namespace tally::bench {
namespace {

constexpr int64_t kRegistrationsMax = 4'000'000;

// `range(0)` new participants a checkpoint, on top of those before; a new store when the input
// ends.
class Rounds {
 public:
  explicit Rounds(int64_t each) : each_(static_cast<size_t>(each)) {}

  DeltaLife& Next() {
    static const Registrations input(kRegistrationsMax);
    if (life_ == nullptr || next_ + each_ > input.all().size()) {
      life_ = std::make_unique<DeltaLife>();
      next_ = 0;
    }
    life_->Fold(std::span(input.all()).subspan(next_, each_));
    next_ += each_;
    return *life_;
  }

 private:
  const size_t each_;
  size_t next_ = 0;
  std::unique_ptr<DeltaLife> life_;
};

void Run(benchmark::State& state, bool commit_counts) {
  Rounds rounds(state.range(0));
  for (auto _ : state) {
    state.PauseTiming();
    DeltaLife& life = rounds.Next();
    state.ResumeTiming();
    auto rows = life.Build();
    if (!commit_counts) state.PauseTiming();
    life.Commit(std::move(rows));
    if (!commit_counts) state.ResumeTiming();
  }
  state.SetItemsProcessed(static_cast<int64_t>(state.iterations()) * state.range(0));
}

void CheckpointBuild(benchmark::State& state) { Run(state, false); }
void CheckpointBuildAndCommit(benchmark::State& state) { Run(state, true); }
// Live: 20,000 records/s over four shards. Replaying: as much as a delta holds.
BENCHMARK(CheckpointBuild)->Arg(5'000)->Arg(200'000)->Unit(benchmark::kMillisecond);
BENCHMARK(CheckpointBuildAndCommit)
    ->Arg(1'000)
    ->Arg(5'000)
    ->Arg(200'000)
    ->Unit(benchmark::kMillisecond)
    ->UseRealTime();

}  // namespace
}  // namespace tally::bench
