// The sample data set against the table of the documentation, by decoding what would be sent.
#include "tools/tally/sample_data.h"

#include <gtest/gtest.h>

#include <map>
#include <set>
#include <string>

#include "processor/domain/decode.h"

namespace tally::cli {
namespace {

struct Totals {
  std::string user;
  std::string title;
  std::string status;
  int64_t created_at = 0;
  int64_t investment = 0;
  int64_t revenue = 0;
  int64_t target_roi = 0;
  std::set<std::string> participants;
  std::map<std::string, int> participants_by_channel;
  int64_t purchases = 0;
  int64_t first_registered = INT64_MAX;
  int64_t last_registered = 0;
  int64_t completed_at = 0;
  std::map<std::string, std::tuple<std::string, int64_t, int64_t>> channels;  // type, views, cost
};

constexpr int64_t kMidnight = 1'767'193'200'000;
constexpr int64_t kHour = 3'600'000;

class SampleDataTest : public ::testing::Test {
 protected:
  void SetUp() override {
    records_ = SampleData("sample.");
    for (const OutgoingRecord& record : records_) Read(record);
  }

  void Read(const OutgoingRecord& outgoing) {
    ASSERT_TRUE(outgoing.key && outgoing.value);
    ASSERT_EQ(outgoing.headers.size(), 1u);
    const domain::Header header{outgoing.headers[0].first, *outgoing.headers[0].second};
    ++by_topic_[outgoing.topic];
    domain::Record record;
    record.timestamp_ms = SampleDataLatestTime();
    record.key = *outgoing.key;
    record.value = *outgoing.value;
    record.headers = {&header, 1};
    EXPECT_EQ(header.name, "content-type");
    EXPECT_EQ(header.value, "application/json");
    if (outgoing.topic == "sample.event.created") {
      record.topic = domain::Topic::kEventCreated;
      ReadCreated(record);
    } else if (outgoing.topic == "sample.participant.registered") {
      record.topic = domain::Topic::kParticipantRegistered;
      ReadRegistered(record);
    } else {
      ASSERT_EQ(outgoing.topic, "sample.distribution.completed");
      record.topic = domain::Topic::kDistributionCompleted;
      ReadCompleted(record);
    }
  }

  void ReadCreated(const domain::Record& record) {
    domain::EventCreated event;
    ASSERT_FALSE(decoder_.Decode(record, event));
    Totals& totals = totals_[std::string(event.event_id)];
    totals.user = event.user_id;
    totals.title = event.event_title;
    totals.status = event.status;
    totals.created_at = event.created_at;
    totals.investment = event.total_investment;
    totals.revenue = event.expected_revenue;
    totals.target_roi = event.target_roi;
  }

  void ReadRegistered(const domain::Record& record) {
    domain::ParticipantRegistered event;
    ASSERT_FALSE(decoder_.Decode(record, event));
    Totals& totals = totals_[std::string(event.event_id)];
    EXPECT_TRUE(totals.participants.insert(std::string(event.participant_id)).second);
    ++totals.participants_by_channel[std::string(event.channel)];
    totals.purchases += event.purchase_amount;
    totals.first_registered = std::min(totals.first_registered, event.registered_at);
    totals.last_registered = std::max(totals.last_registered, event.registered_at);
  }

  void ReadCompleted(const domain::Record& record) {
    domain::DistributionCompleted event;
    ASSERT_FALSE(decoder_.Decode(record, event));
    Totals& totals = totals_[std::string(event.event_id)];
    totals.completed_at = event.completed_at;
    for (const domain::ChannelDistribution& channel : event.channels) {
      EXPECT_EQ(channel.status, "SUCCESS");
      totals.channels[std::string(channel.channel)] = {std::string(channel.channel_type),
                                                       channel.expected_views,
                                                       channel.distribution_cost / 100};
    }
  }

