// One read of an operation: an event or all events of a user, at one position.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "query/aside.h"
#include "query/etag.h"
#include "query/problem.h"
#include "query/reader.h"
#include "query/viewer.h"
#include "query/views/common.h"

namespace tally::query {

struct Reading {
  std::vector<EventSnapshot> events;  // by id; never empty, of an event the one
  std::vector<HourTotal> hours;
  std::string position;  // token
  bool catching_up = false;
  std::shared_ptr<const Freshness> freshness;  // see EventAnswer
};

// What the answer must not be older than, from Tally-Min-Position. `errors` are those found so far:
// if there are any in the end, they are the answer. kUnavailable before the log is known: offsets
// mean nothing then.
absl::StatusOr<std::vector<MinOffset>> ParseMin(const std::string& min_position,
                                                const Reader& reader,
                                                std::vector<ParameterError> errors);

// Errors: those of Reader, with the token of the position reached in the payload; kNotFound for an
// id of which nothing is known or that is not the viewer's (the two cannot be told apart), or
// kUnavailable while catching up. `reader` and `aside` outlive the call.
boost::asio::awaitable<absl::StatusOr<Reading>> Read(Reader& reader, const Aside& aside,
                                                     Viewer viewer, Subject subject,
                                                     TimelineNeed need, std::vector<MinOffset> min);

// For Aside: of going once through the events and their channels.
size_t StepsOf(const std::vector<EventSnapshot>& events);

// Adds everything of the events that an answer can show.
EtagBuilder& AddEvents(const Reading& reading, EtagBuilder& etag);

}  // namespace tally::query
