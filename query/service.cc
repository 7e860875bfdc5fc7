#include "query/service.h"

#include <algorithm>
#include <string_view>

#include "absl/strings/str_cat.h"
#include "query/etag.h"
#include "query/parameters.h"
#include "query/position.h"
#include "query/problem.h"

namespace tally::query {
namespace {

using boost::asio::awaitable;

constexpr std::string_view kUserParameters[] = {"startDate", "endDate", "timezone", "page",
                                                "size",      "sortBy",  "order"};
constexpr int64_t kPageMax = 1'000'000'000;
constexpr int64_t kPageSizeMax = 100;
constexpr int64_t kPageSizeDefault = 20;

EventPage ParsePage(Parameters& parameters) {
  static constexpr std::string_view kSortKeys[] = {"participants", "totalViews", "engagementRate",
                                                   "roi", "eventId"};
  static constexpr std::string_view kOrders[] = {"asc", "desc"};
  EventPage page;
  page.page = parameters.Integer("page", 0, kPageMax, 0);
  page.size = parameters.Integer("size", 1, kPageSizeMax, kPageSizeDefault);
  page.sort_by = static_cast<EventSortKey>(parameters.Choice("sortBy", kSortKeys).value_or(0));
  const size_t by_default = page.sort_by == EventSortKey::kEventId ? 0 : 1;
  page.ascending = parameters.Choice("order", kOrders).value_or(by_default) == 0;
  return page;
}

// What the request must not be older than. Offsets mean nothing before the log is known.
absl::StatusOr<std::vector<MinOffset>> ParseMin(const Request& request, const Reader& reader,
                                                std::vector<ParameterError> errors) {
  const LogFacts log{reader.LogIdentity(), reader.TopicPrefix(), reader.PartitionCount()};
  std::vector<MinOffset> min;
  if (log.partition_count > 0) min = ParseMinPosition(request.min_position, log, errors);
  if (!errors.empty()) return InvalidParameters(std::move(errors));
  if (log.partition_count == 0 && !request.min_position.empty()) {
    return absl::UnavailableError("starting: the input topics are not known yet");
  }
  return min;
}

absl::Status WithPosition(absl::Status status, const Reader& reader) {
  if (const auto position = GetPositionReached(status); position.has_value()) {
    SetFailureContext(status, {EncodePosition(*position, reader.LogIdentity()), false});
  }
  return status;
}

// Nothing is known of the id at this position. During a replay that says nothing yet.
absl::Status Unknown(const char* what, std::string_view id, FailureContext context) {
  const std::string shown = Shown(id);
  absl::Status status =
      context.catching_up
          ? absl::UnavailableError(absl::StrCat("still catching up with the log, and no ", what,
                                                " \"", shown, "\" has been read so far"))
          : absl::NotFoundError(absl::StrCat("there is no ", what, " \"", shown, "\""));
  SetFailureContext(status, context);
  return status;
}

std::string EtagOf(EtagBuilder& etag, std::vector<EventSnapshot>& events) {
  std::sort(events.begin(), events.end(), [](const EventSnapshot& a, const EventSnapshot& b) {
    return a.aggregate.event_id < b.aggregate.event_id;
  });
  for (const EventSnapshot& event : events) etag.Add(event.aggregate);
  return etag.Build();
}

bool IsUnchanged(const Request& request, std::string_view etag) {
  return request.if_none_match.has_value() && MatchesEtag(*request.if_none_match, etag);
}

}  // namespace

Service::Service(Reader& reader, Clock clock, std::string version)
    : reader_(reader), clock_(std::move(clock)), version_(std::move(version)) {}

awaitable<absl::StatusOr<Answer<EventDashboard>>> Service::GetEventDashboard(Request request) {
  std::vector<ParameterError> errors;
  CheckIdentifier("eventId", request.id, errors);
  const Parameters parameters(request.parameters, kPeriodParameters, {}, errors);
  const Window window = ParseWindow(parameters.Period(), clock_(), errors);
  auto min = ParseMin(request, reader_, std::move(errors));
  if (!min.ok()) co_return min.status();

  auto reading = reader_.ReadEvent(request.id, DashboardNeed(window), *std::move(min));
  auto read = co_await std::move(reading);
  if (!read.ok()) co_return WithPosition(read.status(), reader_);
  Answer<EventDashboard> answer;
  answer.position = EncodePosition(read->position, reader_.LogIdentity());
  answer.catching_up = read->catching_up;
  if (!read->event.has_value()) {
    co_return Unknown("event", request.id, {answer.position, answer.catching_up});
  }
  answer.etag = EtagBuilder("event_dashboard", version_, reader_.LogIdentity())
                    .Add(window)
                    .Add(read->event->aggregate)
                    .Build();
  if (!IsUnchanged(request, answer.etag)) answer.view = MakeEventDashboard(*read->event, window);
  co_return answer;
}

awaitable<absl::StatusOr<Answer<UserDashboard>>> Service::GetUserDashboard(Request request) {
  std::vector<ParameterError> errors;
  CheckIdentifier("userId", request.id, errors);
  Parameters parameters(request.parameters, kUserParameters, {}, errors);
  const Window window = ParseWindow(parameters.Period(), clock_(), errors);
  const EventPage page = ParsePage(parameters);
  auto min = ParseMin(request, reader_, std::move(errors));
  if (!min.ok()) co_return min.status();

  auto reading = reader_.ReadUser(request.id, DashboardNeed(window), *std::move(min));
  auto read = co_await std::move(reading);
  if (!read.ok()) co_return WithPosition(read.status(), reader_);
  Answer<UserDashboard> answer;
  answer.position = EncodePosition(read->position, reader_.LogIdentity());
  answer.catching_up = read->catching_up;
  if (read->events.empty()) {
    co_return Unknown("user with events", request.id, {answer.position, answer.catching_up});
  }
  EtagBuilder etag("user_dashboard", version_, reader_.LogIdentity());
  etag.Add(request.id).Add(window).Add(page.page).Add(page.size);
  etag.Add(static_cast<int64_t>(page.sort_by)).Add(page.ascending ? 1 : 0);
  answer.etag = EtagOf(etag, read->events);
  if (!IsUnchanged(request, answer.etag)) {
    answer.view = MakeUserDashboard(request.id, read->events, window, page);
  }
  co_return answer;
}

}  // namespace tally::query
