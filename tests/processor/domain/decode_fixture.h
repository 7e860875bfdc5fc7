// Records for decoder tests.
#pragma once

#include <cstdint>
#include <optional>
#include <ostream>
#include <string>
#include <string_view>
#include <vector>

#include "processor/domain/decode.h"
#include "processor/domain/record.h"

namespace tally::domain {

// 2026-11-22T12:00:00Z
inline constexpr Millis kRecordTime = 1'795'348'800'000;

// A record of "evt-1"; change what a test is about.
struct Input {
  std::optional<std::string> value;
  std::optional<std::string> key = "evt-1";
  int64_t timestamp_ms = kRecordTime;
  std::vector<Header> headers;
};

inline Record ToRecord(const Input& input) {
  Record record;
  record.timestamp_ms = input.timestamp_ms;
  if (input.key) record.key = *input.key;
  if (input.value) record.value = *input.value;
  record.headers = input.headers;
  return record;
}

template <typename Event>
std::optional<Rejection> DecodeInput(Decoder& decoder, const Input& input, Event& event) {
  return decoder.Decode(ToRecord(input), event);
}

// One row of a table of values that are refused.
struct BadRow {
  std::string value;
  Reason reason;
  std::string detail;  // a part of it
};

// What of the rejection a person reads in a failed test.
inline std::string Describe(const std::optional<Rejection>& rejection) {
  if (!rejection) return "accepted";
  return std::string(ReasonName(rejection->reason)) + ": " + rejection->detail;
}

}  // namespace tally::domain
