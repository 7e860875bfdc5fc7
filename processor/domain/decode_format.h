// Which of the two encodings a record's value has.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "processor/domain/decode.h"
#include "processor/domain/record.h"

namespace tally::domain {

enum class Format : uint8_t { kJson, kProtobuf };

// By the `content-type` header; without one by the value's first byte that is not white space (`{`
// is JSON, anything else, nothing included, is Protobuf).
//
// The header's name and its media type are compared without regard to case, parameters after ';'
// are ignored, the last header of the name wins, and one with a null value is as absent. A type
// that is not application/json, application/x-protobuf or application/protobuf is a rejection.
[[nodiscard]] std::optional<Rejection> DetectFormat(const Record& record, std::string_view value,
                                                    Format& format);

}  // namespace tally::domain
