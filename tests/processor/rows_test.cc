#include "processor/rows.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>
#include <string>
#include <vector>

namespace tally {
namespace {

using domain::HourCounts;
using domain::Int128;
using ::testing::HasSubstr;

constexpr Int128 kHuge = static_cast<Int128>(std::numeric_limits<int64_t>::max()) * 1'000'000;

domain::EventAggregate RichEvent() {
  domain::EventAggregate event;
  event.event_id = "evt-1";
  event.description = domain::Description{.user_id = "user-1",
                                          .event_title = "신년맞이",
                                          .status = "ACTIVE",
                                          .start = 1'767'225'600'000,
                                          .created_at = 1'767'225'600'123,
                                          .total_investment = 500'000'000,
                                          .expected_revenue = 1'500'000'000,
                                          .target_roi = 20'000};
  domain::Channel tv{.name = "지니TV", .participants = 7, .purchase_amount = kHuge};
  tv.named_by_participants = true;
  domain::Channel sns{.name = "SNS", .participants = 3};
  sns.named_by_participants = sns.named_by_distributions = true;
  sns.distributions = 2;
  sns.impressions = kHuge + 1;
  sns.distribution_cost = 150;
  sns.channel_type = "SNS";
  sns.status = "SUCCESS";
  event.channels = {tv, sns};
  event.marks = {{{5, 1000}, {-1, -1}, {0, 999}}};
  event.participants = 10;
  event.channels_named_by_participants = 2;
  event.channels_named_by_distributions = 1;
  return event;
}

TEST(RowsTest, EventSurvives) {
  const auto event = RichEvent();
  const std::string key = EventKey(event.event_id);
  std::string value;
  EncodeEvent(key, 42, event, &value);
  const auto row = DecodeEvent(key, value);
  ASSERT_TRUE(row.ok()) << row.status();
  EXPECT_EQ(row->number, 42u);
  EXPECT_EQ(row->aggregate.event_id, event.event_id);
  EXPECT_EQ(row->aggregate.description, event.description);
  EXPECT_EQ(row->aggregate.channels, event.channels);
  EXPECT_EQ(row->aggregate.marks, event.marks);
  EXPECT_EQ(row->aggregate.participants, 10u);
  EXPECT_EQ(row->aggregate.channels_named_by_participants, 2);
  EXPECT_EQ(row->aggregate.channels_named_by_distributions, 1);
  EXPECT_EQ(domain::AggregateRow(row->aggregate), domain::AggregateRow(event));
}

TEST(RowsTest, CheckpointSurvives) {
  const CheckpointRow row{.next_offsets = {1, 0, 1'000'000'000'000},
                          .digest = {.hi = 1, .lo = ~uint64_t{0}},
                          .next_event_number = 3,
                          .events = 2,
                          .participants = 5,
                          .distributions = 6};
  std::string value;
  EncodeCheckpoint(row, &value);
  const auto decoded = DecodeCheckpoint(value);
  ASSERT_TRUE(decoded.ok()) << decoded.status();
  EXPECT_EQ(decoded->next_offsets, row.next_offsets);
  EXPECT_EQ(decoded->digest, row.digest);
  EXPECT_EQ(decoded->next_event_number, 3u);
  EXPECT_EQ(decoded->events, 2u);
  EXPECT_EQ(decoded->participants, 5u);
  EXPECT_EQ(decoded->distributions, 6u);
}

TEST(RowsTest, RememberedRecordsSurviveAndOlderBuildsHaveNone) {
  CheckpointRow row{.next_offsets = {5, 0, 7}};
  std::string without, with;
  EncodeCheckpoint(row, &without);
  row.remembered.last = {LastRecord{4, ~uint64_t{0}}, LastRecord{}, LastRecord{6, 0}};
  row.remembered.proved[2] = {3, 9};
  EncodeCheckpoint(row, &with);
  EXPECT_LT(without.size(), with.size());
  const auto read = DecodeCheckpoint(with);
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ(*read, row);
  const auto old = DecodeCheckpoint(without);
  ASSERT_TRUE(old.ok()) << old.status();
  EXPECT_EQ(old->remembered, RememberedRecords{});
}

TEST(RowsTest, ARememberedRecordBeyondTheOffsetIsDamage) {
  CheckpointRow row{.next_offsets = {5, 0, 7}};
  row.remembered.last[0] = {5, 1};
  std::string value;
  EncodeCheckpoint(row, &value);
  EXPECT_TRUE(absl::IsDataLoss(DecodeCheckpoint(value).status()));
}

TEST(RowsTest, ParticipantSurvivesAndIsSmall) {
  for (const domain::Contribution& contribution :
       {domain::Contribution{.channel = 0, .hour = 490'896, .purchase_amount = 0},
        domain::Contribution{.channel = 1000, .hour = 262'968, .purchase_amount = 3'000'000},
        domain::Contribution{.channel = 3, .hour = 0, .purchase_amount = 1'000'000'000'000'000}}) {
    std::string value;
    EncodeParticipant(contribution, &value);
    const auto decoded = DecodeParticipant(value);
    ASSERT_TRUE(decoded.ok());
    EXPECT_EQ(*decoded, contribution);
  }
  std::string value;
  EncodeParticipant({.channel = 3, .hour = 490'896, .purchase_amount = 0}, &value);
  EXPECT_EQ(value.size(), 4u);
}

TEST(RowsTest, DamageIsNoticed) {
  const auto event = RichEvent();
  const std::string key = EventKey(event.event_id);
  std::string value;
  EncodeEvent(key, 42, event, &value);
  for (size_t i = 0; i < value.size(); ++i) {
    std::string damaged = value;
    damaged[i] = static_cast<char>(damaged[i] ^ 0x10);
    const auto row = DecodeEvent(key, damaged);
    EXPECT_TRUE(absl::IsDataLoss(row.status())) << "byte " << i;
    EXPECT_THAT(std::string(row.status().message()), HasSubstr("Eevt-1"));
  }
  EXPECT_FALSE(DecodeEvent(key, value.substr(1)).ok());
  EXPECT_FALSE(DecodeEvent(key, "").ok());
}

TEST(RowsTest, ValueOfAnotherKeyIsNoticed) {
  std::string value;
  EncodeEvent(EventKey("evt-1"), 42, RichEvent(), &value);
  EXPECT_TRUE(absl::IsDataLoss(DecodeEvent(EventKey("evt-2"), value).status()));
  const std::vector<HourCell> cells{{0, {.participants = 1}}};
  EncodeHour(HourKey(1, 5), cells, &value);
  std::vector<HourCell> decoded;
  EXPECT_TRUE(DecodeHour(HourKey(1, 5), value, &decoded).ok());
  EXPECT_TRUE(absl::IsDataLoss(DecodeHour(HourKey(1, 6), value, &decoded)));
}

TEST(RowsTest, KeysAreTakenApart) {
  const std::string distribution_key = DistributionKey(258, "지니TV", "");
  const auto distribution = ParseDistributionKey(distribution_key);
  ASSERT_TRUE(distribution.ok());
  EXPECT_EQ(distribution->number, 258u);
  EXPECT_EQ(distribution->channel_as_sent, "지니TV");
  EXPECT_EQ(distribution->distribution_id, "");

  const std::string user_key = UserKey("user-1", "evt-9");
  const auto user = ParseUserKey(user_key);
  ASSERT_TRUE(user.ok());
  EXPECT_EQ(user->user_id, "user-1");
  EXPECT_EQ(user->event_id, "evt-9");

  const auto hour = ParseHourKey(HourKey(1, 490'896));
  ASSERT_TRUE(hour.ok());
  EXPECT_EQ(hour->hour, 490'896);

  for (const char* key : {"", "D", "Dxxxx", "Dxxxxchannel", "Hxxxx", "Uuser", "P", "Exx"}) {
    EXPECT_FALSE(ParseDistributionKey(key).ok()) << key;
    EXPECT_FALSE(ParseHourKey(key).ok()) << key;
    EXPECT_FALSE(ParseUserKey(key).ok()) << key;
    EXPECT_FALSE(ParseParticipantKey(key).ok()) << key;
  }
}

// A distribution's key may hold any byte in its number, 00 included.
TEST(RowsTest, DistributionNumbersWithZeroBytes) {
  for (const EventNumber number : {0u, 1u, 256u, 65'536u, ~0u}) {
    const std::string key = DistributionKey(number, "SNS", "d1");
    const auto parts = ParseDistributionKey(key);
    ASSERT_TRUE(parts.ok());
    EXPECT_EQ(parts->number, number);
    EXPECT_EQ(parts->channel_as_sent, "SNS");
    EXPECT_EQ(parts->distribution_id, "d1");
  }
}

TEST(HourMergerTest, AddsCellByCell) {
  const std::string key = HourKey(7, 490'896);
  const std::vector<HourCell> first{{0, {.participants = 1, .views = 10}},
                                    {2, {.participants = 5, .purchase_amount = kHuge}}};
  const std::vector<HourCell> second{{1, {.views = 3}}, {2, {.participants = -5, .views = -1}}};
  std::string value, operand;
  EncodeHour(key, first, &value);
  EncodeHour(key, second, &operand);
  ASSERT_TRUE(HourMerger().Merge(key, operand, &value));
  std::vector<HourCell> sum;
  ASSERT_TRUE(DecodeHour(key, value, &sum).ok());
  const std::vector<HourCell> expected{{0, {.participants = 1, .views = 10}},
                                       {1, {.views = 3}},
                                       {2, {.views = -1, .purchase_amount = kHuge}}};
  EXPECT_EQ(sum, expected);
}

TEST(HourMergerTest, WhatCancelsOutIsNoRow) {
  const std::string key = HourKey(7, 490'896);
  const std::vector<HourCell> plus{{4, {.participants = 2, .views = 10, .purchase_amount = 1}}};
  const std::vector<HourCell> minus{{4, {.participants = -2, .views = -10, .purchase_amount = -1}}};
  std::string value, operand;
  EncodeHour(key, plus, &value);
  EncodeHour(key, minus, &operand);
  ASSERT_TRUE(HourMerger().Merge(key, operand, &value));
  EXPECT_EQ(value, "");
  ASSERT_TRUE(HourMerger().Merge(key, operand, &value));
  EXPECT_EQ(value, operand);
  ASSERT_TRUE(HourMerger().Merge(key, "", &value));
  EXPECT_EQ(value, operand);
}

TEST(HourMergerTest, DamageIsRefused) {
  const std::string key = HourKey(7, 490'896);
  std::string value, operand;
  EncodeHour(key, std::vector<HourCell>{{4, {.participants = 2}}}, &value);
  EncodeHour(HourKey(8, 490'896), std::vector<HourCell>{{4, {.participants = 2}}}, &operand);
  EXPECT_FALSE(HourMerger().Merge(key, operand, &value));
  EXPECT_FALSE(HourMerger().Merge(key, "x", &value));
}

}  // namespace
}  // namespace tally
