// The synthetic load of `tally generate`: a stream of records that is a function of its options
// alone, seed included. No clock, no I/O.
//
// Names: events `g<seed>-evt-<n>`, users `g<seed>-user-<n>`, participants `g<seed>-p<n>`, n from 1,
// so that loads of different seeds do not meet. Order: all event.created first, then participants
// with distributions, re-sent records and duplicates evenly between them.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "processor/domain/events.h"
#include "tools/tally/outgoing_record.h"

namespace tally::cli {

enum class Format : uint8_t { kJson, kProtobuf };

struct SyntheticOptions {
  uint64_t seed = 1;
  int64_t events = 100;           // 1 to 10^7
  int64_t users = 0;              // 1 to events; 0: one for ten events
  int64_t participants = 10'000;  // distinct ones over all events, 0 to 10^10
  int64_t channels = 4;           // 1 to 2,000; the first four are the sample data set's
  int64_t distributions = 1;      // distribution.completed records per event, 0 to 100
  // floor(participants × duplicates) participants are sent a second time, every other one with
  // another channel and amount (the first must win). 0 to 10.
  double duplicates = 0;
  // floor((events × (1 + distributions)) × resent) event.created and distribution.completed records
  // are sent again, every other one with changed content (the last must win). 0 to 10.
  double resent = 0;
  double skew = 0;       // Zipf exponent of participants over events; 0: even. 0 to 5.
  double hot_share = 0;  // of the participants take part in the first event, skew aside. 0 to 1.
  Format format = Format::kJson;
  domain::Millis start = 0;                        // the first record's time
  domain::Millis span = int64_t{30} * 86'400'000;  // times of records and registrations spread over
  std::string topic_prefix;
};

// kInvalidArgument names the option as it is written on the command line, and its range.
absl::Status Check(const SyntheticOptions& options);

// Draws ranks 0 … n-1 with probability proportional to 1 / (rank + 1)^exponent, in O(1).
class Zipf {
 public:
  Zipf(int64_t n, double exponent);
  int64_t Draw(uint64_t random) const;

 private:
  std::vector<uint32_t> threshold_;  // alias method: keep the slot below it, else its alias
  std::vector<uint32_t> alias_;
};

class SyntheticLoad {
 public:
  explicit SyntheticLoad(const SyntheticOptions& options);  // checked by Check

  // False: the end. Buffers of `record` are reused.
  bool Next(OutgoingRecord* record);

  int64_t total_records() const { return total_; }

 private:
  domain::Millis TimeAt(int64_t step, int64_t steps) const;
  domain::Millis Now() const;
  bool Before(int64_t sent, int64_t total, int64_t done) const;

  void Created(int64_t event, OutgoingRecord* record);
  void Distributed(int64_t index, OutgoingRecord* record);
  void Registered(int64_t participant, bool changed, OutgoingRecord* record);
  void Resent(OutgoingRecord* record);
  void Duplicate(OutgoingRecord* record);

  int64_t EventOf(int64_t participant) const;
  void SetEventId(int64_t event);
  template <typename Event>
  void Fill(domain::Topic topic, const Event& event, OutgoingRecord* record);

  SyntheticOptions options_;
  Zipf zipf_;
  std::vector<std::string> channel_names_;
  std::string topics_[domain::kTopicCount];

  int64_t distributions_total_ = 0;
  int64_t resent_total_ = 0;
  int64_t duplicates_total_ = 0;
  int64_t total_ = 0;

  int64_t created_sent_ = 0;
  int64_t participants_sent_ = 0;
  int64_t distributions_sent_ = 0;
  int64_t resent_sent_ = 0;
  int64_t duplicates_sent_ = 0;
  std::vector<uint32_t> created_version_;       // what was last sent, by event
  std::vector<uint32_t> distribution_version_;  // by distribution record

  std::string event_id_;
  std::string other_id_;
  std::string title_;
  std::string distribution_id_;
  domain::DistributionCompleted distribution_;
};

}  // namespace tally::cli
