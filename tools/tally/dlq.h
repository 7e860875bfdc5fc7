// `tally dlq list`: what is in the dead-letter topics.
#pragma once

#include <cstdint>

#include "absl/time/time.h"
#include "tools/tally/console.h"
#include "tools/tally/kafka_session.h"

namespace tally::cli {

struct DlqListOptions {
  KafkaOptions kafka;
  bool details = false;         // every letter, too
  int64_t details_max = 1'000;  // the first ones by topic, partition and offset; 1 to 10^6
  absl::Duration read_timeout = absl::Minutes(10);
  bool json = false;
};
int RunDlqList(const DlqListOptions& options, Console& console);

}  // namespace tally::cli
