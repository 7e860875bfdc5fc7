#include "processor/worker.h"

#include <unistd.h>

#include <array>
#include <atomic>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/post.hpp>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"

namespace tally {

namespace asio = boost::asio;

// Turns while there is work; otherwise the loop sleeps until the source, a timer or a posted
// function wakes it.
class Worker::Turns {
 public:
  explicit Turns(Worker& worker)
      : worker_(worker),
        executor_(worker.loop_->executor()),
        poll_timer_(worker.loop_->NewTimer()),
        checkpoint_timer_(worker.loop_->NewTimer()),
        status_timer_(worker.loop_->NewTimer()) {}
  // The descriptor is the source's: it is released, not closed.
  ~Turns() {
    if (wake_) wake_->release();
  }

  void Start() {
    const int fd = worker_.source_->WakeFd();
    if (fd >= 0) wake_.emplace(executor_, fd);
    asio::post(executor_, [this] {
      if (wake_) WaitForSource();
      PublishStatus();
      ScheduleTurn();
    });
  }

  // Any thread. Many wakes before the next turn are one turn.
  void Wake() {
    if (turn_scheduled_.exchange(true)) return;
    asio::post(executor_, [this] { Turn(); });
  }

  void Stop(std::function<void(absl::Status)> done) {
    asio::post(executor_, [this, done = std::move(done)]() mutable {
      on_stopped_ = std::move(done);
      unfinished_ = worker_.shards_.size();
      if (unfinished_ == 0) return Finished();
      for (auto& shard : worker_.shards_) {
        shard->Finish([this](absl::Status status) {
          stop_status_.Update(status);
          if (--unfinished_ == 0) asio::post(executor_, [this] { Finished(); });
        });
      }
    });
  }

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
    const auto milliseconds = absl::Milliseconds(absl::ToInt64Milliseconds(*soonest) + 1);
    checkpoint_timer_->Start(milliseconds, [this] { ScheduleTurn(); });
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
    poll_timer_->Start(worker_.options_.poll_interval, [this] { ScheduleTurn(); });
  }

  // Also the turn that makes checkpoints of quiet shards due, and serves the source's events.
  void PublishStatus() {
    for (auto& shard : worker_.shards_) shard->PublishStatus();
    ScheduleTurn();
    status_timer_->Start(worker_.options_.status_interval, [this] { PublishStatus(); });
  }

  void Finished() {
    finished_ = true;
    poll_timer_->Cancel();
    checkpoint_timer_->Cancel();
    status_timer_->Cancel();
    if (wake_) wake_->cancel();
    worker_.loop_->Finish();
    if (on_stopped_) std::exchange(on_stopped_, nullptr)(stop_status_);
  }

  Worker& worker_;
  const asio::any_io_executor executor_;
  std::optional<asio::posix::stream_descriptor> wake_;
  const std::unique_ptr<Timer> poll_timer_;
  const std::unique_ptr<Timer> checkpoint_timer_;
  const std::unique_ptr<Timer> status_timer_;
  std::atomic<bool> turn_scheduled_{false};
  std::function<void(absl::Status)> on_stopped_;
  absl::Status stop_status_;
  size_t unfinished_ = 0;
  size_t next_shard_ = 0;
  bool finished_ = false;
};

Worker::Worker(WorkerOptions options, std::unique_ptr<LogSource> source)
    : Worker(options, std::move(source), NewThreadLoop(absl::StrCat("worker-", options.index))) {}

Worker::Worker(WorkerOptions options, std::unique_ptr<LogSource> source,
               std::unique_ptr<EventLoop> loop)
    : options_(options),
      source_(std::move(source)),
      loop_(std::move(loop)),
      turns_(std::make_unique<Turns>(*this)) {}

Worker::~Worker() {
  Join();
  shards_.clear();
}

std::function<void(std::function<void()>)> Worker::PostToOwner() {
  return
      [executor = executor()](std::function<void()> job) { asio::post(executor, std::move(job)); };
}

std::function<void()> Worker::WakeOwner() {
  return [this] { turns_->Wake(); };
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
  turns_->Start();
  loop_->Start();
}

void Worker::Stop(std::function<void(absl::Status)> done) { turns_->Stop(std::move(done)); }

void Worker::Join() { loop_->Join(); }

}  // namespace tally
