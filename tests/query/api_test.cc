// The API as a client sees it: a real server on a free loopback port over a fake reader.
#include "query/http/api.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/query/api_fixture.h"

namespace tally::query::http {
namespace {

using ::tally::testing::HttpReply;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

TEST_F(ApiTest, EventDashboard) {
  const HttpReply reply = Get(kEvent);
  EXPECT_EQ(reply.status, 200);
  EXPECT_EQ(reply.Header("content-type"), "application/json");
  EXPECT_EQ(reply.Header("cache-control"), "private, no-cache");
  EXPECT_THAT(reply.Header("etag"), AllOf(StartsWith("\""), Not(HasSubstr("W/"))));
  EXPECT_NE(reply.Header("tally-position"), "");
  EXPECT_NE(reply.Header("date"), "");
  EXPECT_EQ(reply.headers.count("tally-catching-up"), 0u);
  EXPECT_THAT(reply.body, HasSubstr(R"({"totalCost":8000000,"expectedRevenue":15000000,)"
                                    R"("netProfit":7000000,"roi":87.50,)"));
}

TEST_F(ApiTest, UserDashboard) {
  const HttpReply reply = Get(kUser + "?size=1&page=1&sortBy=eventId");
  EXPECT_EQ(reply.status, 200);
  EXPECT_THAT(reply.body, HasSubstr(R"("totalViews":34000)"));
  EXPECT_THAT(reply.body, HasSubstr(R"("page":1,"size":1,"totalElements":2,"totalPages":2,)"
                                    R"("items":[{"eventId":"evt-2")"));
}

TEST_F(ApiTest, IdsAreDecodedPerSegment) {
  domain::Description description;
  description.user_id = "가게/1 +%";
  reader_.CreateEvent("a/b", description, 0);
  EXPECT_EQ(Get("/api/v1/events/a%2Fb/analytics").status, 200);
  EXPECT_EQ(Get("/api/v1/users/%EA%B0%80%EA%B2%8C%2F1%20+%25/analytics").status, 200);
  EXPECT_EQ(Get("/api/v1/events/a/b/analytics").status, 404);
}

TEST_F(ApiTest, PlusInAPeriodIsAnOffset) {
  const HttpReply reply = Get(kEvent +
                              "?startDate=2026-01-02T00:00:00+09:00"
                              "&endDate=2026-01-03T00:00:00%2B09:00&timezone=Europe/Berlin");
  EXPECT_EQ(reply.status, 200);
  EXPECT_THAT(reply.body, HasSubstr(R"("period":{"startDate":"2026-01-01T16:00:00+01:00",)"
                                    R"("endDate":"2026-01-02T16:00:00+01:00",)"
                                    R"("timezone":"Europe/Berlin"})"));
  EXPECT_THAT(reply.body, HasSubstr(R"("participants":48,)"));
  EXPECT_THAT(reply.body, HasSubstr(R"("lastUpdatedAt":"2026-11-22T13:05:11.482+01:00")"));
}

TEST_F(ApiTest, UnknownIds) {
  for (const char* target : {"/api/v1/events/nope/analytics", "/api/v1/users/nope/analytics"}) {
    reader_.catching_up = false;
    const HttpReply unknown = Get(target);
    EXPECT_EQ(unknown.status, 404) << target;
    EXPECT_EQ(unknown.Header("content-type"), "application/problem+json");
    EXPECT_THAT(unknown.body, HasSubstr(R"("code":"not_found")"));
    EXPECT_NE(unknown.Header("tally-position"), "");

    reader_.catching_up = true;
    const HttpReply later = Get(target);
    EXPECT_EQ(later.status, 503) << target;
    EXPECT_NE(later.Header("retry-after"), "");
    EXPECT_EQ(later.Header("tally-catching-up"), "true");
    EXPECT_THAT(later.body, HasSubstr("catching up"));
  }
}

TEST_F(ApiTest, AnEventWithoutDescriptionIsUnknown) {
  reader_.Register("early", "웹", 1, 0, 0);
  EXPECT_EQ(Get("/api/v1/events/early/analytics").status, 404);
}

TEST_F(ApiTest, AnswersWhileCatchingUpSaySo) {
  reader_.catching_up = true;
  for (const std::string& target : {kEvent, kUser}) {
    const HttpReply reply = Get(target);
    EXPECT_EQ(reply.status, 200);
    EXPECT_EQ(reply.Header("tally-catching-up"), "true");
  }
}

TEST_F(ApiTest, BadParametersOfAnEvent) {
  const BadRequest rows[] = {
      {"page=0", {"page"}},
      {"startdate=2026-01-01", {"startdate"}},
      {"channel=SNS", {"channel"}},
      {"=", {""}},
      {"startDate=2026-01-01", {"endDate"}},
      {"startDate=2026-01-01&startDate=2026-01-01&endDate=2026-01-02", {"startDate"}},
      {"startDate=&endDate=", {"startDate", "endDate"}},
      {"startDate=x&endDate=2026-01-01T09:01&timezone=Asia/Kolkata&foo=1&foo=2",
       {"foo", "timezone", "startDate", "endDate"}},
      {"timezone=UTC&timezone=UTC", {"timezone"}},
      {"timezone=Asia%2FSeoul%00", {"timezone"}},
      {"timezone=%zz", {"timezone"}},
      {"timezone=%C0%AF", {"timezone"}},
      {"endDate=2026-02-01&startDate=2026-02-01", {"endDate"}},
      {"startDate=1999-01-01&endDate=2026-02-01", {"startDate"}},
  };
  for (const BadRequest& row : rows) {
    const HttpReply reply = Get(kEvent + "?" + row.query);
    EXPECT_EQ(reply.status, 400) << row.query;
    EXPECT_EQ(reply.Header("content-type"), "application/problem+json");
    EXPECT_THAT(reply.body, HasSubstr(R"("code":"invalid_parameter")"));
    EXPECT_TRUE(Names(reply.body, row.parameters)) << row.query << " " << reply.body;
  }
  EXPECT_EQ(reader_.reads(), 0u);
}

TEST_F(ApiTest, BadParametersOfAUser) {
  const BadRequest rows[] = {
      {"page=-1", {"page"}},
      {"page=", {"page"}},
      {"page=1.5", {"page"}},
      {"page=99999999999999999999", {"page"}},
      {"size=0", {"size"}},
      {"size=101", {"size"}},
      {"size=abc", {"size"}},
      {"page=+1", {"page"}},
      {"page=1&page=2", {"page"}},
      {"sortBy=impressions", {"sortBy"}},
      {"sortBy=ROI", {"sortBy"}},
      {"order=descending", {"order"}},
      {"interval=daily", {"interval"}},
      {"size=0&page=x&sortBy=y&order=z", {"page", "size", "sortBy", "order"}},
  };
  for (const BadRequest& row : rows) {
    const HttpReply reply = Get(kUser + "?" + row.query);
    EXPECT_EQ(reply.status, 400) << row.query;
    EXPECT_TRUE(Names(reply.body, row.parameters)) << row.query << " " << reply.body;
  }
}

TEST_F(ApiTest, BadIds) {
  for (const std::string& id :
       {std::string("%00"), std::string("a%0A"), std::string("%FF"), std::string("%C0%AF"),
        std::string("%"), std::string("%4"), std::string("%ED%A0%80"), std::string(257, 'x')}) {
    const HttpReply reply = Get("/api/v1/events/" + id + "/analytics");
    EXPECT_EQ(reply.status, 400) << id;
    EXPECT_THAT(reply.body, HasSubstr(R"("parameter":"eventId")"));
    EXPECT_THAT(Get("/api/v1/users/" + id + "/analytics").body, HasSubstr(R"("userId")"));
  }
  EXPECT_EQ(Get("/api/v1/events/" + std::string(256, 'x') + "/analytics").status, 404);
}

TEST_F(ApiTest, NotModified) {
  for (const std::string& target : {kEvent, kUser}) {
    const HttpReply first = Get(target);
    const std::string tag = first.Header("etag");
    for (const std::string& header :
         {"If-None-Match: " + tag, "If-None-Match: W/" + tag, "If-None-Match: \"x\", " + tag,
          "If-None-Match: \"x\"\r\nIf-None-Match: " + tag, std::string("If-None-Match: *")}) {
      const HttpReply again = Get(target, header + "\r\n");
      EXPECT_EQ(again.status, 304) << header;
      EXPECT_EQ(again.Header("etag"), tag);
      EXPECT_EQ(again.Header("cache-control"), "private, no-cache");
      EXPECT_EQ(again.Header("tally-position"), first.Header("tally-position"));
      EXPECT_EQ(again.headers.count("content-type"), 0u);
    }
    EXPECT_EQ(Get(target, "If-None-Match: \"x\"\r\n").status, 200);
  }
  EXPECT_EQ(Get("/api/v1/events/nope/analytics", "If-None-Match: *\r\n").status, 404);
}

TEST_F(ApiTest, TagsChangeWithWhatIsShownOnly) {
  const std::string event = Get(kEvent).Header("etag");
  const std::string user = Get(kUser).Header("etag");
  EXPECT_NE(event, user);
  EXPECT_EQ(Get(kEvent + "?timezone=Asia/Seoul").Header("etag"), event);
  EXPECT_NE(Get(kEvent + "?timezone=Asia/Tokyo").Header("etag"), event);
  EXPECT_EQ(Get(kUser + "?order=desc&size=20&page=0&sortBy=participants").Header("etag"), user);
  EXPECT_NE(Get(kUser + "?order=asc").Header("etag"), user);
  EXPECT_NE(Get(kUser + "?size=2").Header("etag"), user);

  const std::string january = kEvent + "?startDate=2026-01-01&endDate=2026-02-01";
  const std::string limited = Get(january).Header("etag");
  EXPECT_EQ(Get(kEvent + "?startDate=2025-12-31T15:00Z&endDate=2026-02-01T00:00").Header("etag"),
            limited);

  // Another event of another user, the clock within its hour, a replay: nothing that is shown.
  reader_.Register("evt-3", "SNS", 1, 0, 0);
  now_ += absl::Minutes(49);
  reader_.catching_up = true;
  EXPECT_EQ(Get(kEvent).Header("etag"), event);
  EXPECT_EQ(Get(kUser).Header("etag"), user);

  // The next hour moves the days that participantsDelta compares, but no period.
  now_ += absl::Minutes(1);
  EXPECT_NE(Get(kEvent).Header("etag"), event);
  EXPECT_NE(Get(kUser).Header("etag"), user);
  EXPECT_EQ(Get(january).Header("etag"), limited);

  reader_.Register("evt-1", "SNS", 1, 0, 0);
  EXPECT_NE(Get(january).Header("etag"), limited);
  const std::string again = Get(january).Header("etag");
  Serve("1.1");
  EXPECT_NE(Get(january).Header("etag"), again);
}

TEST_F(ApiTest, PositionsRoundTrip) {
  const std::string token = Get(kEvent).Header("tally-position");
  const std::string all = Get(kUser).Header("tally-position");
  const std::string mine = std::to_string(reader_.PartitionFor("evt-1"));
  for (const std::string& min :
       {token, all, token + ", " + all, "sample.participant.registered/" + mine + "@100",
        std::string("sample.event.created/0@0")}) {
    EXPECT_EQ(Get(kEvent, "Tally-Min-Position: " + min + "\r\n").status, 200) << min;
    EXPECT_EQ(Get(kUser, "Tally-Min-Position: " + min + "\r\n").status, 200) << min;
  }
  const HttpReply two =
      Get(kEvent, "Tally-Min-Position: " + token + "\r\nTally-Min-Position: " + all + "\r\n");
  EXPECT_EQ(two.status, 200);
}

TEST_F(ApiTest, NeverOlderThanAsked) {
  const int32_t mine = reader_.PartitionFor("evt-1");
  const int64_t next = reader_.NextOffset(mine, domain::Topic::kParticipantRegistered);
  const std::string ahead = "Tally-Min-Position: sample.participant.registered/" +
                            std::to_string(mine) + "@" + std::to_string(next + 1) + "\r\n";
  for (const std::string& target : {kEvent, kUser}) {
    const HttpReply reply = Get(target, ahead);
    EXPECT_EQ(reply.status, 503);
    EXPECT_NE(reply.Header("retry-after"), "");
    EXPECT_EQ(reply.Header("tally-position"), Get(target).Header("tally-position"));
    EXPECT_THAT(reply.body, HasSubstr(R"("code":"position_not_reached")"));
    EXPECT_THAT(reply.body, HasSubstr(R"("position":")" + reply.Header("tally-position")));
  }
  // Another shard's offsets do not matter to an event.
  const std::string other = "Tally-Min-Position: sample.participant.registered/" +
                            std::to_string((mine + 1) % 12) + "@999999999\r\n";
  EXPECT_EQ(Get(kEvent, other).status, 200);
  EXPECT_EQ(Get(kUser, other).status, 503);
}

TEST_F(ApiTest, BadPositions) {
  const std::string token = Get(kEvent).Header("tally-position");
  for (const std::string& min :
       {std::string("garbage!"), token.substr(0, token.size() - 2), token + "A",
        std::string("sample.nope/0@0"), std::string("sample.event.created/12@0"),
        std::string("sample.event.created/-1@0"),
        std::string("sample.event.created/0@99999999999999999999")}) {
    const HttpReply reply = Get(kEvent, "Tally-Min-Position: " + min + "\r\n");
    EXPECT_EQ(reply.status, 400) << min;
    EXPECT_THAT(reply.body, HasSubstr(R"("parameter":"Tally-Min-Position")"));
  }
  reader_.log_identity = "cluster-2/sample.";
  const HttpReply foreign = Get(kEvent, "Tally-Min-Position: " + token + "\r\n");
  EXPECT_EQ(foreign.status, 400);
  EXPECT_THAT(foreign.body, HasSubstr("another cluster or topic prefix"));
}

TEST_F(ApiTest, BadPositionAndBadParametersTogether) {
  const HttpReply reply = Get(kUser + "?page=x", "Tally-Min-Position: y\r\n");
  EXPECT_EQ(reply.status, 400);
  EXPECT_THAT(reply.body, AllOf(HasSubstr(R"("parameter":"page")"),
                                HasSubstr(R"("parameter":"Tally-Min-Position")")));
}

TEST_F(ApiTest, APositionHeaderWithoutAPositionIsRefused) {
  for (const char* empty : {"", " ", ",", " , ,\t"}) {
    const HttpReply reply = Get(kEvent, "Tally-Min-Position:" + std::string(empty) + "\r\n");
    EXPECT_EQ(reply.status, 400) << "'" << empty << "'";
    EXPECT_TRUE(Names(reply.body, {"Tally-Min-Position"})) << reply.body;
  }
}

TEST_F(ApiTest, WhatCannotBeReadHidesNoOtherError) {
  const BadRequest rows[] = {
      {"size=%ff&page=x", {"size", "page"}},
      {"foo=%00&sortBy=y", {"foo", "sortBy"}},
      {"startDate=%zz&endDate=2026-02-01&order=z", {"startDate", "order"}},
      {"%ff=1&size=0", {"", "size"}},
  };
  for (const BadRequest& row : rows) {
    const HttpReply reply = Get(kUser + "?" + row.query, "Tally-Min-Position: y\r\n");
    EXPECT_EQ(reply.status, 400) << row.query;
    EXPECT_THAT(reply.body, HasSubstr(R"({"parameter":"Tally-Min-Position")"));
    size_t errors = 0;
    for (size_t at = 0; (at = reply.body.find("{\"parameter\"", at)) != std::string::npos; ++at) {
      ++errors;
    }
    EXPECT_EQ(errors, row.parameters.size() + 1) << reply.body;
    if (*row.parameters[0] == 0) continue;  // a name that cannot be shown as it is
    EXPECT_TRUE(Names(reply.body, row.parameters)) << reply.body;
  }
  const HttpReply path = Get("/api/v1/users/%00/analytics?page=x");
  EXPECT_TRUE(Names(path.body, {"userId", "page"})) << path.body;
}

TEST_F(ApiTest, BeforeTheLogIsKnownAPositionHasToWait) {
  const std::string token = Get(kEvent).Header("tally-position");
  reader_.partition_count = 0;
  reader_.failure = absl::UnavailableError("starting");
  EXPECT_EQ(Get(kEvent, "Tally-Min-Position: " + token + "\r\n").status, 503);
  EXPECT_EQ(Get(kEvent + "?x=1", "Tally-Min-Position: " + token + "\r\n").status, 400);
}

TEST_F(ApiTest, FailuresOfReading) {
  const struct {
    absl::Status failure;
    int status;
    const char* code;
  } rows[] = {
      {absl::UnavailableError("shard 3 is not open"), 503, "unavailable"},
      {absl::FailedPreconditionError("instance 1 owns it"), 421, "wrong_instance"},
      {absl::UnimplementedError("several instances"), 501, "not_implemented"},
      {absl::DataLossError("shard 3 is quarantined"), 503, "data_damaged"},
      {absl::InternalError("bug"), 500, "internal"},
  };
  for (const auto& row : rows) {
    reader_.failure = row.failure;
    for (const std::string& target : {kEvent, kUser}) {
      const HttpReply reply = Get(target);
      EXPECT_EQ(reply.status, row.status);
      EXPECT_EQ(reply.headers.count("retry-after") > 0, row.status == 503);
      EXPECT_THAT(reply.body, HasSubstr("\"code\":\"" + std::string(row.code) + "\""));
      EXPECT_THAT(reply.body, HasSubstr(std::string(row.failure.message())));
    }
  }
}

TEST_F(ApiTest, RoutesNotBuiltDoNotExist) {
  for (const char* target :
       {"/", "/api/v1/events", "/api/v1/events/evt-1", "/api/v1/events/evt-1/analytics/",
        "/api/v1/events/evt-1/analytics/nope", "/api/v1/events/evt-1/analytics/roi/",
        "/api/v1/events/evt-1/analytics/channels/SNS", "/api/v1/events/evt-1/analytics/Roi",
        "/api/v1/events//analytics/roi", "/api/v1/events/evt-1/timeline",
        "/api/v1/users/user-1/roi", "/api/v1/users/user-1/analytics/events",
        "/api/v1/users/analytics/timeline", "/api/v2/events/evt-1/analytics",
        "/api/v1/events//analytics", "/api/v1/events/evt-1/../evt-1/analytics",
        "/API/v1/events/evt-1/analytics"}) {
    const HttpReply reply = Get(target);
    EXPECT_EQ(reply.status, 404) << target;
    EXPECT_EQ(reply.Header("content-type"), "application/problem+json");
    EXPECT_THAT(reply.body, HasSubstr(R"("code":"unknown_route")"));
  }
}

TEST_F(ApiTest, Negotiation) {
  EXPECT_EQ(Get(kEvent, "Accept: application/json\r\n").status, 200);
  EXPECT_EQ(Get(kEvent, "Accept: text/html\r\nAccept: */*;q=0.1\r\n").status, 200);
  const HttpReply reply = Get(kEvent, "Accept: text/html\r\n");
  EXPECT_EQ(reply.status, 406);
  EXPECT_EQ(reply.Header("content-type"), "application/problem+json");
}

}  // namespace
}  // namespace tally::query::http
