#include "processor/shard_reader.h"

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <utility>

#include "absl/cleanup/cleanup.h"
#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"
#include "processor/watched_shards.h"

namespace tally {
namespace {

namespace asio = boost::asio;
using asio::awaitable;
using asio::use_awaitable;
using domain::ChannelIndex;
using domain::Hour;
using domain::HourCounts;

// Timeline cells, channels and ids of a user's events looked at between two batches of the fold.
constexpr size_t kCellsPerStep = 4096;

// Whether so many events of a user have changed in a shard can be asked at every request.
constexpr size_t kWatchedEventsMax = 1000;

// Nothing is stored before 1970, and the store's keys order no negative hours.
constexpr Hour kFirstHour = 0;

absl::Status ShardFailed(const Shard& shard) {
  return absl::UnavailableError(
      absl::StrCat("shard ", shard.partition(), " has stopped: ", shard.failure().message()));
}

query::ShardPosition PositionOf(const Shard& shard) {
  return {.partition = shard.partition(), .next_offset = shard.position()};
}

// What a read waits for a position with: the owner of its shard, and until when.
struct Wait {
  Worker& worker;
  const std::function<absl::Time()>& now;
  absl::Time deadline;
};

// On the shard's thread. kDeadlineExceeded with the position reached.
awaitable<absl::Status> WaitForPosition(Shard& shard, Offsets min, Wait wait) {
  if (Shard::Reaches(shard.position(), min)) co_return absl::OkStatus();
  if (shard.finishing()) co_return absl::UnavailableError("shutting down");
  // Never expires: cancelling it is how the coroutine is woken.
  asio::steady_timer woken(co_await asio::this_coro::executor,
                           asio::steady_timer::time_point::max());
  const auto waiter = shard.AddWaiter(min, [&woken] { woken.cancel(); });
  if (!waiter) {
    absl::Status status = absl::ResourceExhaustedError(
        absl::StrCat("too many requests wait for a position of shard ", shard.partition()));
    query::SetPositionReached(status, {PositionOf(shard)});
    co_return status;
  }
  // Also when the wait is cancelled by who asked.
  const absl::Cleanup remove = [&] { shard.RemoveWaiter(*waiter); };
  const auto deadline = wait.worker.NewTimer();
  deadline->Start(std::max(wait.deadline - wait.now(), absl::ZeroDuration()),
                  [&woken] { woken.cancel(); });
  boost::system::error_code ignored;
  co_await woken.async_wait(asio::redirect_error(use_awaitable, ignored));
  if (shard.failed()) co_return ShardFailed(shard);
  if (Shard::Reaches(shard.position(), min)) co_return absl::OkStatus();
  absl::Status status = absl::DeadlineExceededError(
      absl::StrCat("shard ", shard.partition(), " has not reached the position asked for yet"));
  query::SetPositionReached(status, {PositionOf(shard)});
  co_return status;
}

// Ranges that touch are looked at in one go: finding where a range begins costs more than a day of
// cells.
std::vector<query::HourRange> Joined(std::vector<query::HourRange> ranges) {
  std::erase_if(ranges, [](const auto& range) { return range.begin >= range.end; });
  std::sort(ranges.begin(), ranges.end(),
            [](const auto& a, const auto& b) { return a.begin < b.begin; });
  std::vector<query::HourRange> joined;
  for (const auto& range : ranges) {
    if (joined.empty() || joined.back().end < range.begin) {
      joined.push_back(range);
    } else {
      joined.back().end = std::max(joined.back().end, range.end);
    }
  }
  return joined;
}

query::RangeSums NonZero(const std::vector<HourCounts>& by_channel) {
  query::RangeSums sums;
  for (size_t channel = 0; channel < by_channel.size(); ++channel) {
    if (by_channel[channel].IsZero()) continue;
    sums.channels.emplace_back(static_cast<ChannelIndex>(channel), by_channel[channel]);
  }
  return sums;
}

// Adds the number of cells looked at to `cells`.
absl::StatusOr<query::EventSnapshot> SnapshotOf(const PinnedEvent& event,
                                                const query::TimelineNeed& need, size_t& cells) {
  query::EventSnapshot snapshot{.aggregate = event.node->aggregate, .sums = {}};
  const size_t channels = event.node->aggregate.channels.size();
  std::vector<std::vector<HourCounts>> sums(need.sums.size(), std::vector<HourCounts>(channels));
  const auto add = [&](Hour hour, ChannelIndex channel, const HourCounts& counts) {
    ++cells;
    for (size_t i = 0; i < sums.size(); ++i) {
      if (need.sums[i].begin <= hour && hour < need.sums[i].end) sums[i][channel] += counts;
    }
  };
  for (const auto& range : Joined(need.sums)) {
    auto status = ForEachHourCell(event, std::max(range.begin, kFirstHour), range.end, add);
    if (!status.ok()) return status;
  }
  for (const auto& by_channel : sums) snapshot.sums.push_back(NonZero(by_channel));
  return snapshot;
}

// Adds the event's hours to `totals`; the number of cells looked at.
absl::StatusOr<size_t> AddHours(const PinnedEvent& event, const query::HoursNeed& need,
                                query::HourTotals& totals) {
  const query::ChannelFilter filter(event.node->aggregate, need.channels);
  if (filter.CountsNone()) return 0;
  size_t cells = 0;
  auto status = ForEachHourCell(event, std::max(need.range.begin, kFirstHour), need.range.end,
                                [&](Hour hour, ChannelIndex channel, const HourCounts& counts) {
                                  ++cells;
                                  if (filter.Counts(channel)) totals.Add(hour, counts);
                                });
  if (!status.ok()) return status;
  return cells;
}

// A read error is the store's: the shard must not go on with it.
absl::Status FailShard(Shard& shard, const absl::Status& why) {
  shard.FailToRead(why);
  return ShardFailed(shard);
}

awaitable<absl::StatusOr<query::EventAnswer>> ReadEventOn(Shard& shard, std::string event_id,
                                                          query::TimelineNeed need, Offsets min,
                                                          Wait wait) {
  if (shard.failed()) co_return ShardFailed(shard);
  if (auto status = co_await WaitForPosition(shard, min, wait); !status.ok()) co_return status;
  query::EventAnswer answer{.event = std::nullopt,
                            .hours = {},
                            .position = {PositionOf(shard)},
                            .catching_up = !shard.caught_up(),
                            .freshness = nullptr};
  const auto view = shard.delta().View(event_id);
  if (!view.ok()) co_return FailShard(shard, view.status());
  if (!*view || !(*view)->node->aggregate.description) co_return answer;
  if (!need.viewer.Sees((*view)->node->aggregate.description->user_id)) co_return answer;
  size_t cells_of_sums = 0;
  auto snapshot = SnapshotOf(**view, need, cells_of_sums);
  if (!snapshot.ok()) co_return FailShard(shard, snapshot.status());
  answer.event = *std::move(snapshot);
  answer.freshness = std::make_shared<WatchedShards>(std::vector<WatchedShard>{
      {shard.partition(), shard.progress(), {(*view)->watch}, std::nullopt}});
  if (need.hours) {
    query::HourTotals totals;
    const auto cells = AddHours(**view, *need.hours, totals);
    if (!cells.ok()) co_return FailShard(shard, cells.status());
    answer.hours = totals.Take();
  }
  co_return answer;
}

// Lets the fold and other reads have their turn.
awaitable<void> Yield() { co_await asio::post(co_await asio::this_coro::executor, use_awaitable); }

// What a read of a user has looked at since it last let others have their turn, on this thread.
struct Step {
  const int events_max;
  int events = 0;
  size_t cells = 0;
  bool full() const { return events >= events_max || cells >= kCellsPerStep; }
  void Begin() { events = 0, cells = 0; }
};

// What one shard says of a user.
struct UserPart {
  query::UserAnswer answer;
  std::optional<WatchedShard> watched;  // nullopt: too much to watch
};

// So many of a user's events, as of now.
std::optional<WatchedShard> WatchUser(const Shard& shard, size_t events) {
  if (events > kWatchedEventsMax) return std::nullopt;
  WatchedShard watched{shard.partition(), shard.progress(), {}, shard.progress()->users_version()};
  watched.events.reserve(events);
  return watched;
}

void AddWatch(const std::optional<PinnedEvent>& event, std::optional<WatchedShard>& watched) {
  if (!watched) return;
  if (event && event->watch != nullptr) {
    watched->events.push_back(event->watch);
  } else {
    watched.reset();
  }
}

// The user's events of one shard, all at the position where it starts.
awaitable<absl::StatusOr<UserPart>> ReadUserOn(Shard& shard, const std::string& user_id,
                                               const query::TimelineNeed& need, Offsets min,
                                               Wait wait, Step& step) {
  if (shard.failed()) co_return ShardFailed(shard);
  if (auto status = co_await WaitForPosition(shard, min, wait); !status.ok()) co_return status;
  UserPart part;
  query::UserAnswer& answer = part.answer;
  answer.position = {PositionOf(shard)};
  answer.catching_up = !shard.caught_up();
  const auto ids = shard.delta().EventsOf(user_id);
  if (!ids.ok()) co_return FailShard(shard, ids.status());
  // What is in memory may change and is pinned at once; what only the snapshot has cannot.
  const auto store_snapshot = shard.delta().snapshot();
  std::vector<std::optional<PinnedEvent>> pinned;
  pinned.reserve(ids->size());
  for (const auto& id : *ids) pinned.push_back(shard.delta().PinResident(id));
  part.watched = WatchUser(shard, ids->size());
  const bool keep = part.watched.has_value();
  step.cells += ids->size();
  query::HourTotals totals;
  for (size_t i = 0; i < ids->size(); ++i) {
    if (step.full()) {
      step.Begin();
      co_await Yield();
      if (shard.failed()) co_return ShardFailed(shard);
    }
    ++step.events;
    std::optional<PinnedEvent> event = std::exchange(pinned[i], std::nullopt);
    if (!event) {
      auto stored = shard.delta().PinStored((*ids)[i], store_snapshot, keep);
      if (!stored.ok()) co_return FailShard(shard, stored.status());
      event = *std::move(stored);
    }
    AddWatch(event, part.watched);
    if (!event) continue;
    step.cells += event->node->aggregate.channels.size();
    auto snapshot = SnapshotOf(*event, need, step.cells);
    if (!snapshot.ok()) co_return FailShard(shard, snapshot.status());
    answer.events.push_back(*std::move(snapshot));
    if (!need.hours) continue;
    const auto cells = AddHours(*event, *need.hours, totals);
    if (!cells.ok()) co_return FailShard(shard, cells.status());
    step.cells += *cells;
  }
  answer.hours = totals.Take();
  co_return part;
}

awaitable<absl::StatusOr<std::vector<UserPart>>> ReadUserOnWorker(
    const std::string& user_id, const query::TimelineNeed& need,
    const std::vector<query::MinOffset>& min, Wait wait, int events_per_step) {
  std::vector<UserPart> parts;
  Step step{.events_max = events_per_step};
  for (const auto& shard : wait.worker.shards()) {
    if (step.full()) {
      step.Begin();
      co_await Yield();
    }
    const Offsets shard_min = MinimumOf(min, shard->partition());
    auto reading = ReadUserOn(*shard, user_id, need, shard_min, wait, step);
    auto part = co_await std::move(reading);
    if (!part.ok()) co_return part.status();
    parts.push_back(*std::move(part));
  }
  co_return parts;
}

std::shared_ptr<const query::Freshness> FreshnessOf(std::vector<UserPart>& parts) {
  std::vector<WatchedShard> watched;
  for (UserPart& part : parts) {
    if (!part.watched) return nullptr;
    watched.push_back(*std::move(part.watched));
  }
  std::sort(watched.begin(), watched.end(),
            [](const auto& a, const auto& b) { return a.partition < b.partition; });
  return std::make_shared<WatchedShards>(std::move(watched));
}

}  // namespace

ShardReader::ShardReader(ShardReaderOptions options) : options_(std::move(options)) {}

void ShardReader::Serve(std::string cluster_id, int32_t partition_count,
                        std::vector<std::shared_ptr<Worker>> workers) {
  auto serving = std::make_shared<Serving>();
  serving->log_identity = absl::StrCat(cluster_id, "/", options_.topic_prefix);
  serving->partition_count = partition_count;
  serving->by_partition.resize(static_cast<size_t>(partition_count));
  for (const auto& worker : workers) {
    for (const auto& shard : worker->shards()) {
      serving->by_partition[static_cast<size_t>(shard->partition())] = {shard.get(), worker.get()};
    }
  }
  serving->workers = std::move(workers);
  std::lock_guard lock(mutex_);
  serving_ = std::move(serving);
}

void ShardReader::SetUnavailable(std::string why) {
  std::lock_guard lock(mutex_);
  unavailable_ = std::move(why);
  serving_.reset();
}

std::shared_ptr<const ShardReader::Serving> ShardReader::GetServing(
    std::string* unavailable) const {
  std::lock_guard lock(mutex_);
  if (serving_ == nullptr && unavailable != nullptr) *unavailable = unavailable_;
  return serving_;
}

int32_t ShardReader::PartitionCount() const {
  const auto serving = GetServing(nullptr);
  return serving ? serving->partition_count : 0;
}

std::string ShardReader::LogIdentity() const {
  const auto serving = GetServing(nullptr);
  return serving ? serving->log_identity : "";
}

awaitable<absl::StatusOr<query::EventAnswer>> ShardReader::ReadEvent(
    std::string event_id, query::TimelineNeed need, std::vector<query::MinOffset> min) {
  std::string unavailable;
  const auto serving = GetServing(&unavailable);
  if (serving == nullptr) {
    co_return absl::UnavailableError(absl::StrCat("no shard is open yet: ", unavailable));
  }
  const int32_t partition =
      domain::PartitionOf(options_.partitioner, event_id, serving->partition_count);
  const auto [shard, worker] = serving->by_partition[static_cast<size_t>(partition)];
  if (shard == nullptr) {
    co_return absl::FailedPreconditionError(
        absl::StrCat("instance ", OwnerOf(partition, options_.instances), " of ",
                     options_.instances, " owns this event (shard ", partition, ")"));
  }
  co_return co_await asio::co_spawn(
      worker->executor(),
      ReadEventOn(*shard, std::move(event_id), std::move(need), MinimumOf(min, partition),
                  {*worker, options_.now, options_.now() + options_.position_wait}),
      use_awaitable);
}

awaitable<absl::StatusOr<query::UserAnswer>> ShardReader::ReadUser(
    std::string user_id, query::TimelineNeed need, std::vector<query::MinOffset> min) {
  std::string unavailable;
  const auto serving = GetServing(&unavailable);
  if (serving == nullptr) {
    co_return absl::UnavailableError(absl::StrCat("no shard is open yet: ", unavailable));
  }
  if (options_.instances > 1) {
    co_return absl::UnimplementedError(
        "a user's events lie on several instances, which do not ask each other yet");
  }
  const absl::Time deadline = options_.now() + options_.position_wait;
  query::UserAnswer all;
  query::HourTotals totals;
  std::vector<UserPart> all_parts;
  for (const auto& worker : serving->workers) {
    auto parts = co_await asio::co_spawn(
        worker->executor(),
        ReadUserOnWorker(user_id, need, min, {*worker, options_.now, deadline},
                         options_.events_per_step),
        use_awaitable);
    if (!parts.ok()) co_return parts.status();
    for (UserPart& part : *parts) {
      query::UserAnswer& answer = part.answer;
      std::move(answer.events.begin(), answer.events.end(), std::back_inserter(all.events));
      totals.Add(answer.hours);
      all.position.push_back(answer.position.front());
      all.catching_up = all.catching_up || answer.catching_up;
      all_parts.push_back(std::move(part));
    }
  }
  all.freshness = FreshnessOf(all_parts);
  all.hours = totals.Take();
  std::sort(all.position.begin(), all.position.end(),
            [](const auto& a, const auto& b) { return a.partition < b.partition; });
  co_return all;
}

}  // namespace tally
