#include "query/service.h"

#include <algorithm>
#include <utility>

#include "query/parameters.h"
#include "query/position.h"
#include "query/problem.h"
#include "query/reading.h"
#include "query/selection.h"

namespace tally::query {
namespace {

using boost::asio::awaitable;

Subject SubjectOf(Level level, const Request& request, std::vector<ParameterError>& errors) {
  CheckIdentifier(level == Level::kEvent ? "eventId" : "userId", request.id, errors);
  return {level, request.id};
}

// What cannot be read is not wrong in a second way too.
std::vector<ParameterError> WithUnreadable(const Request& request,
                                           std::vector<ParameterError> errors) {
  std::vector<ParameterError> all = request.unreadable;
  for (ParameterError& error : errors) {
    const auto echoes = [&error](const ParameterError& each) {
      return each.parameter == error.parameter && each.value == error.value;
    };
    if (std::none_of(request.unreadable.begin(), request.unreadable.end(), echoes)) {
      all.push_back(std::move(error));
    }
  }
  return all;
}

bool IsUnchanged(const Request& request, std::string_view etag) {
  return request.if_none_match.has_value() && MatchesEtag(*request.if_none_match, etag);
}

domain::Hour HourOf(absl::Time time) { return domain::HourOf(absl::ToUnixMillis(time)); }

// The view is made only for who does not have it. The reading ends here: freeing it takes time too.
template <class View, class Make>
Answer<View> AnswerOf(Reading reading, const Request& request, absl::Time now, EtagBuilder& etag,
                      const Make& make) {
  Answer<View> answer = {std::nullopt,
                         AddEvents(reading, etag).Build(),
                         reading.position,
                         reading.catching_up,
                         {reading.freshness, HourOf(now)}};
  if (!IsUnchanged(request, answer.etag)) answer.view = make(reading);
  return answer;
}

void AddNames(const std::vector<std::string>& names, EtagBuilder& etag) {
  etag.Add(static_cast<int64_t>(names.size()));
  for (const std::string& name : names) etag.Add(name);
}

}  // namespace

Service::Service(Reader& reader, Clock clock, std::string version, Aside aside)
    : reader_(reader),
      clock_(std::move(clock)),
      version_(std::move(version)),
      aside_(std::move(aside)) {}

EtagBuilder Service::NewEtag(std::string_view operation, const Subject& subject) const {
  EtagBuilder etag(operation, version_, reader_.LogIdentity());
  etag.Add(static_cast<int64_t>(subject.level)).Add(subject.id);
  return etag;
}

std::optional<Stands> Service::Confirm(const Validity& validity,
                                       std::string_view min_position) const {
  if (validity.freshness == nullptr || HourOf(clock_()) != validity.hour) return std::nullopt;
  std::vector<MinOffset> min;
  if (!min_position.empty()) {
    auto parsed = ParseMin(std::string(min_position), reader_, {});
    if (!parsed.ok()) return std::nullopt;
    min = *std::move(parsed);
  }
  const std::string log = reader_.LogIdentity();
  if (log.empty()) return std::nullopt;  // shutting down
  const std::optional<Standing> standing = validity.freshness->Now(min);
  if (!standing) return std::nullopt;
  return Stands{EncodePosition(standing->position, log), standing->catching_up};
}

awaitable<absl::StatusOr<Turnstile::Pass>> Service::EnterFor(Level level) {
  if (level == Level::kEvent) co_return Turnstile::Pass();
  auto entering = user_reads_.Enter();
  auto pass = co_await std::move(entering);
  co_return pass;
}

awaitable<absl::StatusOr<Answer<EventDashboard>>> Service::GetEventDashboard(Request request) {
  const absl::Time now = clock_();
  std::vector<ParameterError> errors;
  const Subject subject = SubjectOf(Level::kEvent, request, errors);
  const Parameters parameters(request.parameters, kPeriodParameters, {}, errors);
  const Window window = ParseWindow(parameters.Period(), now, errors);
  auto min = ParseMin(request.min_position, reader_, WithUnreadable(request, std::move(errors)));
  if (!min.ok()) co_return min.status();

  auto reading =
      Read(reader_, aside_, request.viewer, subject, DashboardNeed(window), *std::move(min));
  auto read = co_await std::move(reading);
  if (!read.ok()) co_return read.status();
  EtagBuilder etag = NewEtag("dashboard", subject);
  etag.Add(window);
  auto answer = AnswerOf<EventDashboard>(
      *std::move(read), request, now, etag,
      [&](const Reading& taken) { return MakeEventDashboard(taken.events.front(), window); });
  co_return answer;
}

awaitable<absl::StatusOr<Answer<UserDashboard>>> Service::GetUserDashboard(Request request) {
  const absl::Time now = clock_();
  std::vector<ParameterError> errors;
  const Subject subject = SubjectOf(Level::kUser, request, errors);
  Parameters parameters(request.parameters, kUserDashboardParameters, {}, errors);
  const Window window = ParseWindow(parameters.Period(), now, errors);
  const EventPage page = ParsePage(parameters);
  auto min = ParseMin(request.min_position, reader_, WithUnreadable(request, std::move(errors)));
  if (!min.ok()) co_return min.status();
  auto entering = user_reads_.Enter();
  const auto pass = co_await std::move(entering);
  if (!pass.ok()) co_return pass.status();

  auto reading =
      Read(reader_, aside_, request.viewer, subject, DashboardNeed(window), *std::move(min));
  auto read = co_await std::move(reading);
  if (!read.ok()) co_return read.status();
  EtagBuilder etag = NewEtag("dashboard", subject);
  etag.Add(window).Add(page.page).Add(page.size);
  etag.Add(static_cast<int64_t>(page.sort_by)).Add(page.ascending ? 1 : 0);
  auto answering = aside_.Do(StepsOf(read->events), [&] {
    return AnswerOf<UserDashboard>(*std::move(read), request, now, etag, [&](const Reading& taken) {
      return MakeUserDashboard(subject.id, taken.events, window, page);
    });
  });
  auto answer = co_await std::move(answering);
  co_return answer;
}

awaitable<absl::StatusOr<Answer<ChannelsView>>> Service::GetChannels(Level level, Request request) {
  const absl::Time now = clock_();
  std::vector<ParameterError> errors;
  const Subject subject = SubjectOf(level, request, errors);
  Parameters parameters(request.parameters, kChannelsParameters, kChannelParameter, errors);
  const Window window = WithoutClock(ParseWindow(parameters.Period(), now, errors));
  const ChannelSelection selection = ParseChannelSelection(parameters, errors);
  auto min = ParseMin(request.min_position, reader_, WithUnreadable(request, std::move(errors)));
  if (!min.ok()) co_return min.status();
  auto entering = EnterFor(level);
  const auto pass = co_await std::move(entering);
  if (!pass.ok()) co_return pass.status();

  auto reading =
      Read(reader_, aside_, request.viewer, subject, ChannelsNeed(window), *std::move(min));
  auto read = co_await std::move(reading);
  if (!read.ok()) co_return read.status();
  EtagBuilder etag = NewEtag("channels", subject);
  etag.Add(window);
  etag.Add(static_cast<int64_t>(selection.sort_by)).Add(selection.ascending ? 1 : 0);
  AddNames(selection.names, etag);
  auto answering = aside_.Do(StepsOf(read->events), [&] {
    return AnswerOf<ChannelsView>(*std::move(read), request, now, etag, [&](const Reading& taken) {
      return MakeChannelsView(subject, taken.events, window, selection);
    });
  });
  auto answer = co_await std::move(answering);
  co_return answer;
}

awaitable<absl::StatusOr<Answer<RoiView>>> Service::GetRoi(Level level, Request request) {
  const absl::Time now = clock_();
  std::vector<ParameterError> errors;
  const Subject subject = SubjectOf(level, request, errors);
  const Parameters parameters(request.parameters, kRoiParameters, {}, errors);
  ExplainNoPeriod(errors);
  const PeriodParameters lifetime{std::nullopt, std::nullopt, parameters.Text("timezone")};
  const Window window = WithoutClock(ParseWindow(lifetime, now, errors));
  auto min = ParseMin(request.min_position, reader_, WithUnreadable(request, std::move(errors)));
  if (!min.ok()) co_return min.status();
  auto entering = EnterFor(level);
  const auto pass = co_await std::move(entering);
  if (!pass.ok()) co_return pass.status();

  auto reading = Read(reader_, aside_, request.viewer, subject, TimelineNeed{}, *std::move(min));
  auto read = co_await std::move(reading);
  if (!read.ok()) co_return read.status();
  EtagBuilder etag = NewEtag("roi", subject);
  etag.Add(window);
  auto answering = aside_.Do(StepsOf(read->events), [&] {
    return AnswerOf<RoiView>(*std::move(read), request, now, etag, [&](const Reading& taken) {
      return MakeRoiView(subject, taken.events, window);
    });
  });
  auto answer = co_await std::move(answering);
  co_return answer;
}

awaitable<absl::StatusOr<Answer<TimelineView>>> Service::GetTimeline(Level level, Request request) {
  const absl::Time now = clock_();
  std::vector<ParameterError> errors;
  const Subject subject = SubjectOf(level, request, errors);
  Parameters parameters(request.parameters, kTimelineParameters, kChannelParameter, errors);
  const Window window = WithoutClock(ParseWindow(parameters.Period(), now, errors));
  const Interval interval = ParseInterval(parameters, window, errors);
  const std::vector<std::string> channels = ParseChannels(parameters, errors);
  auto min = ParseMin(request.min_position, reader_, WithUnreadable(request, std::move(errors)));
  if (!min.ok()) co_return min.status();
  auto entering = timelines_.Enter();
  const auto pass = co_await std::move(entering);
  if (!pass.ok()) co_return pass.status();

  auto reading = Read(reader_, aside_, request.viewer, subject, TimelineNeedOf(window, channels),
                      *std::move(min));
  auto read = co_await std::move(reading);
  if (!read.ok()) co_return read.status();
  const auto answer_of = [&]() -> absl::StatusOr<Answer<TimelineView>> {
    const Buckets buckets = TimelineBuckets(window, read->hours, interval);
    std::vector<ParameterError> zone_errors;
    if (buckets.size() > 0) CheckZone(window, buckets.range(), zone_errors);
    if (!zone_errors.empty()) return InvalidParameters(std::move(zone_errors));
    const size_t ended = CountEnded(buckets, HourOf(now));
    EtagBuilder etag = NewEtag("timeline", subject);
    etag.Add(window).Add(static_cast<int64_t>(interval)).Add(static_cast<int64_t>(ended));
    AddNames(channels, etag);
    return AnswerOf<TimelineView>(*std::move(read), request, now, etag, [&](const Reading& taken) {
      return MakeTimelineView(subject, taken.events, taken.hours, window, interval, buckets, ended);
    });
  };
  auto answering = aside_.Do(Aside::kMany, answer_of);
  auto answer = co_await std::move(answering);
  co_return answer;
}

}  // namespace tally::query
