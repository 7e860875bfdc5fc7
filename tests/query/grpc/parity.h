// Does a message say exactly what a JSON text says?
#pragma once

#include <google/protobuf/message.h>

#include <string>
#include <vector>

namespace tally::testing {

// Every difference, one a line, each with the path to it; empty: there is none. Names are camelCase
// in JSON and snake_case in messages; null is a field that is not set; numbers are compared as
// text, digit by digit; enums by name ("daily" is INTERVAL_DAILY). Fields that the JSON text lacks
// are differences too, as are those of the message.
std::vector<std::string> Differences(const std::string& json,
                                     const google::protobuf::Message& message);

}  // namespace tally::testing
