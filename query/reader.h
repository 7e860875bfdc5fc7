// How the query side reads shards. Implemented by the processor (processor/shard_reader.h) and by
// a fake in tests; handed in by main.cc. The query side knows nothing of threads or stores.
#pragma once

#include <array>
#include <boost/asio/awaitable.hpp>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "processor/domain/aggregate.h"
#include "processor/domain/record.h"
#include "query/viewer.h"

namespace tally::query {

// Half-open range of UTC hours.
struct HourRange {
  domain::Hour begin = 0;
  domain::Hour end = 0;
  friend bool operator==(const HourRange&, const HourRange&) = default;
};

// The input that an answer reflects: for each shard it read, the next offset of each topic.
struct ShardPosition {
  int32_t partition = 0;
  std::array<int64_t, domain::kTopicCount> next_offset{};
  friend bool operator==(const ShardPosition&, const ShardPosition&) = default;
};
using Position = std::vector<ShardPosition>;  // ascending by partition

// A position that an answer must not be older than; only what concerns a shard that the answer
// needs matters.
struct MinOffset {
  int32_t partition = 0;
  domain::Topic topic = domain::Topic::kEventCreated;
  int64_t next_offset = 0;
};

// Timeline of one requested range, one entry per channel that has any, by channel index.
struct RangeSums {
  std::vector<std::pair<domain::ChannelIndex, domain::HourCounts>> channels;
};

// One hour, summed over channels (and over events, of a user).
struct HourTotal {
  domain::Hour hour = 0;
  domain::HourCounts counts;
  friend bool operator==(const HourTotal&, const HourTotal&) = default;
};
struct HoursNeed {
  HourRange range;
  std::vector<std::string> channels;  // names (NFC, ascending) that count; empty: all
};

// What a view needs of the timelines beside the aggregates.
struct TimelineNeed {
  // An event that it does not see is answered as if there were none, and as soon: how long reading
  // its timeline takes would tell how much there is.
  Viewer viewer;
  std::vector<HourRange> sums;     // at most 4; answered in the same order, event by event
  std::optional<HoursNeed> hours;  // answered for the whole event or user, see HourTotal
};

// One event, at one position. The aggregate always has a description.
struct EventSnapshot {
  domain::EventAggregate aggregate;
  std::vector<RangeSums> sums;  // parallel to TimelineNeed::sums
};

// Where something that was read still is what it was.
struct Standing {
  Position position;
  bool catching_up = false;
};

// Whether what was read still is what it was. Immutable; any thread; outlives the reader.
class Freshness {
 public:
  virtual ~Freshness() = default;
  // Reading again would give the same at this position, which is not older than `min`. nullopt:
  // it has changed or may have, or one must wait or read to find out. Takes no lock.
  virtual std::optional<Standing> Now(const std::vector<MinOffset>& min) const = 0;
  // Approximate memory, bytes.
  virtual size_t bytes() const = 0;
};

struct EventAnswer {
  // nullopt: no such event at this position (or none described yet).
  std::optional<EventSnapshot> event;
  std::vector<HourTotal> hours;  // the non-zero ones of TimelineNeed::hours, ascending
  Position position;             // of the one shard read
  bool catching_up = false;      // the shard has not reached the end offsets seen at start
  std::shared_ptr<const Freshness> freshness;  // null: cannot be told
};

struct UserAnswer {
  std::vector<EventSnapshot> events;           // by no particular order
  std::vector<HourTotal> hours;                // of all events together, as in EventAnswer
  Position position;                           // of all owned shards
  bool catching_up = false;                    // any of them
  std::shared_ptr<const Freshness> freshness;  // as in EventAnswer
};

// Errors, in both calls:
//   kUnavailable        a shard needed is not open (yet), failed or quarantined; message names it
//   kFailedPrecondition another instance owns the event; message names it
//   kUnimplemented      user reads while there are several instances
//   kDeadlineExceeded   `min` was not reached within the bounded wait; PositionReached(status)
//                       has the position (payload, see below)
class Reader {
 public:
  virtual ~Reader() = default;
  // Any executor; resumes on the caller's. Strings are taken by value: the call outlives views.
  virtual boost::asio::awaitable<absl::StatusOr<EventAnswer>> ReadEvent(
      std::string event_id, TimelineNeed need, std::vector<MinOffset> min) = 0;
  virtual boost::asio::awaitable<absl::StatusOr<UserAnswer>> ReadUser(
      std::string user_id, TimelineNeed need, std::vector<MinOffset> min) = 0;

  virtual int32_t PartitionCount() const = 0;  // 0 until known
  virtual std::string TopicPrefix() const = 0;
  // Identifies the log: changes when offsets start to mean other records (cluster, prefix).
  virtual std::string LogIdentity() const = 0;
};

// For implementations: adds up timelines hour by hour. Memory is one entry a distinct hour, however
// many events and channels go in; that is what bounds a user's timeline.
class HourTotals {
 public:
  void Add(domain::Hour hour, const domain::HourCounts& counts) { by_hour_[hour] += counts; }
  void Add(const std::vector<HourTotal>& hours);
  // What is not zero, ascending; leaves this empty.
  std::vector<HourTotal> Take();

 private:
  absl::flat_hash_map<domain::Hour, domain::HourCounts> by_hour_;
};

// Which channels of one event a HoursNeed counts, by index.
class ChannelFilter {
 public:
  ChannelFilter(const domain::EventAggregate& event, const std::vector<std::string>& names);
  bool Counts(domain::ChannelIndex channel) const { return all_ || counts_[channel]; }
  bool CountsNone() const;

 private:
  bool all_;
  std::vector<bool> counts_;
};

// Attach the position reached to a kDeadlineExceeded / read it back.
void SetPositionReached(absl::Status& status, const Position& position);
std::optional<Position> GetPositionReached(const absl::Status& status);

// Readiness and health as the probes need it. Any thread; cheap.
struct ShardHealth {
  int32_t partition = 0;
  // kWriteBlocked: its store cannot be written for now; it answers, and goes on by itself. kHalted:
  // it reads nothing more, but answers.
  enum class State : uint8_t {
    kOpening,
    kReplaying,
    kLive,
    kWriteBlocked,
    kHalted,
    kFailed,
    kQuarantined,
  } state = State::kOpening;
  std::array<int64_t, domain::kTopicCount> lag{};  // records behind the log's end; -1 unknown
  std::string failure;  // why, when kWriteBlocked, kHalted, kFailed or kQuarantined
};
struct Health {
  // What start-up waits for or why it cannot go on ("broker not reachable at …"); empty when shards
  // are open.
  std::string starting;
  bool reached_start_end = false;  // every owned shard has reached the end offsets seen at start
  bool draining = false;
  std::vector<ShardHealth> shards;
};
class HealthSource {
 public:
  virtual ~HealthSource() = default;
  virtual Health GetHealth() const = 0;
};

}  // namespace tally::query