  domain::Decoder decoder_{domain::DecodeOptions{}};
  std::vector<OutgoingRecord> records_;
  std::map<std::string, int> by_topic_;
  std::map<std::string, Totals> totals_;
};

TEST_F(SampleDataTest, HasTheRecordsOfThreeTopics) {
  EXPECT_EQ(by_topic_, (std::map<std::string, int>{{"sample.event.created", 3},
                                                   {"sample.distribution.completed", 3},
                                                   {"sample.participant.registered", 180}}));
  EXPECT_EQ(totals_.size(), 3u);
}

TEST_F(SampleDataTest, HasTheNumbersOfTheTable) {
  struct Row {
    const char* id;
    const char* user;
    const char* title;
    int participants;
    int64_t views[4];
    int64_t costs[4];
    int64_t investment;
    int64_t revenue;
    int64_t target_roi;
    int64_t purchases;
  };
  constexpr Row kRows[] = {
      {"evt-1",
       "user-1",
       "신년맞이 20% 할인 이벤트",
       100,
       {5'000, 10'000, 3'000, 2'000},
       {1'000'000, 1'500'000, 500'000, 0},
       5'000'000,
       15'000'000,
       200,
       600'000},
      {"evt-2",
       "user-1",
       "설날 특가 선물세트 이벤트",
       50,
       {3'500, 7'000, 2'000, 1'500},
       {500'000, 750'000, 250'000, 0},
       3'500'000,
       8'000'000,
       150,
       300'000},
      {"evt-3",
       "user-2",
       "겨울 신메뉴 런칭 이벤트",
       30,
       {1'500, 3'000, 1'000, 500},
       {200'000, 300'000, 100'000, 0},
       2'000'000,
       3'000'000,
       100,
       180'000},
  };
  for (const Row& row : kRows) {
    SCOPED_TRACE(row.id);
    const Totals& totals = totals_[row.id];
    EXPECT_EQ(totals.user, row.user);
    EXPECT_EQ(totals.title, row.title);
    EXPECT_EQ(totals.status, "ACTIVE");
    EXPECT_EQ(totals.created_at, kMidnight);
    EXPECT_EQ(totals.completed_at, kMidnight + 8 * kHour);
    EXPECT_EQ(static_cast<int>(totals.participants.size()), row.participants);
    EXPECT_EQ(totals.investment, row.investment * 100);
    EXPECT_EQ(totals.revenue, row.revenue * 100);
    EXPECT_EQ(totals.target_roi, row.target_roi * 100);
    EXPECT_EQ(totals.purchases, row.purchases * 100);
    EXPECT_EQ(totals.first_registered, kMidnight + 9 * kHour + kHour / 2);
    EXPECT_EQ(totals.last_registered, kMidnight + 9 * kHour + row.participants * kHour / 2);
    const std::map<std::string, std::tuple<std::string, int64_t, int64_t>> channels = {
        {"우리동네TV", {"TV", row.views[0], row.costs[0]}},
        {"지니TV", {"TV", row.views[1], row.costs[1]}},
        {"링고비즈", {"CALL", row.views[2], row.costs[2]}},
        {"SNS", {"SNS", row.views[3], row.costs[3]}}};
    EXPECT_EQ(totals.channels, channels);
  }
}

TEST_F(SampleDataTest, SpreadsParticipantsOverTheChannelsInTurn) {
  const std::map<std::string, int> evt2 = {
      {"우리동네TV", 13}, {"지니TV", 13}, {"링고비즈", 12}, {"SNS", 12}};
  EXPECT_EQ(totals_["evt-2"].participants_by_channel, evt2);
  EXPECT_TRUE(totals_["evt-1"].participants.contains("evt-1-p1"));
  EXPECT_TRUE(totals_["evt-1"].participants.contains("evt-1-p100"));
}

TEST_F(SampleDataTest, IsWrittenAsAServiceWould) {
  EXPECT_EQ(records_[0].key, "evt-1");
  EXPECT_EQ(records_[0].value,
            "{\"eventId\":\"evt-1\",\"userId\":\"user-1\",\"eventTitle\":\"신년맞이 20% 할인 "
            "이벤트\",\"status\":\"ACTIVE\",\"createdAt\":\"2026-01-01T00:00:00+09:00\","
            "\"totalInvestment\":5000000,\"expectedRevenue\":15000000,\"targetRoi\":200}");
  EXPECT_EQ(records_[6 + 4].value,
            "{\"eventId\":\"evt-1\",\"participantId\":\"evt-1-p5\",\"channel\":\"우리동네TV\","
            "\"registeredAt\":\"2026-01-01T11:30:00+09:00\",\"purchaseAmount\":30000}");
}

}  // namespace
}  // namespace tally::cli
