#include "processor/log_watch.h"

#include <pthread.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <condition_variable>
#include <iterator>
#include <mutex>
#include <thread>
#include <utility>

#include "processor/latch.h"
#include "processor/log_check.h"

namespace tally {
namespace {

// Shards ask at about the same time, and are answered together.
constexpr absl::Duration kGatherTime = absl::Milliseconds(2);
constexpr absl::Duration kLookAgainAfter = absl::Seconds(10);

std::string_view Text(const absl::Status& status) {
  return {status.message().data(), status.message().size()};
}

bool IsJudgement(const absl::Status& status) {
  return status.ok() || absl::IsDataLoss(status) || absl::IsOutOfRange(status);
}

}  // namespace

LogWatch::LogWatch(LogWatchOptions options, std::shared_ptr<LogAdmin> admin, LogWatchEvents events,
                   std::function<absl::Time()> now, Metrics& metrics)
    : options_(std::move(options)),
      admin_(std::move(admin)),
      events_(std::move(events)),
      now_(std::move(now)),
      metrics_(metrics),
      next_look_(now_() + options_.interval),
      backoff_(options_.backoff_min) {}

void LogWatch::Ask(LogQuestion question, Answer answer) {
  const std::lock_guard lock(mutex_);
  asked_.push_back({std::move(question), std::move(answer)});
}

void LogWatch::Mute() {
  const std::lock_guard lock(mutex_);
  muted_ = true;
}

bool LogWatch::muted() const {
  const std::lock_guard lock(mutex_);
  return muted_;
}

absl::Duration LogWatch::Step() {
  if (now_() >= next_look_) LookAtTopics();
  {
    const std::lock_guard lock(mutex_);
    if (!asked_.empty()) backoff_ = options_.backoff_min;
    std::move(asked_.begin(), asked_.end(), std::back_inserter(open_));
    asked_.clear();
  }
  if (!open_.empty()) Compare();
  const absl::Duration to_look = std::max(next_look_ - now_(), absl::ZeroDuration());
  if (open_.empty()) return to_look;
  return std::min(to_look, std::max(next_retry_ - now_(), absl::ZeroDuration()));
}

void LogWatch::LookAtTopics() {
  const auto topics = admin_->DescribeTopics(InputTopics(options_.topic_prefix), options_.timeout);
  if (muted()) return;
  next_look_ =
      now_() + (topics.ok() ? options_.interval : std::min(options_.interval, kLookAgainAfter));
  events_.look_at_all();
  if (!topics.ok()) {
    spdlog::debug("the topics could not be looked at: {}", Text(topics.status()));
    return;
  }
  for (const auto topic : domain::kTopics) {
    const auto& info = (*topics)[static_cast<size_t>(domain::Index(topic))];
    metrics_.SetTopicPartitions(topic, info.partitions);
  }
  const absl::Status status = CheckPartitions(*topics, options_.partition_count);
  if (status.ok() || std::exchange(partitions_added_, true)) return;
  events_.partitions_added(status);
}

// What could not be answered before takes its time-outs again: it is looked at apart, and for no
// more than half of the time, so that others get their answers.
void LogWatch::Compare() {
  const auto fresh = std::stable_partition(open_.begin(), open_.end(),
                                           [](const Open& open) { return open.tries > 0; });
  std::vector<Open> first(std::make_move_iterator(fresh), std::make_move_iterator(open_.end()));
  open_.erase(fresh, open_.end());
  std::vector<Open> again;
  if (now_() >= next_retry_) again.swap(open_);
  const bool due = open_.empty();
  const absl::Time begin = now_();
  Settle(std::move(first));
  Settle(std::move(again));
  if (open_.empty()) {
    if (unjudged_.empty() && !muted()) metrics_.SetLogChecked(absl::Now());
    return;
  }
  if (!due) return;
  const absl::Duration pause =
      std::exchange(backoff_, std::min(2 * backoff_, options_.backoff_max));
  next_retry_ = now_() + std::max(pause, now_() - begin);
}

void LogWatch::Settle(std::vector<Open> questions) {
  if (questions.empty() || muted()) return;
  const std::vector<LogAnswer> answers = Read(questions);
  if (muted()) return;
  for (size_t i = 0; i < answers.size(); ++i) {
    Open& open = questions[i];
    if (!IsFinal(answers[i].status, ++open.tries)) {
      open_.push_back(std::move(open));
      continue;
    }
    Count(answers[i]);
    if (IsJudgement(answers[i].status)) {
      unjudged_.erase(open.question.partition);
    } else {
      unjudged_.insert(open.question.partition);
    }
    open.answer(answers[i]);
  }
}

absl::Duration LogWatch::TimeoutFor(const std::vector<Open>& open) const {
  int tries = 0;
  for (const Open& one : open) tries = std::max(tries, one.tries);
  absl::Duration timeout = options_.timeout;
  while (tries-- > 0 && timeout < options_.timeout_max) timeout *= 2;
  return std::min(timeout, options_.timeout_max);
}

std::vector<LogAnswer> LogWatch::Read(const std::vector<Open>& open) {
  std::vector<LogQuestion> questions;
  for (const Open& one : open) questions.push_back(one.question);
  const absl::Duration timeout = TimeoutFor(open);
  auto answers = CompareWithLog(*admin_, options_.topic_prefix, questions, timeout);
  // One partition that is not there, has no leader or cannot be read must not keep the others from
  // being looked at.
  for (size_t i = 0; questions.size() > 1 && i < questions.size() && !muted(); ++i) {
    if (IsJudgement(answers[i].status)) continue;
    answers[i] =
        CompareWithLog(*admin_, options_.topic_prefix, {&questions[i], 1}, options_.timeout)
            .front();
  }
  return answers;
}

bool LogWatch::IsFinal(const absl::Status& status, int tries) const {
  if (status.ok() || absl::IsDataLoss(status)) return true;
  return tries >= (absl::IsOutOfRange(status) ? options_.short_tries : options_.tries_max);
}

void LogWatch::Count(const LogAnswer& answer) {
  for (int i = 0; i < kComparisons; ++i) {
    const int count = answer.comparisons[static_cast<size_t>(i)];
    if (count > 0) metrics_.CountLogChecks(static_cast<Comparison>(i), count);
  }
  if (!IsJudgement(answer.status)) {
    metrics_.CountLogCheckFailed();
    spdlog::warn("the log could not be compared with what was read, it is tried again: {}",
                 Text(answer.status));
  }
  for (const std::string& what : answer.unjudged) {
    if (!said_.insert(what).second) continue;
    spdlog::warn(
        "{}: whether the topic is still the one that was read cannot be told by this record", what);
  }
}

// Kept by the thread as well, which may outlive its owner.
struct LogWatchThread::Shared {
  explicit Shared(std::shared_ptr<LogWatch> of) : watch(std::move(of)) {}

