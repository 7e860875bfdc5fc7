// Input: a byte for the topic, then the record's value.
#include "tests/fuzz/decode_promises.h"
#include "tests/fuzz/target.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  tally::fuzz::Input input(data, size);
  const uint8_t topic = input.Byte();
  tally::fuzz::CheckDecode(topic, tally::fuzz::Encoding::kProtobuf, input.Rest());
  return 0;
}
