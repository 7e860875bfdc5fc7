#include "query/views/roi.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "query/json.h"
#include "tests/query/view_helpers.h"

namespace tally::query {
namespace {

using ::tally::testing::FakeReader;
using ::tally::testing::FeedSamples;
using ::testing::HasSubstr;

std::string OfEvent(FakeReader& reader, const std::string& id) {
  auto event = *Run(reader.ReadEvent(id, {}, {})).event;
  return ToJson(MakeRoiView({Level::kEvent, id}, {std::move(event)}, WindowOf({})));
}
std::string OfUser(FakeReader& reader, const std::string& id) {
  return ToJson(
      MakeRoiView({Level::kUser, id}, Run(reader.ReadUser(id, {}, {})).events, WindowOf({})));
}

TEST(RoiTest, SampleEventAsInTheApiExample) {
  FakeReader reader;
  FeedSamples(reader);
  EXPECT_EQ(OfEvent(reader, "evt-1"),
            R"({"eventId":"evt-1",)"
            R"("cost":{"totalInvestment":5000000,"distributionCost":3000000,"totalCost":8000000},)"
            R"("revenue":{"expectedRevenue":15000000,"realizedRevenue":600000},)"
            R"("roi":{"netProfit":7000000,"roi":87.50,"realizedNetProfit":-7400000,)"
            R"("realizedRoi":-92.50,"targetRoi":200.00,"roiAchievement":43.75},)"
            R"("efficiency":{"costPerAcquisition":80000.00,"costPerView":400.00,)"
            R"("revenuePerParticipant":6000.00},)"
            R"("channels":[)"
            R"({"channel":"지니TV","distributionCost":1500000,"purchaseAmount":150000,)"
            R"("costPerAcquisition":60000.00,"costPerView":150.00},)"
            R"({"channel":"우리동네TV","distributionCost":1000000,"purchaseAmount":150000,)"
            R"("costPerAcquisition":40000.00,"costPerView":200.00},)"
            R"({"channel":"링고비즈","distributionCost":500000,"purchaseAmount":150000,)"
            R"("costPerAcquisition":20000.00,"costPerView":166.67},)"
            R"({"channel":"SNS","distributionCost":0,"purchaseAmount":150000,)"
            R"("costPerAcquisition":0.00,"costPerView":0.00}],)"
            R"("currency":"KRW","lastUpdatedAt":"2026-11-22T21:05:11.482+09:00"})");
}

TEST(RoiTest, SampleUser) {
  FakeReader reader;
  FeedSamples(reader);
  EXPECT_EQ(OfUser(reader, "user-1"),
            R"({"userId":"user-1",)"
            R"("cost":{"totalInvestment":8500000,"distributionCost":4500000,"totalCost":13000000},)"
            R"("revenue":{"expectedRevenue":23000000,"realizedRevenue":900000},)"
            R"("roi":{"netProfit":10000000,"roi":76.92,"realizedNetProfit":-12100000,)"
            R"("realizedRoi":-93.08,"targetRoi":180.77,"roiAchievement":42.55},)"
            R"("efficiency":{"costPerAcquisition":86666.67,"costPerView":382.35,)"
            R"("revenuePerParticipant":6000.00},)"
            R"("channels":[)"
            R"({"channel":"지니TV","distributionCost":2250000,"purchaseAmount":240000,)"
            R"("costPerAcquisition":59210.53,"costPerView":132.35},)"
            R"({"channel":"우리동네TV","distributionCost":1500000,"purchaseAmount":240000,)"
            R"("costPerAcquisition":39473.68,"costPerView":176.47},)"
            R"({"channel":"링고비즈","distributionCost":750000,"purchaseAmount":210000,)"
            R"("costPerAcquisition":20270.27,"costPerView":150.00},)"
            R"({"channel":"SNS","distributionCost":0,"purchaseAmount":210000,)"
            R"("costPerAcquisition":0.00,"costPerView":0.00}],)"
            R"("currency":"KRW","lastUpdatedAt":"2026-11-22T21:05:11.482+09:00"})");
}

TEST(RoiTest, NothingToDivideByIsNull) {
  FakeReader reader;
  reader.CreateEvent("bare", Described("u", 0, 50, 1000), domain::kNoTimestamp);
  const char* rest =
      R"("cost":{"totalInvestment":0,"distributionCost":0,"totalCost":0},)"
      R"("revenue":{"expectedRevenue":0.5,"realizedRevenue":0},)"
      R"("roi":{"netProfit":0.5,"roi":null,"realizedNetProfit":0,"realizedRoi":null,)"
      R"("targetRoi":%s,"roiAchievement":null},)"
      R"("efficiency":{"costPerAcquisition":null,"costPerView":null,)"
      R"("revenuePerParticipant":null},"channels":[],"currency":"KRW","lastUpdatedAt":null})";
  char expected[1024];
  std::snprintf(expected, sizeof expected, rest, "10.00");
  EXPECT_EQ(OfEvent(reader, "bare"), std::string(R"({"eventId":"bare",)") + expected);
  // A user's target is weighted by costs, and there are none.
  std::snprintf(expected, sizeof expected, rest, "0.00");
  EXPECT_EQ(OfUser(reader, "u"), std::string(R"({"userId":"u",)") + expected);
}

TEST(RoiTest, ChannelsByCostThenByName) {
  FakeReader reader;
  reader.CreateEvent("e", Described("u", 0, 0, 0), 0);
  reader.Distribute("e", "c", "TV", "FAILED", 500, 301, 10, 0);
  reader.Distribute("e", "b", "TV", "SUCCESS", 7, 100, 10, 0);
  reader.Distribute("e", "a", "TV", "SUCCESS", 0, 100, 10, 0);
  reader.Register("e", "b", 10, 1050, 0);
  reader.Register("e", "b", 10, 0, 0);
  reader.Register("e", "웹", 10, 999, 0);
  const char* channels =
      R"("channels":[)"
      R"({"channel":"c","distributionCost":3.01,"purchaseAmount":0,"costPerAcquisition":null,)"
      R"("costPerView":null},)"
      R"({"channel":"a","distributionCost":1,"purchaseAmount":0,"costPerAcquisition":null,)"
      R"("costPerView":null},)"
      R"({"channel":"b","distributionCost":1,"purchaseAmount":10.5,"costPerAcquisition":0.50,)"
      R"("costPerView":0.14},)"
      R"({"channel":"웹","distributionCost":0,"purchaseAmount":9.99,"costPerAcquisition":0.00,)"
      R"("costPerView":null}],)";
  EXPECT_THAT(OfEvent(reader, "e"), HasSubstr(channels));
  EXPECT_THAT(OfUser(reader, "u"), HasSubstr(channels));
  // 5.01 / 3 participants, 5.01 / 7 views, 20.49 / 3.
  EXPECT_THAT(OfEvent(reader, "e"),
              HasSubstr(R"("efficiency":{"costPerAcquisition":1.67,"costPerView":0.72,)"
                        R"("revenuePerParticipant":6.83})"));
}

}  // namespace
}  // namespace tally::query
