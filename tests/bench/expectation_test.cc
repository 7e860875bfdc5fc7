#include <gtest/gtest.h>

#include <map>
#include <stdexcept>
#include <string>

#include "bench/expectation/hash_set.h"
#include "bench/expectation/model.h"
#include "bench/expectation/text.h"

namespace tally::bench {
namespace {

TEST(ParseTime, ReadsInstants) {
  EXPECT_EQ(ParseTime("1970-01-01T00:00:00Z"), 0);
  EXPECT_EQ(ParseTime("1970-01-01T09:00:00+09:00"), 0);
  EXPECT_EQ(ParseTime("1969-12-31T20:30:00-03:30"), 0);
  EXPECT_EQ(ParseTime("2000-02-29T00:00:00.250Z"), 951'782'400'250);
  EXPECT_EQ(ParseTime("2026-03-01T00:00:00Z") - ParseTime("2026-02-28T00:00:00Z"), 86'400'000);
}

TEST(ParseTime, RefusesWhatTheWorkloadsDoNotHave) {
  for (const char* text : {"", "2026-01-01", "2026-01-01T00:00:00", "2026-01-01T00:00:00.25Z",
                           "2026-01-01T00:00:00Zx", "2026-01-01 00:00:00Z"}) {
    EXPECT_THROW(ParseTime(text), std::runtime_error) << text;
  }
}

TEST(ParseMoney, IsExact) {
  EXPECT_EQ(ParseMoney("0"), 0);
  EXPECT_EQ(ParseMoney("30000"), 3'000'000);
  EXPECT_EQ(ParseMoney("0.5"), 50);
  EXPECT_EQ(ParseMoney("12.34"), 1'234);
  for (const char* text : {"", "-1", "1e3", "1.234", ".5", "\"5\""}) {
    EXPECT_THROW(ParseMoney(text), std::runtime_error) << text;
  }
}

TEST(HashSet, GrowsAndKeepsEverything) {
  HashSet set(0);
  for (uint64_t i = 0; i < 10'000; ++i) EXPECT_TRUE(set.Insert({.low = i % 7, .high = i}));
  for (uint64_t i = 0; i < 10'000; ++i) EXPECT_FALSE(set.Insert({.low = i % 7, .high = i}));
  EXPECT_EQ(set.size(), 10'000u);
}

TEST(RecordReader, ReadsJson) {
  RecordReader reader;
  EXPECT_EQ(reader.CreatedEventId(R"({"eventId":"e","userId":"u"})"), "e");
  Registered one;
  reader.Read(R"({"eventId":"e","participantId":"p","channel":"지니TV",)"
              R"("registeredAt":"1970-01-01T10:00:00+09:00","purchaseAmount":12.5})",
              one);
  EXPECT_EQ(one.event_id, "e");
  EXPECT_EQ(one.participant_id, "p");
  EXPECT_EQ(one.channel, "지니TV");
  EXPECT_EQ(one.at, 3'600'000);
  EXPECT_EQ(one.amount, 1'250);
  EXPECT_THROW(reader.Read(R"({"eventId":"e"})", one), std::runtime_error);
}

class ModelTest : public ::testing::Test {
 protected:
  void Register(const std::string& participant, const std::string& channel, int64_t at,
                int64_t amount) {
    model_.Apply(Registered{.event_id = "e",
                            .participant_id = participant,
                            .channel = channel,
                            .at = at,
                            .amount = amount});
  }
  void Distribute(const std::string& id, bool success, int64_t views, int64_t cost, int64_t at) {
    model_.Apply(Distributed{.event_id = "e",
                             .at = at,
                             .channels = {{.channel = "SNS",
                                           .distribution_id = id,
                                           .success = success,
                                           .views = views,
                                           .cost = cost}}});
  }
  std::string Line() {
    std::map<std::string, std::string> lines;
    model_.AppendLines(lines);
    return lines.empty() ? "" : lines["e"];
  }

  static constexpr int64_t kHour = 3'600'000;
  Model model_{0};
};

TEST_F(ModelTest, TheFirstOfAParticipantCounts) {
  model_.Created("e");
  Register("a", "SNS", 0, 100);
  Register("a", "TV", kHour, 500);
  Register("b", "TV", kHour, 20);
  EXPECT_EQ(Line(),
            "{\"eventId\":\"e\",\"participants\":2,\"totalViews\":0,\"purchaseAmount\":120,"
            "\"distributionCost\":0,\"channels\":{\"SNS\":[1,0,100,0],\"TV\":[1,0,20,0]},"
            "\"hours\":[2,2,0,120],\"hoursWeighted\":[1,0,20]}\n");
  EXPECT_EQ(model_.participants(), 2u);
}

TEST_F(ModelTest, TheLastOfADistributionStandsAndMovesItsViews) {
  model_.Created("e");
  Distribute("d1", true, 70, 5, 0);
  Distribute("d2", true, 30, 5, 0);
  Distribute("d1", true, 80, 7, 2 * kHour);
  Distribute("d2", false, 30, 9, 0);
  EXPECT_EQ(Line(),
            "{\"eventId\":\"e\",\"participants\":0,\"totalViews\":80,\"purchaseAmount\":0,"
            "\"distributionCost\":16,\"channels\":{\"SNS\":[0,80,0,16]},"
            "\"hours\":[1,0,80,0],\"hoursWeighted\":[0,160,0]}\n");
}

TEST_F(ModelTest, EventsThatWereNotCreatedAreLeftOut) {
  Register("a", "SNS", 0, 0);
  EXPECT_EQ(Line(), "");
  EXPECT_EQ(model_.events(), 1u);
  model_.Created("e");
  EXPECT_NE(Line(), "");
}

}  // namespace
}  // namespace tally::bench
