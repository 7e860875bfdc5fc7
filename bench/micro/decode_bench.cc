// Decoding and checking one record.
#include <benchmark/benchmark.h>

#include <cstdlib>

#include "bench/micro/input.h"
#include "processor/domain/decode.h"

namespace tally::bench {
namespace {

using cli::Format;
using domain::Topic;

constexpr size_t kRecords = 10'000;

template <typename Event>
void Decode(benchmark::State& state, Topic topic, Format format) {
  auto load = DefaultLoad(topic == Topic::kParticipantRegistered ? kRecords : 0);
  load.format = format;
  const Records records(load, topic, kRecords);
  domain::Decoder decoder({});
  Event event;
  for (auto _ : state) {
    for (const auto& record : records.all()) {
      if (decoder.Decode(record, event)) std::abort();
      benchmark::DoNotOptimize(event);
    }
  }
  const auto rounds = static_cast<int64_t>(state.iterations());
  state.SetItemsProcessed(rounds * static_cast<int64_t>(records.all().size()));
  state.SetBytesProcessed(rounds * records.bytes());
}

void DecodeRegistrationJson(benchmark::State& state) {
  Decode<domain::ParticipantRegistered>(state, Topic::kParticipantRegistered, Format::kJson);
}
void DecodeRegistrationProtobuf(benchmark::State& state) {
  Decode<domain::ParticipantRegistered>(state, Topic::kParticipantRegistered, Format::kProtobuf);
}
void DecodeEventCreatedJson(benchmark::State& state) {
  Decode<domain::EventCreated>(state, Topic::kEventCreated, Format::kJson);
}
void DecodeDistributionJson(benchmark::State& state) {  // of four channels
  Decode<domain::DistributionCompleted>(state, Topic::kDistributionCompleted, Format::kJson);
}
BENCHMARK(DecodeRegistrationJson);
BENCHMARK(DecodeRegistrationProtobuf);
BENCHMARK(DecodeEventCreatedJson);
BENCHMARK(DecodeDistributionJson);

}  // namespace
}  // namespace tally::bench
