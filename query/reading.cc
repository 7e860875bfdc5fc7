#include "query/reading.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "query/position.h"

namespace tally::query {
namespace {

using boost::asio::awaitable;

// No user has it: identifiers have at least one byte.
constexpr char kNobody[] = "";

absl::Status WithPosition(absl::Status status, const Reader& reader) {
  if (const auto position = GetPositionReached(status); position.has_value()) {
    SetFailureContext(status, {EncodePosition(*position, reader.LogIdentity()), false});
  }
  return status;
}

// Nothing is known of the id at this position. During a replay that says nothing yet.
absl::Status Unknown(const Subject& subject, const Reading& reading) {
  const char* what = subject.level == Level::kEvent ? "event" : "user with events";
  const std::string shown = Shown(subject.id);
  absl::Status status =
      reading.catching_up
          ? absl::UnavailableError(absl::StrCat("still catching up with the log, and no ", what,
                                                " \"", shown, "\" has been read so far"))
          : absl::NotFoundError(absl::StrCat("there is no ", what, " \"", shown, "\""));
  SetFailureContext(status, {reading.position, reading.catching_up});
  return status;
}

// What the viewer sees, by id.
std::vector<EventSnapshot> Arranged(std::vector<EventSnapshot> events, const Viewer& viewer) {
  std::erase_if(events, [&](const EventSnapshot& event) {
    return !viewer.Sees(event.aggregate.description->user_id);
  });
  std::sort(events.begin(), events.end(), [](const auto& a, const auto& b) {
    return a.aggregate.event_id < b.aggregate.event_id;
  });
  return events;
}

awaitable<absl::StatusOr<UserAnswer>> ReadEventAsUser(Reader& reader, std::string event_id,
                                                      TimelineNeed need,
                                                      std::vector<MinOffset> min) {
  auto reading = reader.ReadEvent(std::move(event_id), std::move(need), std::move(min));
  auto read = co_await std::move(reading);
  if (!read.ok()) co_return read.status();
  UserAnswer answer;
  if (read->event.has_value()) answer.events.push_back(*std::move(read->event));
  answer.hours = std::move(read->hours);
  answer.position = std::move(read->position);
  answer.catching_up = read->catching_up;
  answer.freshness = std::move(read->freshness);
  co_return answer;
}

}  // namespace

absl::StatusOr<std::vector<MinOffset>> ParseMin(const std::string& min_position,
                                                const Reader& reader,
                                                std::vector<ParameterError> errors) {
  const LogFacts log{reader.LogIdentity(), reader.TopicPrefix(), reader.PartitionCount()};
  std::vector<MinOffset> min;
  if (log.partition_count > 0) min = ParseMinPosition(min_position, log, errors);
  if (!errors.empty()) return InvalidParameters(std::move(errors));
  if (log.partition_count == 0 && !min_position.empty()) {
    return absl::UnavailableError("starting: the input topics are not known yet");
  }
  return min;
}

awaitable<absl::StatusOr<Reading>> Read(Reader& reader, const Aside& aside, Viewer viewer,
                                        Subject subject, TimelineNeed need,
                                        std::vector<MinOffset> min) {
  // Somebody else's data is not even read, see TimelineNeed.
  need.viewer = viewer;
  const std::string user_id = viewer.Sees(subject.id) ? subject.id : kNobody;
  auto reading = subject.level == Level::kEvent
                     ? ReadEventAsUser(reader, subject.id, std::move(need), std::move(min))
                     : reader.ReadUser(user_id, std::move(need), std::move(min));
  auto read = co_await std::move(reading);
  if (!read.ok()) co_return WithPosition(read.status(), reader);
  Reading done;
  done.events = std::move(read->events);
  done.hours = std::move(read->hours);
  done.position = EncodePosition(read->position, reader.LogIdentity());
  done.catching_up = read->catching_up;
  done.freshness = std::move(read->freshness);
  const auto arrange = [&] { return Arranged(std::move(done.events), viewer); };
  if (const size_t steps = StepsOf(done.events); aside.IsFor(steps)) {
    auto arranging = aside.Do(steps, arrange);
    done.events = co_await std::move(arranging);
  } else {
    done.events = arrange();
  }
  if (done.events.empty()) co_return Unknown(subject, done);
  co_return done;
}

size_t StepsOf(const std::vector<EventSnapshot>& events) {
  size_t steps = events.size();
  for (const EventSnapshot& event : events) {
    if (steps > Aside::kStepsHereMax) break;
    steps += event.aggregate.channels.size();
  }
  return steps;
}

EtagBuilder& AddEvents(const Reading& reading, EtagBuilder& etag) {
  for (const EventSnapshot& event : reading.events) etag.Add(event.aggregate);
  return etag;
}

}  // namespace tally::query
