#include "tests/fakes/fake_reader.h"

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace tally::testing {

boost::asio::awaitable<absl::StatusOr<query::EventAnswer>> FakeReader::ReadEvent(
    std::string event_id, query::TimelineNeed need, std::vector<query::MinOffset> min) {
  co_await Wait();
  if (!failure.ok()) co_return failure;
  const query::Position position = {position_[static_cast<size_t>(PartitionFor(event_id))]};
  if (!Reached(min, position)) co_return NotReached(position);
  query::EventAnswer answer;
  answer.position = position;
  answer.catching_up = catching_up;
  answer.freshness = freshness;
  const auto found = events_.find(event_id);
  if (found != events_.end() && found->second.aggregate.description.has_value() &&
      need.viewer.Sees(found->second.aggregate.description->user_id)) {
    query::HourTotals totals;
    AddHours(found->second, need, totals);
    answer.event = SnapshotOf(found->second, need);
    answer.hours = totals.Take();
  }
  co_return answer;
}

boost::asio::awaitable<absl::StatusOr<query::UserAnswer>> FakeReader::ReadUser(
    std::string user_id, query::TimelineNeed need, std::vector<query::MinOffset> min) {
  co_await Wait();
  if (!failure.ok()) co_return failure;
  if (!Reached(min, position_)) co_return NotReached(position_);
  query::UserAnswer answer;
  answer.position = position_;
  answer.catching_up = catching_up;
  answer.freshness = freshness;
  query::HourTotals totals;
  for (const auto& [id, entry] : events_) {
    const auto& description = entry.aggregate.description;
    if (description.has_value() && description->user_id == user_id) {
      answer.events.push_back(SnapshotOf(entry, need));
      AddHours(entry, need, totals);
    }
  }
  answer.hours = totals.Take();
  std::reverse(answer.events.begin(), answer.events.end());
  co_return answer;
}

boost::asio::awaitable<void> FakeReader::Wait() {
  std::shared_ptr<boost::asio::steady_timer> timer;
  const auto executor = co_await boost::asio::this_coro::executor;
  {
    const std::lock_guard lock(mutex_);
    ++reads_;
    if (corked_) {
      timer = std::make_shared<boost::asio::steady_timer>(
          executor, boost::asio::steady_timer::time_point::max());
      waiting_.push_back(timer);
      changed_.notify_all();
    }
  }
  if (timer == nullptr) co_return;
  boost::system::error_code cancelled;
  co_await timer->async_wait(boost::asio::redirect_error(boost::asio::use_awaitable, cancelled));
}

}  // namespace tally::testing
