// W3C trace context: which request of whose trace this is.
#pragma once

#include <string>
#include <string_view>

namespace tally::query {

// A `traceparent` of version 00. Version 00, or a later one read as the specification asks for;
// "" for everything else, all-zero ids included.
std::string ReadTraceparent(std::string_view header);

// The 32 hex digits of what ReadTraceparent returned; "" of "".
inline std::string_view TraceId(std::string_view traceparent) {
  return traceparent.empty() ? traceparent : traceparent.substr(3, 32);
}

}  // namespace tally::query
