// Reading librdkafka's statistics.
#include "processor/kafka/statistics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace tally::kafka {
namespace {

struct Seen {
  std::string topic;
  int32_t partition;
  bool known;
  int64_t last_stable_offset;
  friend bool operator==(const Seen&, const Seen&) = default;
};

bool Parse(std::string_view json, std::vector<Seen>& seen) {
  StatisticsParser parser;
  return parser.Parse(json, [&](const PartitionStatistics& p) {
    seen.push_back({std::string(p.topic), p.partition, p.known, p.last_stable_offset});
  });
}

TEST(StatisticsTest, FindsPartitionsAndConnection) {
  std::vector<Seen> seen;
  const bool up = Parse(R"({"brokers":{"a:1/bootstrap":{"nodeid":-1,"state":"DOWN"},
                            "a:1/1":{"nodeid":1,"state":"UP"}},
      "topics":{"t":{"topic":"t","partitions":{
        "0":{"partition":0,"leader":1,"unknown":false,"hi_offset":9,"ls_offset":7},
        "1":{"partition":1,"leader":-1,"unknown":true,"hi_offset":-1001,"ls_offset":-1001}}}}})",
                        seen);
  EXPECT_TRUE(up);
  ASSERT_EQ(seen.size(), 2);
  EXPECT_EQ(seen[0], (Seen{"t", 0, true, 7}));
  EXPECT_EQ(seen[1], (Seen{"t", 1, false, -1}));
}

TEST(StatisticsTest, WithoutABrokerThatIsUpThereIsNoConnection) {
  for (const char* json : {
           R"({"brokers":{},"topics":{}})",
           R"({"brokers":{"a":{"nodeid":1,"state":"DOWN"}}})",
           R"({"brokers":{"a":{"nodeid":1,"state":"CONNECT"}}})",
           // Bootstrap and group coordinator connections are not the log's.
           R"({"brokers":{"GroupCoordinator":{"nodeid":-1,"state":"UP"}}})",
           R"({"brokers":{"a":{"nodeid":1}}})",
           R"({"brokers":7})",
           R"({})",
           R"([])",
           R"({"brokers":)",
           "",
       }) {
    std::vector<Seen> seen;
    EXPECT_FALSE(Parse(json, seen)) << json;
    EXPECT_TRUE(seen.empty()) << json;
  }
}

TEST(StatisticsTest, PartitionsWithMissingFieldsAreUnknown) {
  std::vector<Seen> seen;
  Parse(R"({"brokers":{},"topics":{"t":{"partitions":{"3":{}}},"u":{}}})", seen);
  ASSERT_EQ(seen.size(), 1);
  EXPECT_EQ(seen[0], (Seen{"t", -1, false, -1}));
}

}  // namespace
}  // namespace tally::kafka
