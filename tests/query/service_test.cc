#include "query/service.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/query/view_helpers.h"

namespace tally::query {
namespace {

using ::tally::testing::FakeReader;
using ::tally::testing::FeedSamples;

class ServiceTest : public ::testing::Test {
 protected:
  ServiceTest() { FeedSamples(reader_); }

  // What an operation answers to one who has nothing, and then to one who has that.
  template <class Operation>
  void ExpectNoViewForTheSame(const std::string& id, Operation operation) {
    Request request;
    request.id = id;
    const auto first = query::Run(operation(request));
    ASSERT_TRUE(first.view.has_value());
    request.if_none_match = first.etag;
    const auto same = query::Run(operation(request));
    EXPECT_FALSE(same.view.has_value());
    EXPECT_EQ(same.etag, first.etag);
    EXPECT_EQ(same.position, first.position);
    request.if_none_match = "\"another\"";
    EXPECT_TRUE(query::Run(operation(request)).view.has_value());
  }

  FakeReader reader_;
  Service service_{reader_, [] { return kLater; }, "1.0"};
};

TEST_F(ServiceTest, MakesNoViewOfWhatTheClientHas) {
  ExpectNoViewForTheSame("evt-1", [&](Request r) { return service_.GetEventDashboard(r); });
  ExpectNoViewForTheSame("user-1", [&](Request r) { return service_.GetUserDashboard(r); });
  for (const Level level : {Level::kEvent, Level::kUser}) {
    const std::string id = level == Level::kEvent ? "evt-1" : "user-1";
    ExpectNoViewForTheSame(id, [&](Request r) { return service_.GetChannels(level, r); });
    ExpectNoViewForTheSame(id, [&](Request r) { return service_.GetRoi(level, r); });
    ExpectNoViewForTheSame(id, [&](Request r) { return service_.GetTimeline(level, r); });
  }
}

}  // namespace
}  // namespace tally::query
