// What the views share: the blocks of an answer as plain values. Numbers are exact: money,
// percentages and averages are in hundredths of their unit; counts are whole.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/types/span.h"
#include "processor/domain/aggregate.h"
#include "processor/domain/int128.h"
#include "query/period.h"
#include "query/reader.h"

namespace tally::query {

using domain::Int128;

inline constexpr std::string_view kActiveStatus = "ACTIVE";
inline constexpr std::string_view kCurrency = "KRW";

struct Summary {
  Int128 participants = 0;
  Int128 participants_delta = 0;
  Int128 total_views = 0;
  Int128 engagement_rate = 0;  // percent
  Int128 purchase_amount = 0;
  Int128 target_roi = 0;  // percent
};

struct ChannelPerformance {
  std::string channel;
  std::optional<std::string> channel_type;
  std::optional<std::string> status;
  Int128 impressions = 0;
  Int128 participants = 0;
  Int128 conversion_rate = 0;  // percent
  Int128 purchase_amount = 0;
  Int128 distribution_cost = 0;
  std::optional<Int128> cost_per_acquisition;  // lifetime, whatever the period
};

struct RoiBlock {
  Int128 total_cost = 0;
  Int128 expected_revenue = 0;
  Int128 net_profit = 0;
  std::optional<Int128> roi;  // percent
  Int128 realized_revenue = 0;
  std::optional<Int128> realized_roi;  // percent
  Int128 target_roi = 0;               // percent
  std::optional<Int128> roi_achievement;
  std::optional<Int128> cost_per_acquisition;
};

// Whom an answer is about.
enum class Level : uint8_t { kEvent, kUser };
struct Subject {
  Level level = Level::kEvent;
  std::string id;
};

// What every view of analytics starts with and ends with.
struct Frame {
  Window window;  // `limited` says whether a period is shown
  std::optional<domain::Millis> last_updated_at;
};

// The greatest record timestamp that was applied to the event; nullopt where none had one.
std::optional<domain::Millis> LastUpdatedAt(const domain::EventAggregate& event);
// Of all of them.
std::optional<domain::Millis> LastUpdatedAt(const std::vector<EventSnapshot>& events);

}  // namespace tally::query
