#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "processor/domain/money.h"
#include "query/json.h"
#include "query/views/event_dashboard.h"
#include "query/views/user_dashboard.h"
#include "tests/query/view_helpers.h"

namespace tally::query {
namespace {

using ::tally::testing::FakeReader;
using ::tally::testing::FeedSamples;
using ::tally::testing::SampleTimestamp;
using ::tally::testing::UtcHour;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

EventDashboard Event(FakeReader& reader, const std::string& id, const Window& window) {
  return MakeEventDashboard(*Run(reader.ReadEvent(id, DashboardNeed(window), {})).event, window);
}
UserDashboard User(FakeReader& reader, const std::string& id, const Window& window,
                   const EventPage& page = {}) {
  return MakeUserDashboard(id, Run(reader.ReadUser(id, DashboardNeed(window), {})).events, window,
                           page);
}

TEST(EventDashboardTest, SampleEventAsInTheApiExample) {
  FakeReader reader;
  FeedSamples(reader);
  EXPECT_EQ(
      ToJson(Event(reader, "evt-1", WindowOf({}))),
      R"({"eventId":"evt-1","eventTitle":"신년맞이 20% 할인 이벤트","userId":"user-1",)"
      R"("status":"ACTIVE","period":null,)"
      R"("summary":{"participants":100,"participantsDelta":0,"totalViews":20000,)"
      R"("engagementRate":0.50,"purchaseAmount":600000,"targetRoi":200.00},)"
      R"("channelPerformance":[)"
      R"({"channel":"지니TV","channelType":"TV","status":"SUCCESS","impressions":10000,)"
      R"("participants":25,"conversionRate":0.25,"purchaseAmount":150000,)"
      R"("distributionCost":1500000,"costPerAcquisition":60000.00},)"
      R"({"channel":"우리동네TV","channelType":"TV","status":"SUCCESS","impressions":5000,)"
      R"("participants":25,"conversionRate":0.50,"purchaseAmount":150000,)"
      R"("distributionCost":1000000,"costPerAcquisition":40000.00},)"
      R"({"channel":"링고비즈","channelType":"CALL","status":"SUCCESS","impressions":3000,)"
      R"("participants":25,"conversionRate":0.83,"purchaseAmount":150000,)"
      R"("distributionCost":500000,"costPerAcquisition":20000.00},)"
      R"({"channel":"SNS","channelType":"SNS","status":"SUCCESS","impressions":2000,)"
      R"("participants":25,"conversionRate":1.25,"purchaseAmount":150000,)"
      R"("distributionCost":0,"costPerAcquisition":0.00}],)"
      R"("roi":{"totalCost":8000000,"expectedRevenue":15000000,"netProfit":7000000,"roi":87.50,)"
      R"("realizedRevenue":600000,"realizedRoi":-92.50,"targetRoi":200.00,)"
      R"("roiAchievement":43.75,"costPerAcquisition":80000.00},)"
      R"("currency":"KRW","lastUpdatedAt":"2026-11-22T21:05:11.482+09:00"})");
}

TEST(EventDashboardTest, APeriodLimitsCountsAndRatesButNotCosts) {
  FakeReader reader;
  FeedSamples(reader);
  // Participants 30 to 77 are of January 2nd, KST; views are of the 1st.
  const EventDashboard view =
      Event(reader, "evt-1", WindowOf({"2026-01-02", "2026-01-03", std::nullopt}));
  EXPECT_EQ(domain::FormatInteger(view.summary.participants), "48");
  EXPECT_EQ(domain::FormatInteger(view.summary.participants_delta), "19");  // 48 - 29
  EXPECT_EQ(domain::FormatInteger(view.summary.total_views), "0");
  EXPECT_EQ(Fixed(view.summary.engagement_rate), "0.00");
  // 30, 35, … 75: of them 30, 50, 70 are 지니TV's; 45 and 65 우리동네TV's.
  EXPECT_EQ(domain::FormatMoney(view.summary.purchase_amount), "300000");
  EXPECT_EQ(Fixed(view.summary.target_roi), "200.00");
  EXPECT_THAT(Rows(view.channel_performance),
              ElementsAre("SNS SNS SUCCESS 0 12 0.00 60000 0 0.00",
                          "링고비즈 CALL SUCCESS 0 12 0.00 90000 500000 20000.00",
                          "우리동네TV TV SUCCESS 0 12 0.00 60000 1000000 40000.00",
                          "지니TV TV SUCCESS 0 12 0.00 90000 1500000 60000.00"));
  EXPECT_EQ(domain::FormatMoney(view.roi.realized_revenue), "600000");
  EXPECT_EQ(Fixed(view.roi.cost_per_acquisition), "80000.00");
  const std::string json = ToJson(view);
  EXPECT_THAT(json,
              HasSubstr(R"("period":{"startDate":"2026-01-02T00:00:00+09:00",)"
                        R"("endDate":"2026-01-03T00:00:00+09:00","timezone":"Asia/Seoul"},)"));
}

TEST(EventDashboardTest, PeriodsAreHalfOpenToTheHour) {
  FakeReader reader;
  FeedSamples(reader);
  const struct {
    const char *start, *end, *participants, *views;
  } rows[] = {
      {"2026-01-01", "2026-02-01", "100", "20000"},
      {"2026-01-01", "2026-01-02", "29", "20000"},
      {"2026-01-01T08:00", "2026-01-01T09:00", "0", "20000"},
      {"2026-01-01T09:00", "2026-01-01T10:00", "1", "0"},
      {"2026-01-01T07:00", "2026-01-01T08:00", "0", "0"},
      {"2026-01-01T23:00", "2026-01-02T00:00", "2", "0"},
      {"2026-01-03", "2026-01-04", "23", "0"},
      {"2025-12-01", "2026-01-01", "0", "0"},
  };
  for (const auto& row : rows) {
    const EventDashboard view =
        Event(reader, "evt-1", WindowOf({row.start, row.end, std::nullopt}));
    EXPECT_EQ(domain::FormatInteger(view.summary.participants), row.participants) << row.start;
    EXPECT_EQ(domain::FormatInteger(view.summary.total_views), row.views) << row.start;
  }
}

TEST(EventDashboardTest, DeltaOfTheLastFullDayLeavesOutTheCurrentHour) {
  FakeReader reader;
  FeedSamples(reader);
  // Until 15:00 UTC on January 2nd (00:00 KST of the 3rd): 48 in 24 hours, 29 in those before.
  const EventDashboard day = Event(reader, "evt-1", WindowOf({}, UtcTime(2026, 1, 2, 15, 59)));
  EXPECT_EQ(domain::FormatInteger(day.summary.participants_delta), "19");
  EXPECT_EQ(domain::FormatInteger(day.summary.participants), "100");
  const EventDashboard after = Event(reader, "evt-1", WindowOf({}, UtcTime(2026, 1, 4, 15)));
  EXPECT_EQ(domain::FormatInteger(after.summary.participants_delta), "-23");
}

TEST(EventDashboardTest, NothingToDivideByIsNullOrZero) {
  FakeReader reader;
  reader.CreateEvent("bare", Described("u", 0, 50, 1000), domain::kNoTimestamp);
  const std::string json = ToJson(Event(reader, "bare", WindowOf({})));
  EXPECT_THAT(json, HasSubstr(R"("summary":{"participants":0,"participantsDelta":0,"totalViews":0,)"
                              R"("engagementRate":0.00,"purchaseAmount":0,"targetRoi":10.00},)"
                              R"("channelPerformance":[],)"
                              R"("roi":{"totalCost":0,"expectedRevenue":0.5,"netProfit":0.5,)"
                              R"("roi":null,"realizedRevenue":0,"realizedRoi":null,)"
                              R"("targetRoi":10.00,"roiAchievement":null,)"
                              R"("costPerAcquisition":null},"currency":"KRW",)"
                              R"("lastUpdatedAt":null})"));
}

TEST(EventDashboardTest, RoiAchievementIsNullWithoutATarget) {
  FakeReader reader;
  reader.CreateEvent("e", Described("u", 300, 100, 0), 0);
  const EventDashboard view = Event(reader, "e", WindowOf({}));
  EXPECT_EQ(Fixed(view.roi.roi), "-66.67");
  EXPECT_EQ(Fixed(view.roi.roi_achievement), "null");
}

TEST(EventDashboardTest, QuotientsAreRoundedOnceHalfAwayFromZero) {
  FakeReader reader;
  // roi = -1/8000 * 100 = -0.0125 %; achievement of 0.01 %: -0.0125 / 0.01 * 100 = -125 exactly,
  // where the rounded roi would give -100.
  reader.CreateEvent("e", Described("u", 8000, 7999, 1), 0);
  const EventDashboard view = Event(reader, "e", WindowOf({}));
  EXPECT_EQ(Fixed(view.roi.roi), "-0.01");
  EXPECT_EQ(Fixed(view.roi.roi_achievement), "-125.00");
  reader.CreateEvent("f", Described("u", 20000, 20001, 0), 0);
  EXPECT_EQ(Fixed(Event(reader, "f", WindowOf({})).roi.roi), "0.01");  // 0.005
  reader.CreateEvent("g", Described("u", 20000, 19999, 0), 0);
  EXPECT_EQ(Fixed(Event(reader, "g", WindowOf({})).roi.roi), "-0.01");
}

TEST(EventDashboardTest, ChannelsAreListedWhateverTheyHave) {
  FakeReader reader;
  reader.CreateEvent("e", Described("u", 0, 0, 0), 0);
  reader.Register("e", "웹", 10, 1050, 0);
  reader.Register("e", "웹", 10, 0, 0);
  reader.Distribute("e", "b", "TV", "FAILED", 500, 301, 10, 0);
  reader.Distribute("e", "a", "", "SUCCESS", 0, 0, 10, 0);
  reader.Distribute("e", "c", "SNS", "SUCCESS", 7, 100, 10, 0);
  EXPECT_THAT(Rows(Event(reader, "e", WindowOf({})).channel_performance),
              ElementsAre("c SNS SUCCESS 7 0 0.00 0 1 null", "a  SUCCESS 0 0 0.00 0 0 null",
                          "b TV FAILED 0 0 0.00 0 3.01 null", "웹 null null 0 2 0.00 10.5 0 0.00"));
}

TEST(EventDashboardTest, SumsBeyond64Bits) {
  FakeReader reader;
  reader.CreateEvent(
      "e", Described("u", domain::kMoneyMax, domain::kMoneyMax, domain::kTargetRoiMax), 0);
  for (int i = 0; i < 20'000; ++i) {
    reader.Distribute("e", "c", "TV", "SUCCESS", domain::kViewsMax, domain::kMoneyMax, 10, 0);
  }
  const EventDashboard view = Event(reader, "e", WindowOf({}));
  EXPECT_EQ(domain::FormatMoney(view.roi.total_cost), "200010000000000000");
  EXPECT_EQ(domain::FormatInteger(view.summary.total_views), "20000000000000000");
  EXPECT_EQ(Fixed(view.roi.roi), "-100.00");  // -99.995 and a bit
}

TEST(UserDashboardTest, SampleUser) {
  FakeReader reader;
  FeedSamples(reader);
  EXPECT_EQ(ToJson(User(reader, "user-1", WindowOf({}))),
            R"({"userId":"user-1","totalEvents":2,"activeEvents":2,"period":null,)"
            R"("summary":{"participants":150,"participantsDelta":0,"totalViews":34000,)"
            R"("engagementRate":0.44,"purchaseAmount":900000,"targetRoi":180.77},)"
            R"("channelPerformance":[)"
            R"({"channel":"지니TV","channelType":"TV","status":null,"impressions":17000,)"
            R"("participants":38,"conversionRate":0.22,"purchaseAmount":240000,)"
            R"("distributionCost":2250000,"costPerAcquisition":59210.53},)"
            R"({"channel":"우리동네TV","channelType":"TV","status":null,"impressions":8500,)"
            R"("participants":38,"conversionRate":0.45,"purchaseAmount":240000,)"
            R"("distributionCost":1500000,"costPerAcquisition":39473.68},)"
            R"({"channel":"링고비즈","channelType":"CALL","status":null,"impressions":5000,)"
            R"("participants":37,"conversionRate":0.74,"purchaseAmount":210000,)"
            R"("distributionCost":750000,"costPerAcquisition":20270.27},)"
            R"({"channel":"SNS","channelType":"SNS","status":null,"impressions":3500,)"
            R"("participants":37,"conversionRate":1.06,"purchaseAmount":210000,)"
            R"("distributionCost":0,"costPerAcquisition":0.00}],)"
            R"("roi":{"totalCost":13000000,"expectedRevenue":23000000,"netProfit":10000000,)"
            R"("roi":76.92,"realizedRevenue":900000,"realizedRoi":-93.08,"targetRoi":180.77,)"
            R"("roiAchievement":42.55,"costPerAcquisition":86666.67},)"
            R"("eventPerformances":{"page":0,"size":20,"totalElements":2,"totalPages":1,"items":[)"
            R"({"eventId":"evt-1","eventTitle":"신년맞이 20% 할인 이벤트","status":"ACTIVE",)"
            R"("participants":100,"totalViews":20000,"engagementRate":0.50,"totalCost":8000000,)"
            R"("roi":87.50},)"
            R"({"eventId":"evt-2","eventTitle":"설날 특가 선물세트 이벤트","status":"ACTIVE",)"
            R"("participants":50,"totalViews":14000,"engagementRate":0.36,"totalCost":5000000,)"
            R"("roi":60.00}]},)"
            R"("currency":"KRW","lastUpdatedAt":"2026-11-22T21:05:11.482+09:00"})");
}

TEST(UserDashboardTest, APeriodLimitsItemsToo) {
  FakeReader reader;
  FeedSamples(reader);
  const UserDashboard view =
      User(reader, "user-1", WindowOf({"2026-01-02", "2026-01-03", std::nullopt}));
  // evt-2's 50 participants: 29 on the 1st, 21 on the 2nd.
  EXPECT_EQ(domain::FormatInteger(view.summary.participants), "69");
  EXPECT_EQ(domain::FormatInteger(view.summary.participants_delta), "11");
  ASSERT_EQ(view.event_performances.size(), 2u);
  EXPECT_EQ(domain::FormatInteger(view.event_performances[1].participants), "21");
  EXPECT_EQ(domain::FormatInteger(view.event_performances[1].total_views), "0");
  EXPECT_EQ(domain::FormatMoney(view.event_performances[1].total_cost), "5000000");
  EXPECT_EQ(Fixed(view.roi.cost_per_acquisition), "86666.67");
  EXPECT_EQ(view.total_events, 2);
}

TEST(UserDashboardTest, TypesThatDifferAreNullAndStatusesCounted) {
  FakeReader reader;
  reader.CreateEvent("a", Described("u", 0, 0, 100), 5);
  reader.CreateEvent("b", Described("u", 0, 0, 300), 9);
  domain::Description ended = Described("u", 0, 0, 300);
  ended.status = "active";
  reader.CreateEvent("c", ended, 7);
  reader.Distribute("a", "x", "TV", "SUCCESS", 1, 0, 1, 0);
  reader.Distribute("b", "x", "SNS", "SUCCESS", 1, 0, 1, 0);
  reader.Distribute("a", "y", "TV", "SUCCESS", 1, 0, 1, 0);
  reader.Register("b", "y", 1, 0, 0);
  reader.Register("b", "z", 1, 0, 0);
  const UserDashboard view = User(reader, "u", WindowOf({}));
  EXPECT_THAT(Rows(view.channel_performance),
              ElementsAre("x null null 2 0 0.00 0 0 null", "y TV null 1 1 100.00 0 0 0.00",
                          "z null null 0 1 0.00 0 0 0.00"));
  EXPECT_EQ(view.active_events, 2);
  EXPECT_EQ(Fixed(view.summary.target_roi), "0.00");  // no costs to weigh by
  EXPECT_EQ(view.frame.last_updated_at, 9);
}

// Four events: by roi 2 is highest, 1 and 3 are equal, 4 has none.
FakeReader& Ranked(FakeReader& reader) {
  reader.CreateEvent("e1", Described("u", 100, 150, 0), 0);
  reader.CreateEvent("e2", Described("u", 100, 300, 0), 0);
  reader.CreateEvent("e3", Described("u", 200, 300, 0), 0);
  reader.CreateEvent("e4", Described("u", 0, 300, 0), 0);
  for (int i = 0; i < 3; ++i) reader.Register("e3", "c", 1, 0, 0);
  reader.Register("e4", "c", 1, 0, 0);
  reader.Distribute("e4", "c", "", "SUCCESS", 10, 0, 1, 0);
  reader.Distribute("e3", "c", "", "SUCCESS", 20, 0, 1, 0);
  reader.Distribute("e1", "c", "", "SUCCESS", 20, 0, 1, 0);
  return reader;
}

std::string Ids(const UserDashboard& view) {
  std::string ids;
  for (const EventPerformance& item : view.event_performances) ids += item.event_id + " ";
  return ids;
}

TEST(UserDashboardTest, SortsWithNullsLastAndTiesById) {
  FakeReader reader;
  Ranked(reader);
  const struct {
    EventSortKey key;
    const char *ascending, *descending;
  } rows[] = {
      {EventSortKey::kParticipants, "e1 e2 e4 e3 ", "e3 e4 e1 e2 "},
      {EventSortKey::kTotalViews, "e2 e4 e1 e3 ", "e1 e3 e4 e2 "},
      {EventSortKey::kEngagementRate, "e1 e2 e4 e3 ", "e3 e4 e1 e2 "},
      {EventSortKey::kRoi, "e1 e3 e2 e4 ", "e2 e1 e3 e4 "},
      {EventSortKey::kEventId, "e1 e2 e3 e4 ", "e4 e3 e2 e1 "},
  };
  for (const auto& row : rows) {
    EXPECT_EQ(Ids(User(reader, "u", WindowOf({}), {0, 20, row.key, true})), row.ascending);
    EXPECT_EQ(Ids(User(reader, "u", WindowOf({}), {0, 20, row.key, false})), row.descending);
  }
}

TEST(UserDashboardTest, Pages) {
  FakeReader reader;
  Ranked(reader);
  const struct {
    int64_t page, size;
    const char* ids;
    int64_t pages;
  } rows[] = {
      {0, 1, "e1 ", 4},
      {3, 1, "e4 ", 4},
      {4, 1, "", 4},
      {0, 3, "e1 e2 e3 ", 2},
      {1, 3, "e4 ", 2},
      {2, 3, "", 2},
      {0, 4, "e1 e2 e3 e4 ", 1},
      {1, 4, "", 1},
      {0, 100, "e1 e2 e3 e4 ", 1},
      {1'000'000'000, 100, "", 1},
  };
  for (const auto& row : rows) {
    const UserDashboard view =
        User(reader, "u", WindowOf({}), {row.page, row.size, EventSortKey::kEventId, true});
    EXPECT_EQ(Ids(view), row.ids) << row.page << "/" << row.size;
    EXPECT_EQ(view.total_pages, row.pages);
    EXPECT_EQ(view.total_events, 4);
  }
}

}  // namespace
}  // namespace tally::query
