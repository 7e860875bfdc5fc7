#include "tools/tally/sample_data.h"

#include <algorithm>
#include <array>
#include <string>

#include "tools/tally/encode.h"

namespace tally::cli {
namespace {

constexpr int kChannels = 4;
constexpr std::array<std::string_view, kChannels> kNames = {"우리동네TV", "지니TV", "링고비즈",
                                                            "SNS"};
constexpr std::array<std::string_view, kChannels> kTypes = {"TV", "TV", "CALL", "SNS"};

constexpr domain::Millis kHour = 3'600'000;
constexpr domain::Millis kMidnight = 1'767'193'200'000;  // 2026-01-01T00:00:00+09:00
constexpr domain::Millis kDistributedAt = kMidnight + 8 * kHour;
constexpr domain::Millis kRegisteredFrom = kMidnight + 9 * kHour;
constexpr domain::Hundredths kWon = 100;
constexpr int kBuysEvery = 5;
constexpr domain::Hundredths kPurchase = 30'000 * kWon;

struct SampleEvent {
  std::string_view id;
  std::string_view user;
  std::string_view title;
  int participants;
  domain::Hundredths total_investment;
  domain::Hundredths expected_revenue;
  domain::Hundredths target_roi;
  std::array<int64_t, kChannels> views;
  std::array<domain::Hundredths, kChannels> costs;
};

constexpr std::array<SampleEvent, 3> kEvents = {{
    {"evt-1",
     "user-1",
     "신년맞이 20% 할인 이벤트",
     100,
     5'000'000 * kWon,
     15'000'000 * kWon,
     200 * 100,
     {5'000, 10'000, 3'000, 2'000},
     {1'000'000 * kWon, 1'500'000 * kWon, 500'000 * kWon, 0}},
    {"evt-2",
     "user-1",
     "설날 특가 선물세트 이벤트",
     50,
     3'500'000 * kWon,
     8'000'000 * kWon,
     150 * 100,
     {3'500, 7'000, 2'000, 1'500},
     {500'000 * kWon, 750'000 * kWon, 250'000 * kWon, 0}},
    {"evt-3",
     "user-2",
     "겨울 신메뉴 런칭 이벤트",
     30,
     2'000'000 * kWon,
     3'000'000 * kWon,
     100 * 100,
     {1'500, 3'000, 1'000, 500},
     {200'000 * kWon, 300'000 * kWon, 100'000 * kWon, 0}},
}};

constexpr domain::Millis RegisteredAt(int k) { return kRegisteredFrom + k * (kHour / 2); }

template <typename Event>
OutgoingRecord MakeRecord(std::string_view prefix, domain::Topic topic, const Event& event) {
  OutgoingRecord record;
  record.topic = std::string(prefix) + std::string(domain::TopicSuffix(topic));
  record.key = std::string(event.event_id);
  AppendJson(event, &record.value.emplace());
  record.headers.emplace_back(kContentTypeHeader, std::string(kJsonContentType));
  return record;
}

OutgoingRecord Created(std::string_view prefix, const SampleEvent& event) {
  domain::EventCreated created;
  created.event_id = event.id;
  created.user_id = event.user;
  created.event_title = event.title;
  created.status = domain::kDefaultEventStatus;
  created.created_at = kMidnight;
  created.total_investment = event.total_investment;
  created.expected_revenue = event.expected_revenue;
  created.target_roi = event.target_roi;
  return MakeRecord(prefix, domain::Topic::kEventCreated, created);
}

OutgoingRecord Distributed(std::string_view prefix, const SampleEvent& event) {
  domain::DistributionCompleted completed;
  completed.event_id = event.id;
  completed.completed_at = kDistributedAt;
  for (size_t i = 0; i < kChannels; ++i) {
    domain::ChannelDistribution& channel = completed.channels.emplace_back();
    channel.channel = kNames[i];
    channel.channel_type = kTypes[i];
    channel.status = domain::kSuccessStatus;
    channel.expected_views = event.views[i];
    channel.distribution_cost = event.costs[i];
  }
  return MakeRecord(prefix, domain::Topic::kDistributionCompleted, completed);
}

OutgoingRecord Registered(std::string_view prefix, const SampleEvent& event, int k) {
  const std::string participant = std::string(event.id) + "-p" + std::to_string(k);
  domain::ParticipantRegistered registered;
  registered.event_id = event.id;
  registered.participant_id = participant;
  registered.channel = kNames[static_cast<size_t>((k - 1) % kChannels)];
  registered.registered_at = RegisteredAt(k);
  registered.purchase_amount = k % kBuysEvery == 0 ? kPurchase : 0;
  return MakeRecord(prefix, domain::Topic::kParticipantRegistered, registered);
}

}  // namespace

std::vector<OutgoingRecord> SampleData(std::string_view topic_prefix) {
  std::vector<OutgoingRecord> records;
  for (const SampleEvent& event : kEvents) records.push_back(Created(topic_prefix, event));
  for (const SampleEvent& event : kEvents) records.push_back(Distributed(topic_prefix, event));
  for (const SampleEvent& event : kEvents) {
    for (int k = 1; k <= event.participants; ++k) {
      records.push_back(Registered(topic_prefix, event, k));
    }
  }
  return records;
}

domain::Millis SampleDataLatestTime() {
  int most = 0;
  for (const SampleEvent& event : kEvents) most = std::max(most, event.participants);
  return RegisteredAt(most);
}

}  // namespace tally::cli
