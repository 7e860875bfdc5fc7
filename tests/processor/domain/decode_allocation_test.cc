// In steady state the decoder takes nothing from the heap for the records that come by the million.
#include <gtest/gtest.h>

#include <cstdlib>
#include <new>
#include <string>
#include <vector>

#include "processor/domain/decode.h"
#include "tally/v1/events.pb.h"
#include "tests/processor/domain/decode_fixture.h"

namespace {
size_t allocations = 0;
}  // namespace

void* operator new(size_t size, const std::nothrow_t&) noexcept {
  ++allocations;
  return std::malloc(size);
}
void* operator new(size_t size) {
  void* memory = operator new(size, std::nothrow);
  if (memory == nullptr) throw std::bad_alloc();
  return memory;
}
void* operator new[](size_t size) { return operator new(size); }
void* operator new[](size_t size, const std::nothrow_t&) noexcept {
  return operator new(size, std::nothrow);
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, size_t) noexcept { std::free(memory); }
void operator delete[](void* memory) noexcept { std::free(memory); }
void operator delete[](void* memory, size_t) noexcept { std::free(memory); }

namespace tally::domain {
namespace {

std::vector<std::string> JsonValues() {
  const std::string begin = R"({"eventId":"evt-1","participantId":"0196f7d2-1c5e-7cc0-8f5a-)";
  return {
      begin +
          R"(1","channel":"SNS","registeredAt":"2026-01-01T09:30:00+09:00","purchaseAmount":0})",
      begin +
          R"(2","channel":"지니TV","registeredAt":"2026-01-01T09:30:00","purchaseAmount":"1.5"})",
      begin + "3\",\"channel\":\"\u110c\u1175\u1102\u1175TV\",\"x\":{\"y\":[\"z\"]}}",
      begin + R"(4\u0041","channel":"e\u0301"})",
  };
}

std::vector<std::string> ProtobufValues() {
  std::vector<std::string> values;
  for (const char* channel : {"SNS", "우리동네TV", "\u110c\u1175\u1102\u1175TV"}) {
    v1::ParticipantRegistered message;
    message.set_event_id("evt-1");
    message.set_participant_id("0196f7d2-1c5e-7cc0-8f5a-123456789012");
    message.set_channel(channel);
    message.mutable_registered_at()->set_seconds(1'767'225'600);
    message.set_purchase_amount(3'000'000);
    values.push_back(message.SerializeAsString());
  }
  return values;
}

size_t AllocationsInSteadyState(const std::vector<std::string>& values) {
  Decoder decoder({});
  ParticipantRegistered event;
  std::vector<Input> inputs;
  for (const std::string& value : values) inputs.push_back({.value = value});
  for (int round = 0; round < 1000; ++round) {
    if (round == 10) allocations = 0;
    for (const Input& input : inputs) {
      const auto rejection = decoder.Decode(ToRecord(input), event);
      if (rejection) ADD_FAILURE() << Describe(rejection);
    }
  }
  return allocations;
}

TEST(DecodeAllocation, NoneForParticipants) {
  EXPECT_EQ(AllocationsInSteadyState(JsonValues()), 0u);
  EXPECT_EQ(AllocationsInSteadyState(ProtobufValues()), 0u);
}

}  // namespace
}  // namespace tally::domain
