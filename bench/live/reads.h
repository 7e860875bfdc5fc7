// Dashboards read at a steady rate, whatever becomes of them.
//
// Open loop: every question has its time, and what is measured runs from that time to the whole
// answer. A slow answer does not put off the next question, and a question that could not be asked
// in time counts the delay (no coordinated omission).
#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <cstdint>
#include <map>
#include <string>

#include "bench/common/samples.h"

namespace tally::bench {

struct ReadOptions {
  boost::asio::ip::tcp::endpoint server;
  boost::asio::ip::tcp::endpoint admin;
  uint64_t seed = 1;     // the load's: it names the events
  int64_t events = 100;  // asked for with the same probability each
  double requests_per_second = 200;
  double seconds_max = 600;
  bool until_ready = true;  // end as soon as /readyz is 200
};

struct ReadResult {
  double seconds = 0;
  bool ready = false;              // /readyz became 200
  Samples answered_ms;             // status 200
  Samples asked_late_ms;           // by this process, included in the above
  std::map<int, int64_t> other;    // answers by status; 0: none
  double other_until_seconds = 0;  // when the last of them was asked for
};

ReadResult MeasureReads(const ReadOptions& options);

}  // namespace tally::bench
