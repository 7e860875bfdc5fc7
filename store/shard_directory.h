// The layout of --data-dir and its guard.
//
//   FORMAT        "tally data directory\nlayout 1\n"
//   LOCK          locked by the process that writes; holds its process id
//   SHARDS        "0 2 4\n": the partitions whose stores belong here, as was last said
//   shard-00000   one store per partition
//   shard-00000.new  a store that is being made and is not whole yet
//   shard-00000.old  the store that another one has taken the place of
//   …
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace tally::store {

// Raise when the layout changes so that an older binary would do harm.
inline constexpr uint32_t kLayoutVersion = 1;

enum class DataDirMode : uint8_t {
  kReadWrite,  // made if missing; exclusive
  kReadOnly,   // must exist; no lock, nothing is written, also beside a writer
};

// Holds the lock while it lives. Move-only; const methods from any thread.
class DataDir {
 public:
  // Every message names the path and the remedy. Errors:
  //   kFailedPrecondition  not a directory; in use by another process (named); not empty and no
  //                        Tally data directory; of an unknown layout
  //   kNotFound            kReadOnly and there is no Tally data directory
  //   kPermissionDenied    not readable or not writable
  //   kResourceExhausted   disk full
  //   kUnavailable         other I/O errors
  static absl::StatusOr<DataDir> Open(const std::string& path, DataDirMode mode);

  DataDir(DataDir&& other) noexcept;
  DataDir& operator=(DataDir&& other) noexcept;
  ~DataDir();

  const std::string& path() const { return path_; }

  // Where the store of a partition (0 to 99,999) is or would be.
  std::string ShardPath(int32_t partition) const;
  // Beside it: one that is being made to take its place, and one whose place was taken.
  std::string NewShardPath(int32_t partition) const { return ShardPath(partition) + ".new"; }
  std::string OldShardPath(int32_t partition) const { return ShardPath(partition) + ".old"; }
  // Partitions that have a directory, ascending.
  absl::StatusOr<std::vector<int32_t>> ListShards() const;

  // What belongs here, so that a directory that is gone is missed. Durable when it returns OK; a
  // file that says so already is left alone. After an error nothing is said any more, rather than
  // what is no longer true.
  absl::Status ExpectShards(const std::vector<int32_t>& partitions) const;
  // Ascending; nullopt: nobody has said. kDataLoss: SHARDS cannot be understood.
  absl::StatusOr<std::optional<std::vector<int32_t>>> ExpectedShards() const;

 private:
  DataDir(std::string path, int lock_fd);

  std::string path_;
  int lock_fd_ = -1;  // -1 in kReadOnly
};

}  // namespace tally::store
