// A query::Reader over plain maps, fed with what records would say; with switches for everything
// that can go wrong. Thread-safe once it is fed.
#pragma once

#include <algorithm>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "processor/domain/aggregate.h"
#include "processor/domain/partitioner.h"
#include "query/reader.h"

namespace tally::testing {

// Says what the test has told it to say. Thread-safe.
class FakeFreshness : public query::Freshness {
 public:
  void Set(std::optional<query::Standing> standing) {
    const std::lock_guard lock(mutex_);
    standing_ = std::move(standing);
  }
  std::optional<query::Standing> Now(const std::vector<query::MinOffset>& min) const override {
    const std::lock_guard lock(mutex_);
    return min.empty() ? standing_ : std::nullopt;
  }
  size_t bytes() const override { return 100; }

 private:
  mutable std::mutex mutex_;
  std::optional<query::Standing> standing_;
};

class FakeReader : public query::Reader {
 public:
  explicit FakeReader(int32_t partitions = 12) : partition_count(partitions) {
    for (int32_t p = 0; p < partitions; ++p) position_.push_back({p, {}});
  }

  // ---- Feeding. Each call is one record: it takes the next offset of its topic and partition.

  void CreateEvent(const std::string& id, domain::Description description,
                   domain::Millis timestamp) {
    Entry& entry = At(id);
    entry.aggregate.description = std::move(description);
    Mark(id, domain::Topic::kEventCreated, timestamp);
  }
  void Register(const std::string& id, const std::string& channel, domain::Hour hour,
                int64_t purchase_amount, domain::Millis timestamp) {
    Entry& entry = At(id);
    const domain::ChannelIndex index = IndexOf(entry, channel);
    domain::Channel& row = entry.aggregate.channels[index];
    row.participants += 1;
    row.purchase_amount += purchase_amount;
    entry.aggregate.participants += 1;
    entry.hours[{hour, index}] += {1, 0, purchase_amount};
    Mark(id, domain::Topic::kParticipantRegistered, timestamp);
  }
  void Distribute(const std::string& id, const std::string& channel, const std::string& type,
                  const std::string& status, int64_t views, int64_t cost, domain::Hour hour,
                  domain::Millis timestamp) {
    Entry& entry = At(id);
    const domain::ChannelIndex index = IndexOf(entry, channel);
    domain::Channel& row = entry.aggregate.channels[index];
    row.distributions += 1;
    row.channel_type = type;
    row.status = status;
    row.distribution_cost += cost;
    if (status == domain::kSuccessStatus) {
      row.impressions += views;
      entry.hours[{hour, index}] += {0, views, 0};
    }
    Mark(id, domain::Topic::kDistributionCompleted, timestamp);
  }

  int32_t PartitionFor(const std::string& id) const {
    return domain::PartitionOf(domain::Partitioner::kMurmur2, id, partition_count);
  }
  int64_t NextOffset(int32_t partition, domain::Topic topic) const {
    return position_[static_cast<size_t>(partition)]
        .next_offset[static_cast<size_t>(domain::Index(topic))];
  }

  // ---- Switches.

  int32_t partition_count;
  std::string topic_prefix = "sample.";
  std::string log_identity = "cluster-1/sample.";
  bool catching_up = false;
  absl::Status failure;                         // not OK: every read's answer
  std::shared_ptr<query::Freshness> freshness;  // of every answer

  // Reads wait from Cork to Uncork.
  void Cork() {
    const std::lock_guard lock(mutex_);
    corked_ = true;
  }
  void Uncork() {
    const std::lock_guard lock(mutex_);
    corked_ = false;
    for (const auto& timer : waiting_) {
      boost::asio::post(timer->get_executor(), [timer] { timer->cancel(); });
    }
    waiting_.clear();
  }
  void AwaitCorkedReads(size_t count) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return waiting_.size() >= count; });
  }
  size_t reads() {
    const std::lock_guard lock(mutex_);
    return reads_;
  }

  // ---- query::Reader

  boost::asio::awaitable<absl::StatusOr<query::EventAnswer>> ReadEvent(
      std::string event_id, query::TimelineNeed need, std::vector<query::MinOffset> min) override;

  boost::asio::awaitable<absl::StatusOr<query::UserAnswer>> ReadUser(
      std::string user_id, query::TimelineNeed need, std::vector<query::MinOffset> min) override;

  int32_t PartitionCount() const override { return partition_count; }
  std::string TopicPrefix() const override { return topic_prefix; }
  std::string LogIdentity() const override { return log_identity; }

 private:
  struct Entry {
    domain::EventAggregate aggregate;
    std::map<std::pair<domain::Hour, domain::ChannelIndex>, domain::HourCounts> hours;
  };

  Entry& At(const std::string& id) {
    Entry& entry = events_[id];
    entry.aggregate.event_id = id;
    return entry;
  }

  static domain::ChannelIndex IndexOf(Entry& entry, const std::string& name) {
    const auto found = entry.aggregate.FindChannel(name);
    return found.has_value() ? *found : entry.aggregate.AddChannel(name);
  }

  void Mark(const std::string& id, domain::Topic topic, domain::Millis timestamp) {
    const auto t = static_cast<size_t>(domain::Index(topic));
    int64_t& next = position_[static_cast<size_t>(PartitionFor(id))].next_offset[t];
    domain::TopicMark& mark = events_[id].aggregate.marks[t];
    mark.last_offset = next++;
    mark.max_timestamp = std::max(mark.max_timestamp, timestamp);
  }

  static query::EventSnapshot SnapshotOf(const Entry& entry, const query::TimelineNeed& need) {
    query::EventSnapshot snapshot;
    snapshot.aggregate = entry.aggregate;
    for (const query::HourRange& range : need.sums) {
      std::map<domain::ChannelIndex, domain::HourCounts> sums;
      for (const auto& [where, counts] : entry.hours) {
        if (where.first >= range.begin && where.first < range.end) sums[where.second] += counts;
      }
      snapshot.sums.push_back({{sums.begin(), sums.end()}});
    }
    return snapshot;
  }

  static void AddHours(const Entry& entry, const query::TimelineNeed& need,
                       query::HourTotals& totals) {
    if (!need.hours.has_value()) return;
    const query::ChannelFilter filter(entry.aggregate, need.hours->channels);
    for (const auto& [where, counts] : entry.hours) {
      const auto& [hour, channel] = where;
      const query::HourRange& range = need.hours->range;
      if (hour >= range.begin && hour < range.end && filter.Counts(channel)) {
        totals.Add(hour, counts);
      }
    }
  }

  static bool Reached(const std::vector<query::MinOffset>& min, const query::Position& position) {
    return std::all_of(min.begin(), min.end(), [&](const query::MinOffset& each) {
      for (const query::ShardPosition& shard : position) {
        const auto topic = static_cast<size_t>(domain::Index(each.topic));
        if (shard.partition == each.partition && shard.next_offset[topic] < each.next_offset) {
          return false;
        }
      }
      return true;
    });
  }
  static absl::Status NotReached(const query::Position& position) {
    absl::Status status = absl::DeadlineExceededError("the position asked for was not reached");
    query::SetPositionReached(status, position);
    return status;
  }

  boost::asio::awaitable<void> Wait();

  std::map<std::string, Entry> events_;
  query::Position position_;

  std::mutex mutex_;
  std::condition_variable changed_;
  bool corked_ = false;
  size_t reads_ = 0;
  std::vector<std::shared_ptr<boost::asio::steady_timer>> waiting_;
};

}  // namespace tally::testing
