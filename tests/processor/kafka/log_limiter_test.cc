#include "processor/kafka/log_limiter.h"

#include <gtest/gtest.h>

namespace tally::kafka {
namespace {

TEST(LogLimiterTest, AdmitsOneOfAKindPerInterval) {
  LogLimiter limiter(absl::Seconds(30));
  const absl::Time start = absl::UnixEpoch();
  struct Row {
    const char* kind;
    int second;
    std::optional<int64_t> admitted;
  };
  for (const Row& row : std::initializer_list<Row>{{"a", 0, 0},
                                                   {"a", 1, std::nullopt},
                                                   {"b", 1, 0},
                                                   {"a", 29, std::nullopt},
                                                   {"a", 30, 2},
                                                   {"a", 31, std::nullopt},
                                                   {"b", 40, 0},
                                                   {"a", 60, 1}}) {
    EXPECT_EQ(limiter.Admit(row.kind, start + absl::Seconds(row.second)), row.admitted)
        << row.kind << " at " << row.second;
  }
}

TEST(LogLimiterTest, ManyKindsAreNoLeak) {
  LogLimiter limiter(absl::Seconds(30));
  for (int i = 0; i < 10'000; ++i) {
    EXPECT_EQ(limiter.Admit(std::to_string(i), absl::UnixEpoch()), 0);
  }
}

}  // namespace
}  // namespace tally::kafka
