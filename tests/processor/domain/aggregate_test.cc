#include "processor/domain/aggregate.h"

#include <gtest/gtest.h>

#include <string>

namespace tally::domain {
namespace {

std::string Name(size_t number) { return "channel-" + std::to_string(number); }

// Both topics at their limit, and the default channel.
constexpr size_t kChannelsMax = 2 * kChannelsPerTopicMax + 1;

void ExpectFindsAll(const EventAggregate& event) {
  for (size_t i = 0; i < event.channels.size(); ++i) {
    ASSERT_EQ(event.FindChannel(Name(i)), static_cast<ChannelIndex>(i));
  }
  EXPECT_EQ(event.FindChannel(Name(event.channels.size())), std::nullopt);
  EXPECT_EQ(event.FindChannel(""), std::nullopt);
  EXPECT_EQ(event.FindChannel("channel"), std::nullopt);
}

TEST(FindChannel, FindsEachOfFewAndOfMany) {
  EventAggregate event;
  ExpectFindsAll(event);
  for (size_t i = 0; i < kChannelsMax; ++i) {
    ASSERT_EQ(event.AddChannel(Name(i)), static_cast<ChannelIndex>(i));
    if (i < 40 || i % 250 == 0) ExpectFindsAll(event);
  }
  ExpectFindsAll(event);
}

TEST(FindChannel, WorksWithoutTableAndBesideOneThatLags) {
  EventAggregate event;
  for (size_t i = 0; i < 100; ++i) event.channels.push_back({.name = Name(i)});
  ExpectFindsAll(event);
  event.channel_table.Update(event.channels);
  for (size_t i = 100; i < 120; ++i) event.channels.push_back({.name = Name(i)});
  ExpectFindsAll(event);
  event.AddChannel(Name(120));
  ExpectFindsAll(event);
}

TEST(FindChannel, CopiesGoTheirOwnWay) {
  EventAggregate event;
  for (size_t i = 0; i < 50; ++i) event.AddChannel(Name(i));
  EventAggregate copy = event;
  for (size_t i = 50; i < 300; ++i) copy.AddChannel(Name(i));
  ExpectFindsAll(event);
  ExpectFindsAll(copy);
}

TEST(EventAggregate, EqualityLeavesTheTableOut) {
  EventAggregate event;
  for (size_t i = 0; i < 50; ++i) event.AddChannel(Name(i));
  EventAggregate without_table;
  without_table.channels = event.channels;
  EXPECT_EQ(event, without_table);
  without_table.channels[49].participants = 1;
  EXPECT_FALSE(event == without_table);
}

TEST(EventAggregate, TotalViewsIsTheSumOverChannelsBeyond64Bits) {
  EventAggregate event;
  EXPECT_EQ(event.TotalViews(), 0);
  for (size_t i = 0; i < 4; ++i) {
    event.AddChannel(Name(i));
    event.channels[i].impressions = Int128{1} << 63;
  }
  EXPECT_EQ(event.TotalViews(), Int128{1} << 65);
}

TEST(HourOf, RoundsDownOnBothSidesOfTheEpoch) {
  const struct {
    Millis time;
    Hour hour;
  } cases[] = {{0, 0},   {3'599'999, 0},   {3'600'000, 1},  {1'767'225'600'000, 490'896},
               {-1, -1}, {-3'600'000, -1}, {-3'600'001, -2}};
  for (const auto& one : cases) EXPECT_EQ(HourOf(one.time), one.hour) << one.time;
}

}  // namespace
}  // namespace tally::domain
