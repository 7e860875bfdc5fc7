// The three records as the expectation needs them, read from JSON (simdjson) or Protobuf (the
// generated classes) by code of its own.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace tally::bench {

struct Registered {
  std::string event_id;
  std::string participant_id;
  std::string channel;
  int64_t at = 0;  // ms since 1970
  int64_t amount = 0;
};

struct Distribution {
  std::string channel;
  std::string distribution_id;
  bool success = true;
  int64_t views = 0;
  int64_t cost = 0;
};

struct Distributed {
  std::string event_id;
  int64_t at = 0;
  std::vector<Distribution> channels;
};

// Text in objects that are reused from record to record. Throws std::runtime_error at a record that
// tallyd would refuse, or that uses something the workloads do not: an inline channel, an
// exponent, a missing time.
class RecordReader {
 public:
  RecordReader();
  ~RecordReader();

  std::string CreatedEventId(std::string_view value);
  void Read(std::string_view value, Registered& record);
  void Read(std::string_view value, Distributed& record);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace tally::bench
