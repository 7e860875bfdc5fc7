// The sample data set of the public docs, as a reader has it.
#pragma once

#include <array>
#include <string>

#include "absl/time/time.h"
#include "tests/fakes/fake_reader.h"

namespace tally::testing {

inline constexpr std::array<const char*, 4> kSampleChannels = {"우리동네TV", "지니TV", "링고비즈",
                                                               "SNS"};

// 2026-11-22T21:05:11.482+09:00: the timestamp of every record.
inline domain::Millis SampleTimestamp() {
  return absl::ToUnixMillis(
             absl::FromCivil(absl::CivilSecond(2026, 11, 22, 12, 5, 11), absl::UTCTimeZone())) +
         482;
}

inline domain::Hour UtcHour(int year, int month, int day, int hour) {
  return static_cast<domain::Hour>(
      absl::ToUnixSeconds(
          absl::FromCivil(absl::CivilSecond(year, month, day, hour, 0, 0), absl::UTCTimeZone())) /
      3600);
}

struct SampleEvent {
  const char* id;
  const char* user;
  const char* title;
  int participants;
  std::array<int64_t, 4> views;
  int64_t investment, revenue, target_roi;  // whole units
  std::array<int64_t, 4> costs;
};

inline void FeedSample(FakeReader& reader, const SampleEvent& sample) {
  static constexpr std::array<const char*, 4> kTypes = {"TV", "TV", "CALL", "SNS"};
  domain::Description description;
  description.user_id = sample.user;
  description.event_title = sample.title;
  description.status = "ACTIVE";
  description.total_investment = sample.investment * 100;
  description.expected_revenue = sample.revenue * 100;
  description.target_roi = sample.target_roi * 100;
  reader.CreateEvent(sample.id, description, SampleTimestamp());
  for (size_t c = 0; c < 4; ++c) {
    reader.Distribute(sample.id, kSampleChannels[c], kTypes[c], "SUCCESS", sample.views[c],
                      sample.costs[c] * 100, UtcHour(2025, 12, 31, 23), SampleTimestamp());
  }
  for (int k = 1; k <= sample.participants; ++k) {
    reader.Register(sample.id, kSampleChannels[static_cast<size_t>((k - 1) % 4)],
                    UtcHour(2026, 1, 1, 0) + k / 2, k % 5 == 0 ? 3'000'000 : 0, SampleTimestamp());
  }
}

inline void FeedSamples(FakeReader& reader) {
  FeedSample(reader, {"evt-1",
                      "user-1",
                      "신년맞이 20% 할인 이벤트",
                      100,
                      {5000, 10000, 3000, 2000},
                      5'000'000,
                      15'000'000,
                      200,
                      {1'000'000, 1'500'000, 500'000, 0}});
  FeedSample(reader, {"evt-2",
                      "user-1",
                      "설날 특가 선물세트 이벤트",
                      50,
                      {3500, 7000, 2000, 1500},
                      3'500'000,
                      8'000'000,
                      150,
                      {500'000, 750'000, 250'000, 0}});
  FeedSample(reader, {"evt-3",
                      "user-2",
                      "겨울 신메뉴 런칭 이벤트",
                      30,
                      {1500, 3000, 1000, 500},
                      2'000'000,
                      3'000'000,
                      100,
                      {200'000, 300'000, 100'000, 0}});
}

}  // namespace tally::testing
