// What must hold of every record, whatever its encoding.
#pragma once

#include <cstdint>
#include <string_view>

namespace tally::fuzz {

enum class Encoding : uint8_t { kJson, kProtobuf };

// Decodes `value` as a record of the topic that `topic` says (modulo their number; its highest bit:
// the record has no timestamp). Promises:
//   - a refusal names a known reason, and says what is wrong in a short text of UTF-8
//   - the same value is decoded alike with a content-type header and, if it begins like JSON,
//     without
//   - an event is within the rules' bounds
//   - an event, sent again as JSON or as Protobuf, is the same event
//   - an event under another key is refused
void CheckDecode(uint8_t topic, Encoding encoding, std::string_view value);

}  // namespace tally::fuzz
