#include "query/views/channels.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "query/json.h"
#include "tests/query/view_helpers.h"

namespace tally::query {
namespace {

using ::tally::testing::FakeReader;
using ::tally::testing::FeedSamples;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

ChannelsView OfEvent(FakeReader& reader, const std::string& id,
                     const ChannelSelection& selection = {}, const Window& window = WindowOf({})) {
  auto event = *Run(reader.ReadEvent(id, ChannelsNeed(window), {})).event;
  return MakeChannelsView({Level::kEvent, id}, {std::move(event)}, window, selection);
}
ChannelsView OfUser(FakeReader& reader, const std::string& id,
                    const ChannelSelection& selection = {}, const Window& window = WindowOf({})) {
  return MakeChannelsView({Level::kUser, id},
                          Run(reader.ReadUser(id, ChannelsNeed(window), {})).events, window,
                          selection);
}

std::vector<std::string> Names(const ChannelsView& view) {
  std::vector<std::string> names;
  for (const ChannelPerformance& row : view.channels) names.push_back(row.channel);
  return names;
}

TEST(ChannelsTest, SampleEventAsInTheApiExample) {
  FakeReader reader;
  FeedSamples(reader);
  EXPECT_EQ(
      ToJson(OfEvent(reader, "evt-1")),
      R"({"eventId":"evt-1","period":null,"channels":[)"
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
      R"("comparison":{"best":{"impressions":"지니TV","participants":"SNS","conversionRate":"SNS",)"
      R"("costPerAcquisition":"SNS"},)"
      R"("average":{"impressions":5000.00,"participants":25.00,"conversionRate":0.50,)"
      R"("distributionCost":750000.00}},)"
      R"("lastUpdatedAt":"2026-11-22T21:05:11.482+09:00"})");
}

TEST(ChannelsTest, SampleUser) {
  FakeReader reader;
  FeedSamples(reader);
  EXPECT_EQ(ToJson(OfUser(reader, "user-1")),
            R"({"userId":"user-1","period":null,"channels":[)"
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
            R"("comparison":{"best":{"impressions":"지니TV","participants":"우리동네TV",)"
            R"("conversionRate":"SNS","costPerAcquisition":"SNS"},)"
            R"("average":{"impressions":8500.00,"participants":37.50,"conversionRate":0.44,)"
            R"("distributionCost":1125000.00}},)"
            R"("lastUpdatedAt":"2026-11-22T21:05:11.482+09:00"})");
}

TEST(ChannelsTest, APeriodLimitsCountsAndRatesButNotCosts) {
  FakeReader reader;
  FeedSamples(reader);
  const ChannelsView view =
      OfEvent(reader, "evt-1", {}, WindowOf({"2026-01-02", "2026-01-03", std::nullopt}));
  EXPECT_THAT(Rows(view.channels),
              ElementsAre("SNS SNS SUCCESS 0 12 0.00 60000 0 0.00",
                          "링고비즈 CALL SUCCESS 0 12 0.00 90000 500000 20000.00",
                          "우리동네TV TV SUCCESS 0 12 0.00 60000 1000000 40000.00",
                          "지니TV TV SUCCESS 0 12 0.00 90000 1500000 60000.00"));
  EXPECT_THAT(ToJson(view),
              HasSubstr(R"({"eventId":"evt-1","period":{"startDate":"2026-01-02T00:00:00+09:00",)"
                        R"("endDate":"2026-01-03T00:00:00+09:00","timezone":"Asia/Seoul"},)"));
  EXPECT_THAT(ToJson(view), HasSubstr(R"("best":{"impressions":"SNS","participants":"SNS",)"
                                      R"("conversionRate":"SNS","costPerAcquisition":"SNS"},)"
                                      R"("average":{"impressions":0.00,"participants":12.00,)"
                                      R"("conversionRate":0.00,"distributionCost":750000.00}})"));
}

TEST(ChannelsTest, OnlyTheChannelsAskedForAreListedAndCompared) {
  FakeReader reader;
  FeedSamples(reader);
  const ChannelsView view = OfEvent(reader, "evt-1", {{"nope", "링고비즈", "지니TV"}});
  EXPECT_THAT(Names(view), ElementsAre("지니TV", "링고비즈"));
  // 50 of 13,000; (10,000 + 3,000) / 2.
  EXPECT_EQ(view.comparison.best_participants, "링고비즈");
  EXPECT_EQ(Fixed(view.comparison.average_impressions), "6500.00");
  EXPECT_EQ(Fixed(view.comparison.average_conversion_rate), "0.38");
  EXPECT_EQ(Fixed(view.comparison.average_distribution_cost), "1000000.00");
}

TEST(ChannelsTest, WithoutChannelsThereIsNothingToCompare) {
  FakeReader reader;
  FeedSamples(reader);
  reader.CreateEvent("bare", Described("u", 0, 0, 0), 0);
  const char* expected =
      R"("period":null,"channels":[],)"
      R"("comparison":{"best":{"impressions":null,"participants":null,"conversionRate":null,)"
      R"("costPerAcquisition":null},)"
      R"("average":{"impressions":null,"participants":null,"conversionRate":null,)"
      R"("distributionCost":null}},"lastUpdatedAt":)";
  EXPECT_THAT(ToJson(OfEvent(reader, "bare")), HasSubstr(expected));
  EXPECT_THAT(ToJson(OfUser(reader, "u")), HasSubstr(expected));
  EXPECT_THAT(ToJson(OfEvent(reader, "evt-1", {{"nope"}})), HasSubstr(expected));
}

// a and b differ in the third decimal of their rate only; c has no impressions, d nobody.
FakeReader& Four(FakeReader& reader) {
  reader.CreateEvent("e", Described("u", 0, 0, 0), 0);
  reader.Distribute("e", "b", "TV", "SUCCESS", 3000, 900, 1, 0);
  reader.Distribute("e", "a", "TV", "SUCCESS", 3001, 900, 1, 0);
  reader.Distribute("e", "d", "TV", "FAILED", 70, 100, 1, 0);
  reader.Register("e", "c", 1, 0, 0);
  for (int i = 0; i < 3; ++i) reader.Register("e", "a", 1, 0, 0);
  for (int i = 0; i < 3; ++i) reader.Register("e", "b", 1, 0, 0);
  return reader;
}

TEST(ChannelsTest, SortsWithNullsLastAndTiesByName) {
  FakeReader reader;
  Four(reader);
  const struct {
    ChannelSortKey key;
    const char *ascending, *descending;
  } rows[] = {
      {ChannelSortKey::kImpressions, "cdba", "abcd"},
      {ChannelSortKey::kParticipants, "dcab", "abcd"},
      {ChannelSortKey::kConversionRate, "cdab", "abcd"},
      {ChannelSortKey::kDistributionCost, "cdab", "abdc"},
      {ChannelSortKey::kCostPerAcquisition, "cabd", "abcd"},
      {ChannelSortKey::kChannel, "abcd", "dcba"},
  };
  for (const auto& row : rows) {
    for (const bool ascending : {true, false}) {
      std::string names;
      for (const auto& name : Names(OfEvent(reader, "e", {{}, row.key, ascending}))) names += name;
      EXPECT_EQ(names, ascending ? row.ascending : row.descending) << static_cast<int>(row.key);
    }
  }
}

TEST(ChannelsTest, BestIsTheLowestCostAmongThoseThatHaveOne) {
  FakeReader reader;
  Four(reader);
  EXPECT_EQ(OfEvent(reader, "e").comparison.best_cost_per_acquisition, "c");
  EXPECT_EQ(OfEvent(reader, "e", {{"a", "b", "d"}}).comparison.best_cost_per_acquisition, "a");
  const ChannelComparison nobody = OfEvent(reader, "e", {{"d"}}).comparison;
  EXPECT_EQ(nobody.best_cost_per_acquisition, std::nullopt);
  EXPECT_EQ(nobody.best_participants, "d");
  EXPECT_EQ(Fixed(nobody.average_conversion_rate), "0.00");
  EXPECT_EQ(Fixed(OfEvent(reader, "e", {{"a", "b", "c"}}).comparison.average_participants), "2.33");
}

}  // namespace
}  // namespace tally::query
