#include "query/views/timeline.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "query/json.h"
#include "tests/query/view_helpers.h"

namespace tally::query {
namespace {

using ::tally::testing::FakeReader;
using ::tally::testing::FeedSamples;
using ::tally::testing::UtcHour;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

struct Asked {
  Interval interval = Interval::kDaily;
  PeriodParameters period;
  std::vector<std::string> channels;
  absl::Time now = kLater;
};

TimelineView Make(Subject subject, const std::vector<EventSnapshot>& events,
                  const std::vector<HourTotal>& hours, const Asked& asked, const Window& window) {
  const Buckets buckets = TimelineBuckets(window, hours, asked.interval);
  const domain::Hour now = domain::HourOf(absl::ToUnixMillis(asked.now));
  return MakeTimelineView(std::move(subject), events, hours, window, asked.interval, buckets,
                          CountEnded(buckets, now));
}
TimelineView OfEvent(FakeReader& reader, const std::string& id, const Asked& asked = {}) {
  const Window window = WindowOf(asked.period, asked.now);
  auto read = Run(reader.ReadEvent(id, TimelineNeedOf(window, asked.channels), {}));
  return Make({Level::kEvent, id}, {*std::move(read.event)}, read.hours, asked, window);
}
TimelineView OfUser(FakeReader& reader, const std::string& id, const Asked& asked = {}) {
  const Window window = WindowOf(asked.period, asked.now);
  const auto read = Run(reader.ReadUser(id, TimelineNeedOf(window, asked.channels), {}));
  return Make({Level::kUser, id}, read.events, read.hours, asked, window);
}

PeriodParameters Period(const char* start, const char* end, const char* zone = "Asia/Seoul") {
  return {start, end, zone};
}
PeriodParameters In(const char* zone) { return {std::nullopt, std::nullopt, zone}; }

// "01-01T00 participants views purchaseAmount cumulativeParticipants", in the zone.
std::vector<std::string> Points(const TimelineView& view) {
  std::vector<std::string> points;
  for (const TimelinePoint& point : view.points) {
    points.push_back(FormatHour(point.begin, view.frame.window.zone).substr(5, 8) + " " +
                     domain::FormatInteger(point.participants) + " " +
                     domain::FormatInteger(point.views) + " " +
                     domain::FormatMoney(point.purchase_amount) + " " +
                     domain::FormatInteger(point.cumulative_participants));
  }
  return points;
}

std::string Show(const std::optional<Peak>& peak, const TimelineView& view) {
  if (!peak.has_value()) return "null";
  return FormatHour(peak->begin, view.frame.window.zone).substr(5, 8) + " " +
         domain::FormatInteger(peak->value);
}

TEST(TimelineTest, SampleEventAsInTheApiExample) {
  FakeReader reader;
  FeedSamples(reader);
  // Participant k came at 09:00 + k * 30 minutes: 1 to 29 on the 1st, 30 to 77 on the 2nd.
  EXPECT_EQ(ToJson(OfEvent(reader, "evt-1")),
            R"({"eventId":"evt-1","interval":"daily",)"
            R"("period":{"startDate":"2026-01-01T00:00:00+09:00",)"
            R"("endDate":"2026-01-04T00:00:00+09:00","timezone":"Asia/Seoul"},"truncated":false,)"
            R"("dataPoints":[)"
            R"({"timestamp":"2026-01-01T00:00:00+09:00","participants":29,"views":20000,)"
            R"("purchaseAmount":150000,"cumulativeParticipants":29},)"
            R"({"timestamp":"2026-01-02T00:00:00+09:00","participants":48,"views":0,)"
            R"("purchaseAmount":300000,"cumulativeParticipants":77},)"
            R"({"timestamp":"2026-01-03T00:00:00+09:00","participants":23,"views":0,)"
            R"("purchaseAmount":150000,"cumulativeParticipants":100}],)"
            R"("peak":{"participants":{"timestamp":"2026-01-02T00:00:00+09:00","value":48},)"
            R"("views":{"timestamp":"2026-01-01T00:00:00+09:00","value":20000}},)"
            R"("growthRate":-52.08,"lastUpdatedAt":"2026-11-22T21:05:11.482+09:00"})");
}

TEST(TimelineTest, SampleUser) {
  FakeReader reader;
  FeedSamples(reader);
  // evt-2 has 29 and 21 beside.
  EXPECT_EQ(ToJson(OfUser(reader, "user-1")),
            R"({"userId":"user-1","interval":"daily",)"
            R"("period":{"startDate":"2026-01-01T00:00:00+09:00",)"
            R"("endDate":"2026-01-04T00:00:00+09:00","timezone":"Asia/Seoul"},"truncated":false,)"
            R"("dataPoints":[)"
            R"({"timestamp":"2026-01-01T00:00:00+09:00","participants":58,"views":34000,)"
            R"("purchaseAmount":300000,"cumulativeParticipants":58},)"
            R"({"timestamp":"2026-01-02T00:00:00+09:00","participants":69,"views":0,)"
            R"("purchaseAmount":450000,"cumulativeParticipants":127},)"
            R"({"timestamp":"2026-01-03T00:00:00+09:00","participants":23,"views":0,)"
            R"("purchaseAmount":150000,"cumulativeParticipants":150}],)"
            R"("peak":{"participants":{"timestamp":"2026-01-02T00:00:00+09:00","value":69},)"
            R"("views":{"timestamp":"2026-01-01T00:00:00+09:00","value":34000}},)"
            R"("growthRate":-66.67,"lastUpdatedAt":"2026-11-22T21:05:11.482+09:00"})");
}

struct Row {
  Asked asked;
  std::vector<std::string> points;
  const char *participants_peak, *views_peak, *growth_rate;
};

TEST(TimelineTest, SampleEventInEveryWay) {
  FakeReader reader;
  FeedSamples(reader);
  const Row rows[] = {
      // UTC days begin nine hours later.
      {{.period = In("UTC")},
       {"12-31T00 0 20000 0 0", "01-01T00 47 0 270000 47", "01-02T00 48 0 300000 95",
        "01-03T00 5 0 30000 100"},
       "01-02T00 48",
       "12-31T00 20000",
       "-89.58"},
      {{.interval = Interval::kWeekly, .period = {}},
       {"12-29T00 100 20000 600000 100"},
       "12-29T00 100",
       "12-29T00 20000",
       "null"},
      {{.interval = Interval::kMonthly, .period = {}},
       {"01-01T00 100 20000 600000 100"},
       "01-01T00 100",
       "01-01T00 20000",
       "null"},
      {{.interval = Interval::kMonthly, .period = In("UTC")},
       {"12-01T00 0 20000 0 0", "01-01T00 100 0 600000 100"},
       "01-01T00 100",
       "12-01T00 20000",
       "null"},  // the base is 0
      // What came before the window is in its cumulative counts; what is after is not there.
      {{.period = Period("2026-01-02", "2026-01-03")},
       {"01-02T00 48 0 300000 77"},
       "01-02T00 48",
       "null",
       "null"},
      {{.period = Period("2026-01-02", "2026-01-04")},
       {"01-02T00 48 0 300000 77", "01-03T00 23 0 150000 100"},
       "01-02T00 48",
       "null",
       "-52.08"},
      // Empty buckets count, also as the last that has ended.
      {{.period = Period("2025-12-31", "2026-01-06")},
       {"12-31T00 0 0 0 0", "01-01T00 29 20000 150000 29", "01-02T00 48 0 300000 77",
        "01-03T00 23 0 150000 100", "01-04T00 0 0 0 100", "01-05T00 0 0 0 100"},
       "01-02T00 48",
       "01-01T00 20000",
       "null"},
      {{.period = Period("2026-01-01", "2026-01-05")},
       {"01-01T00 29 20000 150000 29", "01-02T00 48 0 300000 77", "01-03T00 23 0 150000 100",
        "01-04T00 0 0 0 100"},
       "01-02T00 48",
       "01-01T00 20000",
       "-100.00"},
      // Cut buckets begin at the cut, and are not compared: 6 to 29 came after noon.
      {{.period = Period("2026-01-01T12:00", "2026-01-03T12:00")},
       {"01-01T12 24 0 120000 29", "01-02T00 48 0 300000 77", "01-03T00 23 0 150000 100"},
       "01-02T00 48",
       "null",
       "null"},
      {{.period = Period("2026-01-01", "2026-01-03T12:00")},
       {"01-01T00 29 20000 150000 29", "01-02T00 48 0 300000 77", "01-03T00 23 0 150000 100"},
       "01-02T00 48",
       "01-01T00 20000",
       "65.52"},
      {{.period = Period("2026-01-01T12:00", "2026-01-04")},
       {"01-01T12 24 0 120000 29", "01-02T00 48 0 300000 77", "01-03T00 23 0 150000 100"},
       "01-02T00 48",
       "null",
       "-52.08"},
      {{.interval = Interval::kMonthly, .period = Period("2026-01-02", "2026-01-03")},
       {"01-02T00 48 0 300000 77"},
       "01-02T00 48",
       "null",
       "null"},
      {{.interval = Interval::kHourly, .period = Period("2026-01-01T08:00", "2026-01-01T12:00")},
       {"01-01T08 0 20000 0 0", "01-01T09 1 0 0 1", "01-01T10 2 0 0 3", "01-01T11 2 0 30000 5"},
       "01-01T10 2",
       "01-01T08 20000",
       "0.00"},
      // SNS has every fourth, from the 4th.
      {{.period = {}, .channels = {"SNS"}},
       {"01-01T00 7 2000 30000 7", "01-02T00 12 0 60000 19", "01-03T00 6 0 60000 25"},
       "01-02T00 12",
       "01-01T00 2000",
       "-50.00"},
      {{.period = {}, .channels = {"SNS", "nope", "지니TV"}},
       {"01-01T00 14 12000 60000 14", "01-02T00 24 0 150000 38", "01-03T00 12 0 90000 50"},
       "01-02T00 24",
       "01-01T00 12000",
       "-50.00"},
      {{.period = Period("2026-01-01", "2026-01-02"), .channels = {"nope"}},
       {"01-01T00 0 0 0 0"},
       "null",
       "null",
       "null"},
      // The clock: a bucket has ended when its last hour has.
      {{.period = {}, .now = UtcTime(2026, 1, 3, 14, 59)},
       {"01-01T00 29 20000 150000 29", "01-02T00 48 0 300000 77", "01-03T00 23 0 150000 100"},
       "01-02T00 48",
       "01-01T00 20000",
       "65.52"},
      {{.period = {}, .now = UtcTime(2026, 1, 3, 15, 0)},
       {"01-01T00 29 20000 150000 29", "01-02T00 48 0 300000 77", "01-03T00 23 0 150000 100"},
       "01-02T00 48",
       "01-01T00 20000",
       "-52.08"},
      {{.period = {}, .now = UtcTime(2026, 1, 2, 14, 59)},
       {"01-01T00 29 20000 150000 29", "01-02T00 48 0 300000 77", "01-03T00 23 0 150000 100"},
       "01-02T00 48",
       "01-01T00 20000",
       "null"},
      {{.period = Period("2026-01-02", "2026-01-04"), .now = UtcTime(2025, 12, 1, 0)},
       {"01-02T00 48 0 300000 77", "01-03T00 23 0 150000 100"},
       "01-02T00 48",
       "null",
       "null"},
  };
  int number = 0;
  for (const Row& row : rows) {
    SCOPED_TRACE(number++);
    const TimelineView view = OfEvent(reader, "evt-1", row.asked);
    EXPECT_EQ(Points(view), row.points);
    EXPECT_EQ(Show(view.peak_participants, view), row.participants_peak);
    EXPECT_EQ(Show(view.peak_views, view), row.views_peak);
    EXPECT_EQ(Fixed(view.growth_rate), row.growth_rate);
  }
}

TEST(TimelineTest, Hourly) {
  FakeReader reader;
  FeedSamples(reader);
  const TimelineView view = OfEvent(reader, "evt-1", {.interval = Interval::kHourly, .period = {}});
  // From the distributions at 08:00 to the 100th participant, at 11:00 two days later.
  const std::vector<std::string> points = Points(view);
  ASSERT_EQ(points.size(), 52u);
  EXPECT_EQ(points.front(), "01-01T08 0 20000 0 0");
  EXPECT_EQ(points[1], "01-01T09 1 0 0 1");
  EXPECT_EQ(points[50], "01-03T10 2 0 0 99");
  EXPECT_EQ(points[51], "01-03T11 1 0 30000 100");
  EXPECT_EQ(Show(view.peak_participants, view), "01-01T10 2");  // the earliest of many
  EXPECT_EQ(Fixed(view.growth_rate), "-50.00");
}

TEST(TimelineTest, WithoutDataThereIsNothingToShow) {
  FakeReader reader;
  FeedSamples(reader);
  reader.CreateEvent("bare", Described("u", 0, 0, 0), 0);
  const char* nothing =
      R"("interval":"weekly","period":null,"truncated":false,"dataPoints":[],)"
      R"("peak":{"participants":null,"views":null},"growthRate":null,"lastUpdatedAt":)";
  const Asked weekly{.interval = Interval::kWeekly, .period = {}};
  EXPECT_THAT(ToJson(OfEvent(reader, "bare", weekly)), HasSubstr(nothing));
  EXPECT_THAT(ToJson(OfUser(reader, "u", weekly)), HasSubstr(nothing));
  EXPECT_THAT(ToJson(OfEvent(reader, "evt-1",
                             {.interval = Interval::kWeekly, .period = {}, .channels = {"nope"}})),
              HasSubstr(nothing));
  // A period is filled with zeros all the same.
  EXPECT_THAT(Points(OfEvent(reader, "bare", {.period = Period("2026-01-01", "2026-01-03")})),
              ElementsAre("01-01T00 0 0 0 0", "01-02T00 0 0 0 0"));
}

TEST(TimelineTest, ViewsAloneAreDataToo) {
  FakeReader reader;
  reader.CreateEvent("e", Described("u", 0, 0, 0), 0);
  reader.Distribute("e", "a", "TV", "SUCCESS", 7, 0, UtcHour(2026, 1, 1, 0), 0);
  reader.Distribute("e", "b", "TV", "FAILED", 7, 0, UtcHour(2026, 1, 5, 0), 0);
  const TimelineView view = OfEvent(reader, "e");
  EXPECT_THAT(Points(view), ElementsAre("01-01T00 0 7 0 0"));
  EXPECT_EQ(Show(view.peak_participants, view), "null");
}

TEST(TimelineTest, DaysOf23And25Hours) {
  FakeReader reader;
  reader.CreateEvent("e", Described("u", 0, 0, 0), 0);
  // One in each hour of three days around each change of clocks.
  for (const domain::Hour begin : {UtcHour(2026, 3, 27, 23), UtcHour(2026, 10, 23, 22)}) {
    for (domain::Hour hour = begin; hour < begin + 72; ++hour) {
      reader.Register("e", "a", hour, 0, 0);
    }
  }
  EXPECT_THAT(
      Points(OfEvent(reader, "e", {.period = Period("2026-03-28", "2026-03-31", "Europe/Berlin")})),
      ElementsAre("03-28T00 24 0 0 24", "03-29T00 23 0 0 47", "03-30T00 24 0 0 71"));
  EXPECT_THAT(
      Points(OfEvent(reader, "e", {.period = Period("2026-10-24", "2026-10-27", "Europe/Berlin")})),
      ElementsAre("10-24T00 24 0 0 96", "10-25T00 25 0 0 121", "10-26T00 23 0 0 144"));
  const TimelineView months =
      OfEvent(reader, "e", {.interval = Interval::kMonthly, .period = In("Europe/Berlin")});
  EXPECT_EQ(months.points.size(), 8u);
  EXPECT_EQ(Points(months).back(), "10-01T00 72 0 0 144");
}

TEST(TimelineTest, TheNewestTenThousandAndWhatCameBefore) {
  FakeReader reader;
  reader.CreateEvent("e", Described("u", 0, 0, 0), 0);
  const domain::Hour first = UtcHour(2024, 1, 1, 0);
  reader.Register("e", "a", first, 0, 0);
  reader.Register("e", "a", first + 1, 0, 0);
  reader.Register("e", "a", first + 10'000, 0, 0);
  const Asked hourly{.interval = Interval::kHourly, .period = In("UTC")};
  const TimelineView view = OfEvent(reader, "e", hourly);
  EXPECT_TRUE(view.truncated);
  ASSERT_EQ(view.points.size(), 10'000u);
  EXPECT_EQ(Points(view).front(), "01-01T01 1 0 0 2");
  EXPECT_EQ(domain::FormatInteger(view.points.back().cumulative_participants), "3");
  EXPECT_EQ(view.shown, (HourRange{first + 1, first + 10'001}));
  EXPECT_THAT(ToJson(view), AllOf(HasSubstr(R"("truncated":true)"),
                                  HasSubstr(R"("startDate":"2024-01-01T01:00:00+00:00")")));
  EXPECT_FALSE(OfEvent(reader, "e", {.period = {}}).truncated);
}

TEST(TimelineTest, AUsersEventsAreAddedUpAndNobodyElses) {
  FakeReader reader;
  reader.CreateEvent("a", Described("u", 0, 0, 0), 0);
  reader.CreateEvent("b", Described("u", 0, 0, 0), 0);
  reader.CreateEvent("c", Described("v", 0, 0, 0), 0);
  for (const char* id : {"a", "b", "c"}) {
    reader.Register(id, "x", UtcHour(2026, 1, 1, 0), 100, 0);
    reader.Register(id, "y", UtcHour(2026, 1, 1, 0), 10, 0);
  }
  reader.Register("b", "x", UtcHour(2026, 1, 3, 0), 1, 0);
  EXPECT_THAT(Points(OfUser(reader, "u")),
              ElementsAre("01-01T00 4 0 2.2 4", "01-02T00 0 0 0 4", "01-03T00 1 0 0.01 5"));
  EXPECT_THAT(Points(OfUser(reader, "u", {.period = {}, .channels = {"y"}})),
              ElementsAre("01-01T00 2 0 0.2 2"));
}

TEST(HourTotalsTest, AddsUpAndLeavesOutZeros) {
  HourTotals totals;
  totals.Add(7, {1, 2, 3});
  totals.Add(5, {0, 10, 0});
  totals.Add({{7, {1, 0, 0}}, {5, {0, -10, 0}}, {6, {0, 0, 4}}});
  EXPECT_EQ(totals.Take(), (std::vector<HourTotal>{{6, {0, 0, 4}}, {7, {2, 2, 3}}}));
  EXPECT_THAT(totals.Take(), IsEmpty());
}

TEST(ChannelFilterTest, ByNameOrAll) {
  domain::EventAggregate event;
  event.AddChannel("b");
  event.AddChannel("a");
  const ChannelFilter all(event, {});
  EXPECT_TRUE(all.Counts(0) && all.Counts(1) && !all.CountsNone());
  const ChannelFilter one(event, {"a", "c"});
  EXPECT_TRUE(!one.Counts(0) && one.Counts(1) && !one.CountsNone());
  EXPECT_TRUE(ChannelFilter(event, {"c"}).CountsNone());
}

}  // namespace
}  // namespace tally::query
