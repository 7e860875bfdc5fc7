// A worker thread: owns shards, feeds them from one log source, and answers reads of them.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "processor/event_loop.h"
#include "processor/log_source.h"
#include "processor/shard.h"

namespace tally {

struct WorkerOptions {
  int index = 0;
  // Records of one shard between two looks at the other shards, timers and reads: about 1 ms of
  // work, so that a read never waits long.
  size_t batch_records_max = 256;
  absl::Duration status_interval = absl::Seconds(1);
  // How often sources without a wake-up descriptor are polled.
  absl::Duration poll_interval = absl::Milliseconds(5);
};

// Made and filled by one thread, then started; after that everything runs on its own loop.
class Worker {
 public:
  // On a thread of its own.
  Worker(WorkerOptions options, std::unique_ptr<LogSource> source);
  Worker(WorkerOptions options, std::unique_ptr<LogSource> source, std::unique_ptr<EventLoop> loop);
  ~Worker();  // Stop must have been called if Start was
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  // What a shard of this worker needs of it; the rest of the environment is the caller's.
  std::function<void(std::function<void()>)> PostToOwner();
  std::function<void()> WakeOwner();

  void Add(std::unique_ptr<Shard> shard);

  // Opens the sources of all shards that have not failed, at their durable positions.
  absl::Status Open();
  // Starts the loop. Call once, after Open.
  void Start();

  // Takes no more records, finishes all shards (final checkpoint) and ends the loop. `done` is
  // called from the worker's thread with the first error. Call once.
  void Stop(std::function<void(absl::Status)> done);
  void Join();

  // Runs things on the worker's thread, between two batches.
  boost::asio::any_io_executor executor() const { return loop_->executor(); }
  // For what runs there.
  std::unique_ptr<Timer> NewTimer() { return loop_->NewTimer(); }
  const std::vector<std::unique_ptr<Shard>>& shards() const { return shards_; }
  // OK, or why the brokers cannot be reached. Any thread.
  absl::Status Connection() const { return source_->Connection(); }
  // Owner's thread.
  LogSource& source() { return *source_; }

 private:
  class Turns;

  const WorkerOptions options_;
  std::unique_ptr<LogSource> source_;
  std::unique_ptr<EventLoop> loop_;
  std::unique_ptr<Turns> turns_;
  std::vector<std::unique_ptr<Shard>> shards_;
};

}  // namespace tally
