// Where logs begin and end. Internal to this folder.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "processor/kafka/client.h"
#include "processor/log_admin.h"

namespace tally::kafka {

struct Place {
  std::string topic;
  int32_t partition = 0;
};

// In the order of `places`, which are distinct; ends are last stable offsets. Two rounds of
// requests, whatever the number of places.
absl::StatusOr<std::vector<LogRange>> QueryRanges(Client& client, const std::vector<Place>& places,
                                                  absl::Duration timeout);
absl::StatusOr<LogRange> QueryRange(Client& client, const std::string& topic, int32_t partition,
                                    absl::Duration timeout);

}  // namespace tally::kafka
