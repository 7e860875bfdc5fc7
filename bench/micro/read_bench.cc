// An event's dashboard: through the service and the reader of a running engine, and the view and
// its JSON alone.
#include <benchmark/benchmark.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <cstdlib>
#include <exception>
#include <optional>
#include <string>

#include "bench/micro/engine_life.h"
#include "bench/micro/input.h"
#include "query/json.h"
#include "query/period.h"
#include "query/views/event_dashboard.h"

namespace tally::bench {
namespace {

namespace asio = boost::asio;

constexpr int64_t kParticipants = 200'000;

EngineLife& Life() {
  static EngineLife life([] {
    auto load = DefaultLoad(kParticipants);
    load.topic_prefix = "bench.";
    return load;
  }());
  return life;
}

std::string EventId(int64_t number, const cli::SyntheticOptions& load) {
  return "g" + std::to_string(load.seed) + "-evt-" + std::to_string(1 + number % load.events);
}

template <typename T>
T Await(asio::io_context& io, asio::awaitable<absl::StatusOr<T>> awaited) {
  std::optional<absl::StatusOr<T>> result;
  asio::co_spawn(io, std::move(awaited), [&](std::exception_ptr error, absl::StatusOr<T> found) {
    if (error) std::abort();
    result = std::move(found);
  });
  io.restart();
  io.run();
  if (!result || !result->ok()) std::abort();
  return **std::move(result);
}

// Two changes of threads included: to the shard's and back.
void ReadDashboard(benchmark::State& state) {
  auto& service = Life().service();
  const auto load = DefaultLoad(kParticipants);
  asio::io_context io(1);
  int64_t number = 0;
  for (auto _ : state) {
    query::Request request;
    request.id = EventId(number++, load);
    auto answer = Await(io, service.GetEventDashboard(std::move(request)));
    benchmark::DoNotOptimize(query::ToJson(*answer.view));
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(ReadDashboard)->UseRealTime()->Unit(benchmark::kMicrosecond);

void ViewAndJson(benchmark::State& state) {
  const auto load = DefaultLoad(kParticipants);
  std::vector<query::ParameterError> errors;
  const auto window = query::ParseWindow({}, absl::FromUnixMillis(load.start + load.span), errors);
  asio::io_context io(1);
  const auto answer =
      Await(io, Life().reader().ReadEvent(EventId(0, load), query::DashboardNeed(window), {}));
  for (auto _ : state) {
    benchmark::DoNotOptimize(query::ToJson(query::MakeEventDashboard(*answer.event, window)));
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(ViewAndJson)->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace tally::bench
