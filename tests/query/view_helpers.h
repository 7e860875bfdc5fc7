// What tests of views share.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "processor/domain/money.h"
#include "query/period.h"
#include "query/views/common.h"
#include "tests/fakes/sample_reader.h"

namespace tally::query {

inline absl::Time UtcTime(int year, int month, int day, int hour, int minute = 0) {
  return absl::FromCivil(absl::CivilSecond(year, month, day, hour, minute, 0), absl::UTCTimeZone());
}
inline const absl::Time kLater = UtcTime(2026, 11, 22, 12, 10);

inline Window WindowOf(const PeriodParameters& parameters, absl::Time now = kLater) {
  std::vector<ParameterError> errors;
  Window window = ParseWindow(parameters, now, errors);
  EXPECT_THAT(errors, ::testing::IsEmpty());
  return window;
}

template <class T>
T Run(boost::asio::awaitable<absl::StatusOr<T>> operation) {
  boost::asio::io_context io;
  auto future = boost::asio::co_spawn(io, std::move(operation), boost::asio::use_future);
  io.run();
  return future.get().value();
}

inline std::string Fixed(std::optional<Int128> value) {
  return value.has_value() ? domain::FormatFixed2(*value) : "null";
}

// "지니TV 10000 25 0.25 150000.00 1500000.00 60000.00"
inline std::vector<std::string> Rows(const std::vector<ChannelPerformance>& channels) {
  std::vector<std::string> rows;
  for (const ChannelPerformance& row : channels) {
    rows.push_back(row.channel + " " + row.channel_type.value_or("null") + " " +
                   row.status.value_or("null") + " " + domain::FormatInteger(row.impressions) +
                   " " + domain::FormatInteger(row.participants) + " " +
                   Fixed(row.conversion_rate) + " " + domain::FormatMoney(row.purchase_amount) +
                   " " + domain::FormatMoney(row.distribution_cost) + " " +
                   Fixed(row.cost_per_acquisition));
  }
  return rows;
}

// Amounts and percentages in hundredths.
inline domain::Description Described(const char* user, int64_t investment, int64_t revenue,
                                     int64_t target) {
  domain::Description description;
  description.user_id = user;
  description.status = "ACTIVE";
  description.total_investment = investment;
  description.expected_revenue = revenue;
  description.target_roi = target;
  return description;
}

}  // namespace tally::query
