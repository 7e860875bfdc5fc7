// `tally topics create`.
#pragma once

#include <cstdint>

#include "tools/tally/console.h"
#include "tools/tally/kafka_session.h"

namespace tally::cli {

struct TopicsCreateOptions {
  KafkaOptions kafka;
  int32_t partitions = 12;
  int16_t replication_factor = -1;  // -1: the broker's default
};

// Makes the three input topics and their dead-letter topics with unlimited retention. Those that
// exist with the same number of partitions are left alone; with another number nothing is made.
int RunTopicsCreate(const TopicsCreateOptions& options, Console& console);

}  // namespace tally::cli
