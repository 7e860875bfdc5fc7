// What the commands that make stores anew from the log share: a connection, the key, the checks.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "processor/domain/participant_hash.h"
#include "processor/log_admin.h"
#include "processor/log_replay.h"
#include "processor/log_source.h"
#include "processor/rows.h"
#include "store/lineage.h"
#include "tools/tally/kafka_session.h"

namespace tally::cli {

struct ReplayFlags {
  KafkaOptions kafka;         // its topic prefix and partitioner are not used: the lineage has them
  std::string hash_key_file;  // empty: the key is derived
  size_t memory_bytes = size_t{256} << 20;
};

class ReplaySession {
 public:
  // kUnavailable: no broker reachable; kInvalidArgument: an option that librdkafka refuses, or the
  // key file.
  static absl::StatusOr<std::unique_ptr<ReplaySession>> Connect(const ReplayFlags& flags);

  const std::string& cluster_id() const { return session_.cluster_id; }

  // Whether this binary, key and cluster can make a store of that lineage: kFailedPrecondition that
  // names what differs, and the remedy.
  absl::Status CheckLineage(const store::Lineage& lineage) const;

  // The log's ranges of the lineage's partition, by topic index. kNotFound: a topic or the
  // partition does not exist.
  absl::StatusOr<std::vector<LogRange>> Ranges(const store::Lineage& lineage) const;

  // Whether the log still has the records that the checkpoint remembers: kDataLoss when it is
  // another one, kOutOfRange when it ends before them; both name topic, partition, offset and
  // remedy. Others: it could not be looked at.
  absl::Status CheckSameLog(const store::Lineage& lineage, const CheckpointRow& checkpoint) const;

  // Of each topic, the offset below which bad records have their dead letters.
  absl::StatusOr<Offsets> LettersWrittenBelow(const store::Lineage& lineage) const;

  // How to make the store at `path` up to `until`; see processor/log_replay.h. The log's ranges
  // must have been found to allow it. Progress in offsets; false cancels.
  ReplayOptions Plan(const store::Lineage& lineage, const Offsets& until, const std::string& path,
                     const std::function<bool(int64_t offsets)>& progress) const;

 private:
  ReplaySession(ReplayFlags flags, KafkaSession session);
  domain::HashKey KeyFor(const store::Lineage& lineage) const;

  const ReplayFlags flags_;
  KafkaSession session_;
  std::optional<domain::HashKey> hash_key_;
};

// A directory for what is made and thrown away; removed with all that is in it.
class ScratchDirectory {
 public:
  // In `parent`, or where temporary files go. kUnavailable: it cannot be made there.
  static absl::StatusOr<std::unique_ptr<ScratchDirectory>> Make(const std::string& parent);
  ~ScratchDirectory();
  ScratchDirectory(const ScratchDirectory&) = delete;
  ScratchDirectory& operator=(const ScratchDirectory&) = delete;

  const std::string& path() const { return path_; }

 private:
  explicit ScratchDirectory(std::string path) : path_(std::move(path)) {}
  const std::string path_;
};

}  // namespace tally::cli
