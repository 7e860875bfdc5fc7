// Lines to a file or to standard error, written by a thread of its own: whoever has a line never
// waits for a disk or a pipe.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace tally::query {

// Thread-safe.
class LineWriter {
 public:
  struct Options {
    std::string destination;  // "stderr", or a file, which is appended to
    size_t queue_lines_max = 1000;
    // Asked every second, and at the end, with the number of lines that could not be written since
    // (disk full, pipe closed); what it returns is written too ("": nothing).
    std::function<std::string(size_t failed)> every_second;
  };
  // kInvalidArgument: the file cannot be opened.
  static absl::StatusOr<std::unique_ptr<LineWriter>> Open(Options options);
  // Writes what is queued, for a second at most.
  ~LineWriter();
  LineWriter(const LineWriter&) = delete;
  LineWriter& operator=(const LineWriter&) = delete;

  // Without its newline. False: the queue is full, the line is lost.
  bool Write(std::string line);
  // The file by its name, anew: after it was moved away. If that fails, the one that is open goes
  // on being used. Does nothing for standard error.
  absl::Status Reopen();

 private:
  LineWriter(Options options, int fd);
  void Run();
  // Whether the loop goes on; takes what is queued.
  bool Await(std::deque<std::string>& lines);
  void WriteOut(const std::string& line);

  const Options options_;
  std::mutex writing_;  // held while fd_ is used
  int fd_;              // guarded by writing_
  size_t failed_ = 0;   // of the thread
  std::mutex mutex_;
  std::condition_variable changed_;
  bool ending_ = false;            // guarded by mutex_
  std::deque<std::string> lines_;  // guarded by mutex_
  bool give_up_ = false;           // of the thread: what it writes to takes nothing any more
  std::thread thread_;
};

}  // namespace tally::query
