// Keyed hashes of participants, and the digest's terms.
#include <benchmark/benchmark.h>

#include <string>

#include "processor/domain/aggregate.h"
#include "processor/domain/digest.h"
#include "processor/domain/participant_hash.h"

namespace tally::bench {
namespace {

constexpr char kEventId[] = "g1-evt-4711";
constexpr domain::Hour kHour = 490'896;  // in 2026

void ParticipantHash(benchmark::State& state) {
  const auto key = domain::HashKey::Derived("bench", "bench.");
  std::string participant = "g1-p1000000";
  for (auto _ : state) {
    ++participant.back();
    benchmark::DoNotOptimize(domain::ParticipantHash(key, kEventId, participant));
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(ParticipantHash);

void DigestParticipantRow(benchmark::State& state) {
  const auto event = domain::EventKey(kEventId);
  const auto channel = domain::ChannelKey("SNS");
  domain::ParticipantHashBytes hash{};
  for (auto _ : state) {
    ++hash[0];
    benchmark::DoNotOptimize(domain::ParticipantRow(event, hash, channel, kHour, 3'000'000));
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(DigestParticipantRow);

void DigestHourTerm(benchmark::State& state) {
  const auto event = domain::EventKey(kEventId);
  const auto channel = domain::ChannelKey("SNS");
  domain::HourCounts counts{.participants = 7, .views = 0, .purchase_amount = 3'000'000};
  for (auto _ : state) {
    ++counts.participants;
    benchmark::DoNotOptimize(domain::HourTerm(event, kHour, channel, counts));
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(DigestHourTerm);

void DigestAggregateRow(benchmark::State& state) {  // of `range(0)` channels
  domain::EventAggregate aggregate;
  aggregate.event_id = kEventId;
  aggregate.description.emplace().user_id = "g1-user-1";
  for (int64_t i = 0; i < state.range(0); ++i) {
    aggregate.AddChannel("channel-" + std::to_string(i));
  }
  for (auto _ : state) {
    ++aggregate.participants;
    benchmark::DoNotOptimize(domain::AggregateRow(aggregate));
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(DigestAggregateRow)->Arg(4)->Arg(40);

}  // namespace
}  // namespace tally::bench
