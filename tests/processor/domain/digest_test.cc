#include "processor/domain/digest.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <string>
#include <utility>
#include <vector>

namespace tally::domain {
namespace {

Channel FullChannel() {
  return {.name = "지니TV",
          .participants = 3,
          .named_by_participants = true,
          .purchase_amount = 400,
          .distributions = 2,
          .named_by_distributions = true,
          .impressions = 10'000,
          .distribution_cost = 150'000'000,
          .channel_type = "TV",
          .status = "SUCCESS"};
}

EventAggregate FullAggregate() {
  EventAggregate event;
  event.event_id = "evt-1";
  event.description = Description{.user_id = "user-1",
                                  .event_title = "신년맞이",
                                  .status = "ACTIVE",
                                  .start = 1,
                                  .end = 2,
                                  .created_at = 3,
                                  .total_investment = 4,
                                  .expected_revenue = 5,
                                  .target_roi = 6};
  event.channels = {FullChannel(), {.name = "SNS", .participants = 1}};
  event.marks = {{{7, 70}, {8, 80}, {9, 90}}};
  event.participants = 4;
  event.channels_named_by_participants = 1;
  event.channels_named_by_distributions = 1;
  return event;
}

Distribution FullDistribution() {
  return {.channel = 3,
          .channel_type = "TV",
          .status = "SUCCESS",
          .completed_at = 1'767'225'600'000,
          .expected_views = 10'000,
          .distribution_cost = 150'000'000};
}

constexpr ParticipantHashBytes kHash = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12};

// Stores hold these: a change of any of them is a change of kFoldVersion.
TEST(Digest, GoldenValues) {
  const Digest event = EventKey("evt-1");
  const Digest channel = ChannelKey("지니TV");
  EXPECT_EQ(ToHex(event), "8893c4f7d22b136139e4efcc4ab51027");
  EXPECT_EQ(ToHex(EventKey(std::string(5000, 'e'))), "0cd1ae97f2a0649e35071f7e95fe14c1");
  EXPECT_EQ(ToHex(channel), "355ea2481fdc27f6493f42b1eb027daa");
  EXPECT_EQ(ToHex(AggregateRow(FullAggregate())), "b56582e5214c9c43f1023d17fead1ee3");
  EXPECT_EQ(ToHex(ParticipantRow(event, kHash, channel, 490'896, 3'000'000)),
            "dfc6ad8647c89b7ff6efd47bc996574e");
  EXPECT_EQ(ToHex(DistributionRow(event, "지니TV", "d1", FullDistribution(), "기타")),
            "0732caf4ef689155f40717856a6ca16e");
  EXPECT_EQ(ToHex(HourTerm(event, 490'896, channel, {25, 10'000, 15'000'000})),
            "8e8d8b172bf93b8f0cd15beed4525961");
  EXPECT_EQ(ToHex(HourTerm(event, -1, channel, {-25, -10'000, -15'000'000})),
            "4639be23a0e61cbd60b037b60eb31cd7");
}

TEST(Digest, IsANumberModulo2To128) {
  const Digest max{~0ull, ~0ull};
  const Digest one{0, 1};
  EXPECT_EQ(max + one, Digest{});
  EXPECT_EQ(Digest{} - one, max);
  EXPECT_EQ((Digest{0, ~0ull} + one), (Digest{1, 0}));
  EXPECT_EQ((Digest{1, 0} - one), (Digest{0, ~0ull}));
  EXPECT_EQ(ToHex(Digest{0x0123456789abcdef, 0x42}), "0123456789abcdef0000000000000042");
  EXPECT_TRUE(Digest{}.IsZero());
  EXPECT_FALSE(one.IsZero());
  EXPECT_FALSE((Digest{1, 0}).IsZero());
}

TEST(Digest, KeysOfEventsAndChannelsWithOneNameDiffer) {
  EXPECT_NE(EventKey("SNS"), ChannelKey("SNS"));
}

TEST(AggregateRow, IsZeroOnlyIfNothingIsKnown) {
  EventAggregate event;
  event.event_id = "evt-1";
  EXPECT_TRUE(AggregateRow(event).IsZero());
  EventAggregate described = event;
  described.description.emplace();
  EXPECT_FALSE(AggregateRow(described).IsZero());
  EventAggregate marked = event;
  marked.marks[1] = {.last_offset = 0};
  EXPECT_FALSE(AggregateRow(marked).IsZero());
  EventAggregate with_channel = event;
  with_channel.AddChannel("SNS");
  EXPECT_FALSE(AggregateRow(with_channel).IsZero());
}

TEST(AggregateRow, DoesNotDependOnTheOrderOfChannels) {
  const EventAggregate event = FullAggregate();
  EventAggregate reversed = event;
  std::reverse(reversed.channels.begin(), reversed.channels.end());
  EXPECT_EQ(AggregateRow(event), AggregateRow(reversed));
}

TEST(AggregateRow, DependsOnEveryField) {
  const std::vector<std::pair<const char*, std::function<void(EventAggregate&)>>> changes = {
      {"event id", [](auto& e) { e.event_id = "evt-2"; }},
      {"no description", [](auto& e) { e.description.reset(); }},
      {"user", [](auto& e) { e.description->user_id = "user-2"; }},
      {"title", [](auto& e) { e.description->event_title = "설날"; }},
      {"text moved from title to status",
       [](auto& e) {
         e.description->event_title += "A";
         e.description->status = "CTIVE";
       }},
      {"event status", [](auto& e) { e.description->status = "ENDED"; }},
      {"start", [](auto& e) { e.description->start = 10; }},
      {"no start", [](auto& e) { e.description->start.reset(); }},
      {"start for end", [](auto& e) { std::swap(e.description->start, e.description->end); }},
      {"no end", [](auto& e) { e.description->end.reset(); }},
      {"created", [](auto& e) { e.description->created_at = 30; }},
      {"investment", [](auto& e) { e.description->total_investment = 40; }},
      {"revenue", [](auto& e) { e.description->expected_revenue = 50; }},
      {"target", [](auto& e) { e.description->target_roi = 60; }},
      {"created offset", [](auto& e) { e.marks[0].last_offset = 1; }},
      {"created timestamp", [](auto& e) { e.marks[0].max_timestamp = 1; }},
      {"registered offset", [](auto& e) { e.marks[1].last_offset = 1; }},
      {"completed timestamp", [](auto& e) { e.marks[2].max_timestamp = 1; }},
      {"marks of two topics swapped", [](auto& e) { std::swap(e.marks[0], e.marks[1]); }},
      {"participants", [](auto& e) { e.participants = 5; }},
      {"count of names", [](auto& e) { e.channels_named_by_participants = 2; }},
      {"count of names, other topic", [](auto& e) { e.channels_named_by_distributions = 2; }},
      {"channel gone", [](auto& e) { e.channels.pop_back(); }},
      {"channel name", [](auto& e) { e.channels[0].name = "지니"; }},
      {"names swapped", [](auto& e) { std::swap(e.channels[0].name, e.channels[1].name); }},
      {"channel participants", [](auto& e) { e.channels[0].participants = 4; }},
      {"purchases", [](auto& e) { e.channels[0].purchase_amount = 401; }},
      {"purchases beyond 64 bits",
       [](auto& e) { e.channels[0].purchase_amount += Int128{1} << 64; }},
      {"named by participants", [](auto& e) { e.channels[0].named_by_participants = false; }},
      {"distributions", [](auto& e) { e.channels[0].distributions = 3; }},
      {"impressions", [](auto& e) { e.channels[0].impressions = 1; }},
      {"cost", [](auto& e) { e.channels[0].distribution_cost = 1; }},
      {"channel type", [](auto& e) { e.channels[0].channel_type = "SNS"; }},
      {"channel status", [](auto& e) { e.channels[0].status = "FAILED"; }},
      {"named by distributions", [](auto& e) { e.channels[0].named_by_distributions = false; }},
  };
  for (const auto& [what, change] : changes) {
    EventAggregate event = FullAggregate();
    change(event);
    EXPECT_NE(AggregateRow(event), AggregateRow(FullAggregate())) << what;
  }
}

TEST(ParticipantRow, DependsOnEveryField) {
  const Digest event = EventKey("evt-1");
  const Digest channel = ChannelKey("SNS");
  const Digest row = ParticipantRow(event, kHash, channel, 1, 2);
  ParticipantHashBytes other = kHash;
  other[11] ^= 1;
  EXPECT_NE(row, ParticipantRow(EventKey("evt-2"), kHash, channel, 1, 2));
  EXPECT_NE(row, ParticipantRow(event, other, channel, 1, 2));
  EXPECT_NE(row, ParticipantRow(event, kHash, ChannelKey("TV"), 1, 2));
  EXPECT_NE(row, ParticipantRow(event, kHash, channel, 2, 2));
  EXPECT_NE(row, ParticipantRow(event, kHash, channel, 1, 1));
  EXPECT_NE(row, ParticipantRow(channel, kHash, event, 1, 2));
}

TEST(DistributionRow, DependsOnEveryFieldButTheIndex) {
  const Digest event = EventKey("evt-1");
  const auto row = [&](const Distribution& d) {
    return DistributionRow(event, "SNS", "d1", d, "기타");
  };
  const Digest standing = row(FullDistribution());
  const std::vector<std::pair<const char*, std::function<void(Distribution&)>>> changes = {
      {"type", [](auto& d) { d.channel_type = "SNS"; }},
      {"status", [](auto& d) { d.status = "FAILED"; }},
      {"text moved", [](auto& d) { d.channel_type = "TVSUCCESS", d.status = ""; }},
      {"time", [](auto& d) { ++d.completed_at; }},
      {"views", [](auto& d) { ++d.expected_views; }},
      {"cost", [](auto& d) { ++d.distribution_cost; }},
  };
  for (const auto& [what, change] : changes) {
    Distribution distribution = FullDistribution();
    change(distribution);
    EXPECT_NE(row(distribution), standing) << what;
  }
  Distribution moved = FullDistribution();
  moved.channel = 9;
  EXPECT_EQ(row(moved), standing);

  const Distribution d = FullDistribution();
  EXPECT_NE(standing, DistributionRow(EventKey("evt-2"), "SNS", "d1", d, "기타"));
  EXPECT_NE(standing, DistributionRow(event, "SN", "Sd1", d, "기타"));
  EXPECT_NE(standing, DistributionRow(event, "SNS", "", d, "기타"));
  EXPECT_NE(standing, DistributionRow(event, "SNS", "d1", d, "SNS"));
}

TEST(HourTerm, IsLinear) {
  const Digest event = EventKey("evt-1");
  const Digest channel = ChannelKey("SNS");
  const auto term = [&](const HourCounts& counts) { return HourTerm(event, 7, channel, counts); };
  const HourCounts changes[] = {{1, 0, 100}, {1, 0, 0},          {0, 5'000, 0},
                                {0, -1, 0},  {-2, -4'999, -100}, {3, Int128{1} << 100, 7}};
  HourCounts cell;
  Digest sum;
  for (const HourCounts& change : changes) {
    cell += change;
    sum += term(change);
    EXPECT_EQ(sum, term(cell));
  }
  EXPECT_TRUE(term({}).IsZero());
  EXPECT_TRUE((term({1, 2, 3}) + term({-1, -2, -3})).IsZero());
}

TEST(HourTerm, DependsOnCellAndField) {
  const Digest event = EventKey("evt-1");
  const Digest channel = ChannelKey("SNS");
  const HourCounts counts{1, 2, 3};
  const Digest term = HourTerm(event, 7, channel, counts);
  EXPECT_NE(term, HourTerm(EventKey("evt-2"), 7, channel, counts));
  EXPECT_NE(term, HourTerm(event, 8, channel, counts));
  EXPECT_NE(term, HourTerm(event, 7, ChannelKey("TV"), counts));
  EXPECT_NE(term, HourTerm(channel, 7, event, counts));
  EXPECT_NE(term, HourTerm(event, 7, channel, {2, 1, 3}));
  EXPECT_NE(term, HourTerm(event, 7, channel, {1, 3, 2}));
}

}  // namespace
}  // namespace tally::domain
