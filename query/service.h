// The operations of the query side, independent of how they are called: HTTP is one adapter
// (http/api.h), gRPC will be another. An operation checks its parameters, reads the snapshots that
// it needs at one position, and computes a view.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "query/aside.h"
#include "query/etag.h"
#include "query/problem.h"
#include "query/reader.h"
#include "query/turnstile.h"
#include "query/viewer.h"
#include "query/views/channels.h"
#include "query/views/event_dashboard.h"
#include "query/views/roi.h"
#include "query/views/timeline.h"
#include "query/views/user_dashboard.h"

namespace tally::query {

struct Request {
  std::string id;  // of the event or user
  // As sent, by the names of api.md; names may repeat. Everything about them is checked here.
  std::vector<std::pair<std::string, std::string>> parameters;
  std::string min_position;                  // the value of Tally-Min-Position; empty: none
  std::optional<std::string> if_none_match;  // the value of If-None-Match
  Viewer viewer;
  // What the adapter could not make sense of; it stands above as sent.
  std::vector<ParameterError> unreadable;
};

// For how long an answer is what asking again would give.
struct Validity {
  std::shared_ptr<const Freshness> freshness;  // null: nobody knows
  domain::Hour hour = 0;                       // of the clock; answers show no more of it
};

template <class View>
struct Answer {
  std::optional<View> view;  // nullopt: not modified, `if_none_match` names the current tag
  std::string etag;          // with its quotes
  std::string position;      // token, what Tally-Position says
  bool catching_up = false;
  Validity validity;
};

// Where an earlier answer still stands.
struct Stands {
  std::string position;  // as in Answer
  bool catching_up = false;
};

// Errors of every operation, to be mapped by problem.h:
//   kInvalidArgument   parameters; all at once in the payload (problem.h)
//   kNotFound          unknown id, or not the viewer's; never while catching up: that is a
//                      kUnavailable
//   kResourceExhausted too many wide reads (all events of a user, timelines) wait already
//   and those of Reader. Where a position was reached, the token is in the payload.
// Thread-safe; `reader` must outlive it.
class Service {
 public:
  using Clock = std::function<absl::Time()>;
  // `version` is the binary's: answers of other versions have other entity tags. What takes long is
  // done `aside`.
  Service(Reader& reader, Clock clock, std::string version, Aside aside = Aside());

  boost::asio::awaitable<absl::StatusOr<Answer<EventDashboard>>> GetEventDashboard(Request request);
  boost::asio::awaitable<absl::StatusOr<Answer<UserDashboard>>> GetUserDashboard(Request request);

  // Of an event, or of all events of a user.
  boost::asio::awaitable<absl::StatusOr<Answer<ChannelsView>>> GetChannels(Level level,
                                                                           Request request);
  boost::asio::awaitable<absl::StatusOr<Answer<RoiView>>> GetRoi(Level level, Request request);
  boost::asio::awaitable<absl::StatusOr<Answer<TimelineView>>> GetTimeline(Level level,
                                                                           Request request);

  // Where long answers are to be written down, too.
  const Aside& aside() const { return aside_; }

  // Whether the answer with this validity would be given again now, to a request with this minimal
  // position; nullopt: ask again. Does not wait.
  std::optional<Stands> Confirm(const Validity& validity, std::string_view min_position) const;

 private:
  EtagBuilder NewEtag(std::string_view operation, const Subject& subject) const;

  // Of one event there is no line.
  boost::asio::awaitable<absl::StatusOr<Turnstile::Pass>> EnterFor(Level level);

  // All events of a user can be megabytes while they are read; so can the text of a timeline be.
  static constexpr size_t kUserReadsMax = 16;
  static constexpr size_t kTimelinesMax = 4;
  static constexpr size_t kWaitingMax = 512;

  Turnstile user_reads_{kUserReadsMax, kWaitingMax};
  Turnstile timelines_{kTimelinesMax, kWaitingMax};
  Reader& reader_;
  Clock clock_;
  std::string version_;
  const Aside aside_;
};

}  // namespace tally::query
