// What a life is made of, all of it from its seed.
#pragma once

#include <cstdint>
#include <string>

namespace tally::sim {

struct Config {
  uint64_t seed = 0;
  bool rocks = false;  // the real store on a simulated file system; otherwise the one in memory

  int partitions = 1;
  int instances = 1;  // at first
  bool twin = false;  // the first instance runs twice, on disks of their own
  int workers = 1;    // an instance's

  // How many different ones the records speak of.
  int events = 4;
  int users = 2;
  int participants = 20;
  int channels = 4;
  bool many_channels = false;  // beyond what one topic may name for an event
  int bad_percent = 5;         // of the records

  // ShardOptions, WorkerOptions and ShardReaderOptions.
  int batch_records_max = 16;
  int delta_bytes_max = 1 << 24;
  int resident_events_max = 1000;
  int filter_bytes_max = 1 << 20;
  int filter_rows_at_a_time = 10;
  int checkpoint_interval_ms = 50;
  int letters_in_flight_max = 100;
  int position_waiters_max = 100;
  int events_per_step = 4;
  bool ends_known = true;  // the source hears of the log's end

  // A model that is wrong on purpose: it does not know about one record in so many; 0: about all.
  int model_lacks_one_in = 0;

  // Of the real store.
  int ingest_rows_min = 20;

  std::string ToString() const;
};

}  // namespace tally::sim
