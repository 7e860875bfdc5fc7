#include "processor/worker.h"

#include <pthread.h>
#include <unistd.h>

#include <array>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <optional>
#include <utility>

#include "absl/time/time.h"

namespace tally {

namespace asio = boost::asio;

// The event loop: turns while there is work, otherwise sleeps until the source, a timer or a posted
// function wakes it.
class Worker::Loop {
 public:
  explicit Loop(Worker& worker)
      : worker_(worker), io_(1), poll_timer_(io_), checkpoint_timer_(io_), status_timer_(io_) {}

  void Start() {
    const int fd = worker_.source_->WakeFd();
    // The descriptor stays the source's: it is released, not closed, when the loop ends.
    if (fd >= 0) wake_.emplace(io_, fd);
    asio::post(io_, [this] {
      if (wake_) WaitForSource();
      PublishStatus();
      ScheduleTurn();
    });
  }

  void Run() {
    io_.run();
    if (wake_) wake_->release();
  }

  // Any thread. Many wakes before the next turn are one turn.
  void Wake() {
    if (turn_scheduled_.exchange(true)) return;
    asio::post(io_, [this] { Turn(); });
  }

  void Stop(std::function<void(absl::Status)> done) {
    asio::post(io_, [this, done = std::move(done)]() mutable {
      on_stopped_ = std::move(done);
      unfinished_ = worker_.shards_.size();
      if (unfinished_ == 0) return Finished();
      for (auto& shard : worker_.shards_) {
        shard->Finish([this](absl::Status status) {
          stop_status_.Update(status);
          if (--unfinished_ == 0) asio::post(io_, [this] { Finished(); });
        });
      }
    });
  }

  asio::io_context& io() { return io_; }

 private:
  void ScheduleTurn() { Wake(); }

  // One shard's batch, or a look at all of them when there is none: what was posted meanwhile runs
  // before the next turn.
  void Turn() {
    turn_scheduled_ = false;
    if (finished_) return;
    worker_.source_->Serve();
    const size_t count = worker_.shards_.size();
    bool more = false;
    bool retry = !wake_;
    for (size_t i = 0; i < count && !more; ++i) {
      Shard& shard = *worker_.shards_[next_shard_];
      next_shard_ = (next_shard_ + 1) % count;
      more = shard.Step(worker_.options_.batch_records_max);
      retry = retry || shard.waits_for_letters();
    }
    if (more) {
      ScheduleTurn();
    } else {
      if (retry) PollLater();
      WakeForCheckpoint();
    }
  }

  void WakeForCheckpoint() {
    std::optional<absl::Duration> soonest;
    for (const auto& shard : worker_.shards_) {
      const auto time = shard->TimeToCheckpoint();
      if (time && (!soonest || *time < *soonest)) soonest = time;
    }
    if (!soonest) return;
    // Rounded up: a turn too early would only set the timer again.
    checkpoint_timer_.expires_after(absl::ToChronoMilliseconds(*soonest) +
                                    std::chrono::milliseconds(1));
    checkpoint_timer_.async_wait([this](const boost::system::error_code& error) {
      if (!error && !finished_) ScheduleTurn();
    });
  }

  void WaitForSource() {
    wake_->async_wait(asio::posix::stream_descriptor::wait_read,
                      [this](const boost::system::error_code& error) {
                        if (error || finished_) return;
                        std::array<char, 512> ignored;
                        while (::read(wake_->native_handle(), ignored.data(), ignored.size()) ==
                               static_cast<ssize_t>(ignored.size())) {
                        }
                        ScheduleTurn();
                        WaitForSource();
                      });
  }

  void PollLater() {
    poll_timer_.expires_after(absl::ToChronoMilliseconds(worker_.options_.poll_interval));
    poll_timer_.async_wait([this](const boost::system::error_code& error) {
      if (!error && !finished_) ScheduleTurn();
    });
  }

  // Also the turn that makes checkpoints of quiet shards due, and serves the source's events.
  void PublishStatus() {
    if (finished_) return;
    for (auto& shard : worker_.shards_) shard->PublishStatus();
    ScheduleTurn();
    status_timer_.expires_after(absl::ToChronoMilliseconds(worker_.options_.status_interval));
    status_timer_.async_wait([this](const boost::system::error_code& error) {
      if (!error) PublishStatus();
    });
  }

  // Cancelling is not enough: a handler that is queued already runs all the same, without an error.
  void Finished() {
    finished_ = true;
    poll_timer_.cancel();
    checkpoint_timer_.cancel();
    status_timer_.cancel();
    if (wake_) wake_->cancel();
    work_.reset();
    if (on_stopped_) std::exchange(on_stopped_, nullptr)(stop_status_);
  }

  Worker& worker_;
  asio::io_context io_;
  asio::executor_work_guard<asio::io_context::executor_type> work_{io_.get_executor()};
  std::optional<asio::posix::stream_descriptor> wake_;
  asio::steady_timer poll_timer_;
  asio::steady_timer checkpoint_timer_;
  asio::steady_timer status_timer_;
  std::atomic<bool> turn_scheduled_{false};
  std::function<void(absl::Status)> on_stopped_;
  absl::Status stop_status_;
  size_t unfinished_ = 0;
  size_t next_shard_ = 0;
  bool finished_ = false;
};

Worker::Worker(WorkerOptions options, std::unique_ptr<LogSource> source)
    : options_(options), source_(std::move(source)), loop_(std::make_unique<Loop>(*this)) {}

Worker::~Worker() {
  Join();
  shards_.clear();
}

std::function<void(std::function<void()>)> Worker::PostToOwner() {
  return [this](std::function<void()> job) { asio::post(loop_->io(), std::move(job)); };
}

std::function<void()> Worker::WakeOwner() {
  return [this] { loop_->Wake(); };
}

void Worker::Add(std::unique_ptr<Shard> shard) { shards_.push_back(std::move(shard)); }

absl::Status Worker::Open() {
  for (auto& shard : shards_) {
    if (shard->failed()) continue;
    auto source = source_->Open(shard->partition(), shard->durable_position());
    if (!source.ok()) return source.status();
    shard->SetSource(*std::move(source));
  }
  return absl::OkStatus();
}

void Worker::Start() {
  // The group may be behind the stores, when a process ended between the two.
  for (const auto& shard : shards_) {
    source_->CommitGroupOffsets(shard->partition(), shard->durable_position());
  }
  loop_->Start();
  thread_ = std::thread([this] {
    pthread_setname_np(pthread_self(), ("worker-" + std::to_string(options_.index)).c_str());
    loop_->Run();
  });
}

void Worker::Stop(std::function<void(absl::Status)> done) { loop_->Stop(std::move(done)); }

void Worker::Join() {
  if (thread_.joinable()) thread_.join();
}

asio::any_io_executor Worker::executor() const { return loop_->io().get_executor(); }

}  // namespace tally
