// A short-lived consumer that reads given parts of partitions. Internal to this folder.
#pragma once

#include <functional>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "processor/kafka/client_config.h"
#include "processor/log_admin.h"

namespace tally::kafka {

// LogAdmin::Read, see there.
absl::Status ReadLog(const ClientConfig& config, const std::vector<PartitionAt>& from,
                     const std::function<bool(const PartitionAt&, const OwnedRecord&)>& visit,
                     absl::Duration timeout);

// LogAdmin::ReadAt, see there.
absl::StatusOr<std::vector<RecordAt>> ReadLogAt(const ClientConfig& config,
                                                const std::vector<PartitionAt>& places,
                                                absl::Duration timeout);

}  // namespace tally::kafka
