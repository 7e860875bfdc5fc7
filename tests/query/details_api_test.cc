// channels, roi and timeline as a client sees them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "tests/query/api_fixture.h"

namespace tally::query::http {
namespace {

using ::tally::testing::HttpReply;
using ::tally::testing::UtcHour;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::StartsWith;

class DetailsApiTest : public ApiTest {
 protected:
  const std::vector<std::string> targets_ = {
      kEvent + "/channels", kEvent + "/roi", kEvent + "/timeline",
      kUser + "/channels",  kUser + "/roi",  kUser + "/timeline",
  };
};

TEST_F(DetailsApiTest, AnswersHaveTheHeadersOfEveryAnswer) {
  for (const std::string& target : targets_) {
    const HttpReply reply = Get(target);
    EXPECT_EQ(reply.status, 200) << target;
    EXPECT_EQ(reply.Header("content-type"), "application/json");
    EXPECT_EQ(reply.Header("cache-control"), "private, no-cache");
    EXPECT_NE(reply.Header("tally-position"), "");
    EXPECT_THAT(reply.body,
                StartsWith(target.substr(0, kEvent.size()) == kEvent ? R"({"eventId":"evt-1",)"
                                                                     : R"({"userId":"user-1",)"));
    EXPECT_THAT(reply.body, HasSubstr(R"("lastUpdatedAt":"2026-11-22T21:05:11.482+09:00"})"));
    const HttpReply again = Get(target, "If-None-Match: " + reply.Header("etag") + "\r\n");
    EXPECT_EQ(again.status, 304) << target;
    EXPECT_EQ(again.body, "");
    EXPECT_THAT(Get(target + "?timezone=UTC").body, HasSubstr("2026-11-22T12:05:11.482+00:00"));
  }
}

TEST_F(DetailsApiTest, UnknownIdsAndReplays) {
  for (const char* target : {"/api/v1/events/nope/analytics", "/api/v1/users/nope/analytics"}) {
    for (const char* view : {"/channels", "/roi", "/timeline"}) {
      reader_.catching_up = false;
      EXPECT_EQ(Get(std::string(target) + view).status, 404);
      reader_.catching_up = true;
      EXPECT_EQ(Get(std::string(target) + view).status, 503);
      EXPECT_EQ(Get(kEvent + view).Header("tally-catching-up"), "true");
    }
  }
}

TEST_F(DetailsApiTest, NeverOlderThanAsked) {
  const std::string position = Get(kUser + "/roi").Header("tally-position");
  const std::string ahead = "Tally-Min-Position: sample.participant.registered/" +
                            std::to_string(reader_.PartitionFor("evt-1")) + "@999999\r\n";
  for (const std::string& target : targets_) {
    EXPECT_EQ(Get(target, "Tally-Min-Position: " + position + "\r\n").status, 200);
    EXPECT_EQ(Get(target, ahead).status, 503);
    EXPECT_EQ(Get(target, "Tally-Min-Position: x\r\n").status, 400);
  }
}

TEST_F(DetailsApiTest, BadParametersOfAllThree) {
  const BadRequest rows[] = {
      {"foo=1&timezone=Asia/Kolkata", {"foo", "timezone"}},
      {"timezone=Asia/Seoul&timezone=Asia/Seoul", {"timezone"}},
      {"timezone=", {"timezone"}},
      {"page=0&size=1", {"page", "size"}},
  };
  for (const std::string& target : targets_) {
    for (const BadRequest& row : rows) {
      const HttpReply reply = Get(target + "?" + row.query);
      EXPECT_EQ(reply.status, 400) << target << row.query;
      EXPECT_TRUE(Names(reply.body, row.parameters)) << row.query << " " << reply.body;
    }
  }
  for (const char* view : {"/channels", "/roi", "/timeline"}) {
    EXPECT_TRUE(Names(Get("/api/v1/events/%FF/analytics" + std::string(view)).body, {"eventId"}));
    EXPECT_TRUE(Names(Get("/api/v1/users/%00/analytics" + std::string(view)).body, {"userId"}));
  }
  EXPECT_EQ(reader_.reads(), 0u);
}

TEST_F(DetailsApiTest, BadParametersOfChannels) {
  const std::string long_name(257, 'x');
  const BadRequest rows[] = {
      {"channel=", {"channel"}},
      {"channel=%00", {"channel"}},
      {"channel=a%0Ab", {"channel"}},
      {"channel=SNS&channel=%FF", {"channel"}},
      {"sortBy=roi", {"sortBy"}},
      {"sortBy=purchaseAmount", {"sortBy"}},
      {"sortBy=channel&sortBy=channel", {"sortBy"}},
      {"order=up", {"order"}},
      {"interval=daily", {"interval"}},
      {"startDate=2026-01-01", {"endDate"}},
      {"startDate=x&endDate=2026-01-01&channel=&channel=&sortBy=Name&order=DESC",
       {"startDate", "channel", "sortBy", "order"}},
  };
  for (const std::string& target : {kEvent, kUser}) {
    for (const BadRequest& row : rows) {
      const HttpReply reply = Get(target + "/channels?" + row.query);
      EXPECT_EQ(reply.status, 400) << row.query;
      EXPECT_TRUE(Names(reply.body, row.parameters)) << row.query << " " << reply.body;
    }
    EXPECT_EQ(Get(target + "/channels?channel=" + long_name).status, 400);
    EXPECT_EQ(Get(target + "/channels?channel=" + long_name.substr(1)).status, 200);
  }
  EXPECT_EQ(reader_.reads(), 2u);
}

TEST_F(DetailsApiTest, RoiTakesNoPeriod) {
  for (const std::string& target : {kEvent, kUser}) {
    const HttpReply reply = Get(target + "/roi?startDate=2026-01-01&endDate=2026-02-01");
    EXPECT_EQ(reply.status, 400);
    EXPECT_TRUE(Names(reply.body, {"startDate", "endDate"})) << reply.body;
    EXPECT_THAT(reply.body, AllOf(HasSubstr(R"("code":"invalid_parameter")"),
                                  HasSubstr(R"("value":"2026-01-01","allowed":"not to be given: )"
                                            R"(everything in this answer is lifetime")")));
    EXPECT_EQ(Get(target + "/roi?endDate=2026-02-01").status, 400);
    EXPECT_EQ(Get(target + "/roi?startDate=").status, 400);
    EXPECT_EQ(Get(target + "/roi?channel=SNS").status, 400);
  }
}

TEST_F(DetailsApiTest, BadParametersOfTheTimeline) {
  const BadRequest rows[] = {
      {"interval=yearly", {"interval"}},
      {"interval=", {"interval"}},
      {"interval=Daily", {"interval"}},
      {"interval=daily&interval=daily", {"interval"}},
      {"channel=", {"channel"}},
      {"sortBy=participants", {"sortBy"}},
      {"endDate=2026-01-01", {"startDate"}},
      {"startDate=2026-01-02&endDate=2026-01-01&interval=x&channel=%FF", {"channel"}},
      {"startDate=2026-01-02&endDate=2026-01-01&interval=x&channel=",
       {"endDate", "interval", "channel"}},
      // 10,001 hours; 27 years and a half of days.
      {"startDate=2026-01-01&endDate=2027-02-21T17:00&interval=hourly", {"interval"}},
      {"startDate=2026-01-01&endDate=2027-02-21T17:00&interval=hourly&channel=",
       {"interval", "channel"}},
      {"startDate=2026-01-01&endDate=2053-07-01", {"interval"}},
  };
  for (const std::string& target : {kEvent, kUser}) {
    for (const BadRequest& row : rows) {
      const HttpReply reply = Get(target + "/timeline?" + row.query);
      EXPECT_EQ(reply.status, 400) << row.query;
      EXPECT_TRUE(Names(reply.body, row.parameters)) << row.query << " " << reply.body;
    }
  }
  EXPECT_EQ(reader_.reads(), 0u);
  const HttpReply most =
      Get(kEvent + "/timeline?startDate=2026-01-01&endDate=2027-02-21T16:00&interval=hourly");
  EXPECT_EQ(most.status, 200);
  EXPECT_THAT(most.body, AllOf(HasSubstr(R"("truncated":false)"),
                               HasSubstr(R"({"timestamp":"2027-02-21T15:00:00+09:00",)"
                                         R"("participants":0,"views":0,"purchaseAmount":0,)"
                                         R"("cumulativeParticipants":100}],)")));
  EXPECT_EQ(
      Get(kEvent + "/timeline?startDate=2000-01-01&endDate=2100-01-01&interval=weekly").status,
      200);
}

// Only reading tells which time is shown; Pyongyang was at +08:30 from 2015-08 to 2018-05.
TEST_F(DetailsApiTest, ZonesThatWereHalfHoursAreRefusedForWhatIsShown) {
  domain::Description description;
  description.user_id = "u";
  reader_.CreateEvent("old", description, 0);
  reader_.Register("old", "a", UtcHour(2016, 1, 1, 0), 0, 0);
  for (const std::string& old :
       {std::string("/api/v1/events/old/analytics"), std::string("/api/v1/users/u/analytics")}) {
    const HttpReply reply = Get(old + "/timeline?timezone=Asia/Pyongyang");
    EXPECT_EQ(reply.status, 400);
    EXPECT_TRUE(Names(reply.body, {"timezone"})) << reply.body;
    EXPECT_EQ(Get(old + "/timeline").status, 200);
    EXPECT_EQ(Get(old + "/roi?timezone=Asia/Pyongyang").status, 200);
  }
  EXPECT_EQ(Get(kEvent + "/timeline?timezone=Asia/Pyongyang").status, 200);
}

// "한글" decomposed, as some keyboards and file systems send it.
TEST_F(DetailsApiTest, ChannelNamesAreNormalisedLikeThoseOfRecords) {
  reader_.Register("evt-3", "한글", UtcHour(2026, 1, 1, 0), 0, 0);
  const std::string nfd = "%E1%84%92%E1%85%A1%E1%86%AB%E1%84%80%E1%85%B3%E1%86%AF";
  const std::string nfc = "%ED%95%9C%EA%B8%80";
  const std::string event = "/api/v1/events/evt-3/analytics";
  for (const std::string& view : {event + "/channels", event + "/timeline"}) {
    const HttpReply reply = Get(view + "?channel=" + nfd);
    EXPECT_EQ(reply.status, 200);
    EXPECT_EQ(reply.body, Get(view + "?channel=" + nfc).body);
    EXPECT_THAT(reply.body, HasSubstr(R"("participants":1,)"));
    // The same set of channels is the same answer.
    EXPECT_EQ(Get(view + "?channel=SNS&channel=" + nfd).Header("etag"),
              Get(view + "?channel=" + nfc + "&channel=SNS&channel=SNS").Header("etag"));
    EXPECT_NE(reply.Header("etag"), Get(view).Header("etag"));
    EXPECT_NE(reply.Header("etag"), Get(view + "?channel=SNS").Header("etag"));
  }
  EXPECT_THAT(Get(event + "/channels?channel=sns").body, HasSubstr(R"("channels":[],)"));
}

TEST_F(DetailsApiTest, OrdersOfChannels) {
  const struct {
    const char *query, *first;
  } rows[] = {
      {"", "지니TV"},
      {"?order=asc", "SNS"},
      {"?sortBy=impressions&order=desc", "지니TV"},
      {"?sortBy=participants", "SNS"},
      {"?sortBy=conversionRate", "SNS"},
      {"?sortBy=distributionCost", "지니TV"},
      {"?sortBy=costPerAcquisition", "지니TV"},
      {"?sortBy=costPerAcquisition&order=asc", "SNS"},
      {"?sortBy=channel", "SNS"},
      {"?sortBy=channel&order=desc", "지니TV"},
      {"?channel=%EB%A7%81%EA%B3%A0%EB%B9%84%EC%A6%88", "링고비즈"},
  };
  for (const auto& row : rows) {
    EXPECT_THAT(Get(kEvent + "/channels" + row.query).body,
                HasSubstr(R"("channels":[{"channel":")" + std::string(row.first) + "\""))
        << row.query;
  }
}

TEST_F(DetailsApiTest, TagsChangeWithTheClockOnlyWhereTheAnswerDoes) {
  now_ = absl::FromCivil(absl::CivilSecond(2026, 1, 3, 22, 10, 0), absl::FixedTimeZone(9 * 3600));
  std::vector<std::string> clockless;
  for (const std::string& target : {kEvent, kUser}) {
    clockless.push_back(target + "/channels");
    clockless.push_back(target + "/roi");
    clockless.push_back(target + "/timeline?startDate=2026-01-01&endDate=2026-01-03");
    clockless.push_back(target + "/timeline?interval=monthly");
  }
  std::vector<std::string> tags;
  for (const std::string& target : clockless) tags.push_back(Get(target).Header("etag"));
  const std::string timeline = Get(kEvent + "/timeline").Header("etag");
  EXPECT_THAT(Get(kEvent + "/timeline").body, HasSubstr(R"("growthRate":65.52,)"));

  now_ += absl::Minutes(100);  // 23:50: no day ended
  EXPECT_EQ(Get(kEvent + "/timeline").Header("etag"), timeline);
  now_ += absl::Minutes(10);
  EXPECT_NE(Get(kEvent + "/timeline").Header("etag"), timeline);
  EXPECT_THAT(Get(kEvent + "/timeline").body, HasSubstr(R"("growthRate":-52.08,)"));
  for (size_t i = 0; i < clockless.size(); ++i) {
    EXPECT_EQ(Get(clockless[i]).Header("etag"), tags[i]) << clockless[i];
  }

  // What nobody sees here changes nothing; what changes the event, everything.
  reader_.Register("evt-3", "SNS", 1, 0, 0);
  for (size_t i = 0; i < clockless.size(); ++i) {
    EXPECT_EQ(Get(clockless[i]).Header("etag"), tags[i]) << clockless[i];
  }
  reader_.Register("evt-1", "SNS", UtcHour(2026, 1, 1, 0), 0, 0);
  for (size_t i = 0; i < clockless.size(); ++i) {
    EXPECT_NE(Get(clockless[i]).Header("etag"), tags[i]) << clockless[i];
  }
}

TEST_F(DetailsApiTest, TagsOfEveryViewDiffer) {
  std::set<std::string> tags = {Get(kEvent).Header("etag"), Get(kUser).Header("etag")};
  for (const std::string& target : targets_) tags.insert(Get(target).Header("etag"));
  for (const char* query :
       {"?interval=hourly", "?interval=weekly", "?interval=monthly", "?channel=SNS",
        "?timezone=UTC", "?startDate=2026-01-01&endDate=2026-01-04"}) {
    tags.insert(Get(kEvent + "/timeline" + query).Header("etag"));
  }
  for (const char* query : {"?sortBy=channel", "?order=asc", "?channel=SNS"}) {
    tags.insert(Get(kEvent + "/channels" + query).Header("etag"));
  }
  EXPECT_EQ(tags.size(), 17u);
  EXPECT_EQ(Get(kEvent + "/timeline?interval=daily").Header("etag"),
            Get(kEvent + "/timeline").Header("etag"));
}

}  // namespace
}  // namespace tally::query::http
