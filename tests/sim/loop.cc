#include "tests/sim/loop.h"

#include <algorithm>
#include <boost/asio/post.hpp>
#include <optional>

namespace tally::sim {

void Clock::Advance(absl::Duration time) {
  const absl::Time until = now_ + time;
  while (!due_.empty() && due_.begin()->first.first <= until) {
    auto first = due_.extract(due_.begin());
    now_ = std::max(now_, first.key().first);
    first.mapped()();
  }
  now_ = until;
}

absl::Duration Clock::ToNext(absl::Duration most) const {
  if (due_.empty()) return most;
  return std::clamp(due_.begin()->first.first - now_, absl::ZeroDuration(), most);
}

Clock::Key Clock::At(absl::Duration after, std::function<void()> then) {
  const Key key{now_ + std::max(after, absl::ZeroDuration()), next_++};
  due_.emplace(key, std::move(then));
  return key;
}

// Due, it takes its place in the loop's queue; cancelled while it waits there, it does not run.
class Loop::SimTimer final : public Timer {
 public:
  explicit SimTimer(Loop& loop) : loop_(loop) {}
  ~SimTimer() override { Cancel(); }

  void Start(absl::Duration after, std::function<void()> then) override {
    Cancel();
    const uint64_t start = *starts_;
    key_ = loop_.clock_.At(after, [this, start, then = std::move(then)]() mutable {
      key_.reset();
      boost::asio::post(*loop_.io_, [starts = starts_, start, then = std::move(then)] {
        if (*starts == start) then();
      });
    });
  }
  void Cancel() override {
    ++*starts_;
    if (key_) loop_.clock_.Forget(*key_);
    key_.reset();
  }

 private:
  Loop& loop_;
  std::optional<Clock::Key> key_;
  const std::shared_ptr<uint64_t> starts_ = std::make_shared<uint64_t>(0);
};

void Loop::Discard() {
  work_.reset();
  io_.reset();
}

std::unique_ptr<Timer> Loop::NewTimer() { return std::make_unique<SimTimer>(*this); }

}  // namespace tally::sim