  void Run() {
    pthread_setname_np(pthread_self(), "log-watch");
    for (;;) {
      const absl::Duration wait = watch->Step();
      std::unique_lock lock(mutex);
      WaitFor(lock, wait, [this] { return woken || stopping; });
      if (woken) WaitFor(lock, kGatherTime, [this] { return stopping; });
      if (stopping) break;
      woken = false;
    }
    ended.Set();
  }

  // Not by Abseil's mutex: see latch.h.
  template <typename Wanted>
  void WaitFor(std::unique_lock<std::mutex>& lock, absl::Duration limit, Wanted wanted) {
    limit = std::min(limit, absl::Hours(24));
    changed.wait_for(lock, absl::ToChronoMilliseconds(limit), wanted);
  }
  void Set(bool& flag) {
    const std::lock_guard lock(mutex);
    flag = true;
    changed.notify_all();
  }

  const std::shared_ptr<LogWatch> watch;
  std::mutex mutex;
  std::condition_variable changed;
  bool woken = false;  // under the mutex, as the next
  bool stopping = false;
  Latch ended;
};

LogWatchThread::LogWatchThread(std::shared_ptr<LogWatch> watch)
    : shared_(std::make_shared<Shared>(std::move(watch))) {
  std::thread([shared = shared_] { shared->Run(); }).detach();
}

LogWatchThread::~LogWatchThread() { Stop(); }

void LogWatchThread::Stop() {
  constexpr absl::Duration kEndLimit = absl::Milliseconds(500);
  shared_->watch->Mute();
  shared_->Set(shared_->stopping);
  shared_->ended.WaitFor(kEndLimit);
}

void LogWatchThread::Ask(LogQuestion question, LogWatch::Answer answer) {
  shared_->watch->Ask(std::move(question), std::move(answer));
  shared_->Set(shared_->woken);
}

}  // namespace tally
