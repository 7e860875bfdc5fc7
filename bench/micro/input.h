// What the benchmarks are fed with: records of `tally generate`, and what they decode to.
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <vector>

#include "processor/domain/events.h"
#include "processor/domain/record.h"
#include "tools/tally/synthetic.h"

namespace tally::bench {

// The load that all benchmarks use: 10,000 events, some far more popular than others.
cli::SyntheticOptions DefaultLoad(int64_t participants);

// Records of one topic, with their bytes.
class Records {
 public:
  // At most `count` of those that the load has of the topic.
  Records(const cli::SyntheticOptions& load, domain::Topic topic, size_t count);

  const std::vector<domain::Record>& all() const { return records_; }
  int64_t bytes() const { return bytes_; }

 private:
  std::deque<std::string> texts_;
  std::vector<domain::Record> records_;
  domain::Header content_type_;
  int64_t bytes_ = 0;
};

// Decoded registrations, with their bytes; no participant twice.
class Registrations {
 public:
  explicit Registrations(int64_t count);

  const std::vector<domain::ParticipantRegistered>& all() const { return events_; }

 private:
  std::deque<std::string> texts_;
  std::vector<domain::ParticipantRegistered> events_;
};

}  // namespace tally::bench
