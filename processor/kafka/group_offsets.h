// Commits offsets to a consumer group without being its member, for lag tools. Internal to this
// folder.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>

#include "absl/time/time.h"
#include "processor/kafka/client.h"

namespace tally::kafka {

// One thread. At most one commit is under way; what comes meanwhile is merged into the next one, so
// nothing piles up while the group's coordinator is away. Failures are logged and forgotten.
class GroupOffsets {
 public:
  // The client outlives this object. `group` empty: everything is a no-op.
  GroupOffsets(Client& client, std::string group);

  void Set(const std::string& topic, int32_t partition, int64_t next_offset);
  // Handles the answer that is there, if any, and sends what waits. Never blocks.
  void Serve();
  // Serves until nothing waits, at most `timeout`.
  void Flush(absl::Duration timeout);

 private:
  using Offsets = std::map<std::pair<std::string, int32_t>, int64_t>;

  void HandleAnswer(int timeout_ms);
  void Send();

  Client& client_;
  const std::string group_;
  QueuePtr answers_;
  Offsets waiting_;
  Offsets sent_;  // last sent, to leave out what has not moved
  bool under_way_ = false;
};

}  // namespace tally::kafka
